# Skips a step whose inputs are those of an earlier release in which it succeeded, and copies what it made there.
# In: relm_release, relm_releases (directories), relm_records, relm_name (the release's), relm_step, relm_identity (what
# else must be the same), relm_inputs (how many); arguments: patterns of inputs, then paths of outputs. Leaves relm_key:
# empty if it cannot be told whether anything is the same.
cd -- "$relm_release" || exit
relm_same=$relm_records/$relm_name/same/$relm_step
# What stands there is of an earlier attempt.
rm -f -- "$relm_same" || exit

# relm_below PATTERN OUTPUT..: what stands below a pattern, without the outputs: content, links and what can be run.
relm_below() (
  pattern=$1
  shift
  for output in "$@"; do
    shift
    set -- "$@" -path "./$output" -prune -o
  done
  find . "$@" \( -path "$pattern" -o -path "$pattern/*" \) -type f -exec sha256sum {} + || exit
  find . "$@" \( -path "$pattern" -o -path "$pattern/*" \) -type f -perm -100 -exec printf '%s runs\n' {} + || exit
  find . "$@" \( -path "$pattern" -o -path "$pattern/*" \) -type l \
    -exec sh -c 'for link; do printf "%s -> %s\n" "$link" "$(readlink -- "$link")" || exit; done' sh {} + || exit
)

relm_key=$relm_identity
while [ "$relm_inputs" -gt 0 ]; do
  relm_pattern=$1 relm_inputs=$((relm_inputs - 1))
  shift
  relm_patterns="${relm_patterns:-}$relm_pattern
"
done
while IFS= read -r relm_pattern; do
  [ -n "$relm_pattern" ] || continue
  if ! relm_found=$(relm_below "$relm_pattern" "$@") || [ -z "$relm_found" ]; then
    printf 'inputs: nothing stands at %s, so nothing can be said to be the same\n' "${relm_pattern#./}" >&2
    relm_key=
    break
  fi
  relm_found=$(printf '%s\n' "$relm_found" | LC_ALL=C sort | sha256sum) && relm_key="$relm_key ${relm_found%% *}"
done <<END
$relm_patterns
END
[ -z "$relm_key" ] || { relm_key=$(printf '%s\n' "$relm_key" | sha256sum) && relm_key=${relm_key%% *}; }

# What the code brings itself, or an earlier attempt has left, is for the command to deal with.
for relm_path in "$@"; do
  if [ -e "./$relm_path" ] || [ -L "./$relm_path" ] || relm_way . "$relm_path"; then relm_stands=$relm_path; fi
done

# relm_has_all DIR OUTPUT..
relm_has_all() {
  relm_dir=$1
  shift
  for relm_path in "$@"; do
    [ -e "$relm_dir/$relm_path" ] || [ -L "$relm_dir/$relm_path" ] || return
    if relm_way "$relm_dir" "$relm_path"; then return 1; fi
  done
}

relm_from=
if [ -n "$relm_key" ] && [ -z "${relm_stands:-}" ]; then
  for relm_other in "$relm_records"/*/same/"$relm_step"; do
    [ -f "$relm_other" ] && [ "$(cat -- "$relm_other")" = "$relm_key" ] || continue
    relm_other=${relm_other%/same/*} relm_other=${relm_other##*/}
    if [ "$relm_other" != "$relm_name" ] && [ -d "$relm_releases/$relm_other" ] &&
      relm_has_all "$relm_releases/$relm_other" "$@"; then relm_from=$relm_other; fi
  done
fi

relm_succeeded() {
  [ -n "$relm_key" ] || return 0
  mkdir -p -- "${relm_same%/*}" && printf '%s\n' "$relm_key" >"$relm_same.new" && mv -T -- "$relm_same.new" "$relm_same"
}

if [ -n "$relm_from" ]; then
  relm_reflink=
  if cp --help 2>&1 | grep -q reflink; then relm_reflink=--reflink=auto; fi
  for relm_path in "$@"; do
    case $relm_path in */*) mkdir -p -- "./${relm_path%/*}" || exit ;; esac
    rm -rf -- ./.relm && cp -a $relm_reflink -- "$relm_releases/$relm_from/$relm_path" ./.relm &&
      mv -T -- ./.relm "./$relm_path" || exit
  done
  relm_succeeded || exit
  printf 'its inputs are those of %s\n' "$relm_from"
  exit 91
fi
