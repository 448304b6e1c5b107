# Copies paths of the live release into a new one.
# In: release, from (the live one); arguments: paths.
cd -- "$release" || exit
# through_link DIR PATH: says whether a part of the way from DIR to PATH is a link.
through_link() {
  way=$1 rest=$2
  while :; do
    case $rest in */*) way=$way/${rest%%/*} rest=${rest#*/} ;; *) return 1 ;; esac
    [ ! -L "$way" ] || return 0
  done
}
reflink=
if cp --help 2>&1 | grep -q reflink; then reflink=--reflink=auto; fi
for path in "$@"; do
  if through_link . "$path"; then
    printf '%s cannot be copied: %s is a link in the code, and relm changes nothing behind it\n' "$path" "${way#./}" >&2
    exit 1
  fi
  if [ -e "./$path" ] || [ -L "./$path" ]; then printf '%s: the code has its own\n' "$path"; continue; fi
  if through_link "$from" "$path"; then printf '%s: behind a link in the live release, so it is not copied\n' "$path"; continue; fi
  if [ ! -e "$from/$path" ] && [ ! -L "$from/$path" ]; then printf '%s: not in the live release\n' "$path"; continue; fi
  case $path in */*) mkdir -p -- "./${path%/*}" || exit ;; esac
  rm -rf -- ./.relm && cp -a $reflink -- "$from/$path" ./.relm && mv -T -- ./.relm "./$path" || exit
done
