# What a transfer does on both hosts. In: relm_release, relm_path (in it).
cd -- "$relm_release" || exit
relm_nl='
'

# relm_is_own: says whether no link leads from the release to what stands at the path.
relm_is_own() {
  ! relm_way . "$relm_path/." || {
    printf '%s is a link in this release, and what it leads to is not of the release\n' "${relm_at#./}" >&2
    return 1
  }
}

# relm_entries: a line an entry at the path: what it is, its mode, its name; of files the content, of links the target. What
# modes directories come out with is the host's business. Names with a newline or a backslash stand apart: sha256sums differ
# in how they write those.
relm_entries() (
  LC_ALL=C; export LC_ALL
  odd=$(find "./$relm_path" ! -type d ! -type f ! -type l) || exit
  if [ -n "$odd" ]; then printf '%s is neither a file, a directory nor a link\n' "${odd#./}" >&2; exit 1; fi
  find "./$relm_path" -type d -exec stat -c 'd %n' {} + || exit
  find "./$relm_path" -type f -exec stat -c 'f %a %n' {} + || exit
  find "./$relm_path" -type f ! -path "*[$relm_nl\\\\]*" -exec sha256sum {} + || exit
  find "./$relm_path" -type f -path "*[$relm_nl\\\\]*" \
    -exec sh -c 'for file; do sum=$(sha256sum <"$file") && printf "%s  %s\n" "${sum%% *}" "$file" || exit; done' sh {} + || exit
  find "./$relm_path" -type l \
    -exec sh -c 'for link; do target=$(readlink -- "$link") && printf "l %s -> %s\n" "$link" "$target" || exit; done' sh {} + || exit
)

# relm_tell: a word for all of it, which is the same on every host that has the same.
relm_tell() {
  relm_all=$(relm_entries) && relm_all=$(printf '%s\n' "$relm_all" | LC_ALL=C sort | sha256sum) || return
  printf '%s\n' "${relm_all%% *}"
}
