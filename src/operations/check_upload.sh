# Compares a release's tree with its manifest, which comes compressed on standard input.
# In: release, record.
LC_ALL=C; export LC_ALL
cd -- "$release" || exit
gzip -dc >"$record/manifest.new" || { printf 'the manifest arrived damaged\n' >&2; exit 1; }

# Files with plain names: sha256sum reads the list itself.
sed -n '/\\/!s/^f [0-7]* [0-9]* \([0-9a-f]*\) /\1  .\//p' "$record/manifest.new" >"$record/check" || exit
if [ -s "$record/check" ] && ! sha256sum -c "$record/check" >"$record/checked" 2>&1; then
  grep -v ': OK$' "$record/checked" | head -n 10 >&2
  printf 'these files are not what was sent\n' >&2
  exit 1
fi
rm -f -- "$record/check" "$record/checked"

# Names with a newline, a tab or a backslash stand escaped, and sha256sums differ in how they write those.
# printf undoes the escapes; the dot keeps a last newline, which a command substitution would take away.
plain() { value=$(printf '%b.' "$1") && value=${value%.}; }
wrong() { printf '%s: %s\n' "$1" "$2" >&2; exit 1; }
tab=$(printf '\t')
count=1
while IFS= read -r line; do
  count=$((count + 1))
  kind=${line%% *} rest=${line#* }
  mode=${rest%% *} rest=${rest#* }
  rest=${rest#* }
  hash=${rest%% *} path=${rest#* }
  case $kind in
    f)
      case $path in *\\*)
        plain "$path"; path=$value
        sum=$(sha256sum <"./$path") || exit
        [ "${sum%% *}" = "$hash" ] || wrong "$path" 'is not what was sent' ;;
      esac
      # A link to the same bytes would pass every other test, until what it points to changes.
      [ ! -L "./$path" ] || wrong "$path" 'is a link and not a file'
      case $mode in
        755) [ -x "./$path" ] || wrong "$path" 'has lost its executable bit' ;;
      esac ;;
    d)
      case $path in *\\*) plain "$path"; path=$value ;; esac
      if [ ! -d "./$path" ] || [ -L "./$path" ]; then wrong "$path" 'is not a directory'; fi ;;
    l)
      plain "${path#*"$tab"}"; target=$value
      plain "${path%%"$tab"*}"; path=$value
      found=$(readlink "./$path" && printf .) && found=${found%.}
      nl='
'
      [ "${found%"$nl"}" = "$target" ] || wrong "$path" "is not a link to $target" ;;
  esac
done <"$record/manifest.new" || exit
found=$(find . -print0 | tr -cd '\000' | wc -c)
[ "$found" -eq "$count" ] || { printf 'the release holds %d entries and should hold %d\n' "$found" "$count" >&2; exit 1; }
mv -- "$record/manifest.new" "$record/manifest"
