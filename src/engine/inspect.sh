# Says how a release's tree differs from what its steps made, and changes nothing. One fact a line; differences.rs reads
# them. In: relm_tree, relm_sealed (the record's directory), relm_manifest (the hash of the manifest, or nothing).
LC_ALL=C; export LC_ALL
tab=$(printf '\t')
[ -d "$relm_tree" ] || { printf '%s is not there\n' "$relm_tree" >&2; exit 1; }
cd -- "$relm_sealed" || exit
# The manifest is there when the code was checked, the listing when that was written down; before, nothing is trusted.
if [ ! -e manifest ] || [ ! -e listing ]; then printf 'unchecked\nend\n'; exit 0; fi
sum=$(sha256sum <manifest) || exit
if [ -n "$relm_manifest" ] && [ "${sum%% *}" != "$relm_manifest" ]; then printf 'damaged\nend\n'; exit 0; fi
cat listing >/dev/null && { [ ! -e seals ] || cat seals >/dev/null; } || exit

# What only one of both listings has; of each line the first word says which. Where there is anything, whose it was.
{ sed 's/^/was /' listing; relm_listing "$relm_tree" | sed 's/^/is /'; } | sort -k 2 | uniq -u -f 1
if [ -e seals ]; then sed "s/^/seal$tab/" seals; fi

# The code by its content, as when it was uploaded: files with plain names first, sha256sum reads the list itself.
cd -- "$relm_tree" || exit
other() { if [ -f "./$1" ] && [ ! -r "./$1" ]; then printf 'unread %s\n' "$2"; else printf 'edited %s\n' "$2"; fi; }
sed -n '/\\/!s/^f [0-7]* [0-9]* \([0-9a-f]*\) /\1  .\//p' "$relm_sealed/manifest" | sha256sum -c 2>/dev/null |
  sed -n 's/^\.\/\(.*\): FAILED\( open or read\)\{0,1\}$/\1/p' | while IFS= read -r path; do other "$path" "$path"; done
sed -n '/^f .*\\/p' "$relm_sealed/manifest" | while IFS= read -r line; do
  rest=${line#* } rest=${rest#* } rest=${rest#* }
  hash=${rest%% *} escaped=${rest#* }
  path=$(printf '%b.' "$escaped") && path=${path%.}
  sum=$(sha256sum 2>/dev/null <"./$path") || sum=
  [ "${sum%% *}" = "$hash" ] || other "$path" "$escaped"
done
printf 'end\n'
