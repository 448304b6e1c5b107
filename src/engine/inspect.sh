# Compares the code of a release with the manifest it was checked by. One line a difference: what, a tab, the path.
# What other steps added is not looked at, and neither is what was replaced by a link to shared/.
# In: release, record, tree (the hash of the manifest).
LC_ALL=C; export LC_ALL
tab=$(printf '\t')
differs() { printf '%s\t%s\n' "$2" "$1"; }
cd -- "$release" || exit
sum=$(sha256sum <"$record/manifest") || { differs . 'its manifest cannot be read'; exit 0; }
if [ "${sum%% *}" != "$tree" ]; then differs . 'its manifest is not the one that was sent'; exit 0; fi
# shared PATH: it, or a directory above it, is a link into shared/.
shared() {
  part=$1
  while :; do
    case $(readlink "./$part") in ../*shared/*) return 0 ;; esac
    case $part in */*) part=${part%/*} ;; *) return 1 ;; esac
  done
}
wrong() { shared "$1" || differs "$1" "$2"; }
plain() { value=$(printf '%b.' "$1") && value=${value%.}; }

sed -n '/\\/!s/^f [0-7]* [0-9]* \([0-9a-f]*\) /\1  .\//p' "$record/manifest" | sha256sum -c 2>/dev/null |
  sed -n 's/^\.\/\(.*\): FAILED.*/\1/p' |
  while IFS= read -r path; do
    if [ -e "./$path" ]; then wrong "$path" 'is not what was uploaded'; else wrong "$path" 'is gone'; fi
  done

while IFS= read -r line; do
  kind=${line%% *} rest=${line#* }
  mode=${rest%% *} rest=${rest#* }
  rest=${rest#* }
  hash=${rest%% *} path=${rest#* }
  case $kind in
    f)
      case $path in *\\*)
        plain "$path"; path=$value
        sum=$(sha256sum <"./$path" 2>/dev/null)
        [ "${sum%% *}" = "$hash" ] || wrong "$path" 'is not what was uploaded' ;;
      esac
      if [ -L "./$path" ]; then wrong "$path" 'is a link now'
      elif [ "$mode" = 755 ] && [ -e "./$path" ] && [ ! -x "./$path" ]; then wrong "$path" 'has lost its executable bit'; fi ;;
    d)
      case $path in *\\*) plain "$path"; path=$value ;; esac
      if [ ! -d "./$path" ] || [ -L "./$path" ]; then wrong "$path" 'is no directory any more'; fi ;;
    l)
      plain "${path#*"$tab"}"; target=$value
      plain "${path%%"$tab"*}"; path=$value
      found=$(readlink "./$path" && printf .) && found=${found%.}
      nl='
'
      [ "${found%"$nl"}" = "$target" ] || wrong "$path" 'points elsewhere' ;;
  esac
done <"$record/manifest"
