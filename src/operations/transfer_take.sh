# Takes what another host has at a path of the release. In, besides: relm_told (its word for what it has), relm_record,
# relm_from (its name), relm_reads (not empty: it is read from standard input).
# Exits with 99 where it has to be sent.
relm_is_own || exit
if [ -z "$relm_reads" ]; then
  [ -e "./$relm_path" ] || exit 99
  relm_has=$(relm_tell) || exit
  if [ "$relm_has" = "$relm_told" ]; then exit 90; fi
  exit 99
fi
relm_cut=$relm_record/cut-$$
# Unpacked under a name that no code can have, and only what proves to be right is renamed.
rm -rf -- ./.relm && mkdir -- ./.relm || exit
EXTRACT_UNSAFE_SYMLINKS=1; export EXTRACT_UNSAFE_SYMLINKS
if ! { gzip -dc || printf 'cut\n' >"$relm_cut"; } | (cd ./.relm && tar xpf -) || [ -e "$relm_cut" ]; then
  rm -rf -- "$relm_cut" ./.relm
  printf 'what came cannot be unpacked: it was damaged or cut short, or there is no room for it\n' >&2
  exit 1
fi
relm_came=$(cd ./.relm && relm_tell) || exit
if [ "$relm_came" != "$relm_told" ]; then
  rm -rf -- ./.relm
  printf 'what came is not what %s told of: it was changed meanwhile, or damaged on the way\n' "$relm_from" >&2
  exit 1
fi
case $relm_path in */*) mkdir -p -- "./${relm_path%/*}" || exit ;; esac
if [ -e "./$relm_path" ]; then mv -T -- "./$relm_path" ./.relm/.relm || exit; fi
mv -T -- "./.relm/$relm_path" "./$relm_path" && rm -rf -- ./.relm
