# Copies paths of the live release into a new one.
# In: release, from (the live one); arguments: paths.
cd -- "$release" || exit
reflink=
if cp --help 2>&1 | grep -q reflink; then reflink=--reflink=auto; fi
for path in "$@"; do
  if relm_way . "$path"; then
    printf '%s cannot be copied: %s is a link in the code, and relm changes nothing behind it\n' "$path" "${relm_at#./}" >&2
    exit 1
  fi
  if [ -e "./$path" ] || [ -L "./$path" ]; then printf '%s: the code has its own\n' "$path"; continue; fi
  if relm_way "$from" "$path"; then printf '%s: behind a link in the live release, so it is not copied\n' "$path"; continue; fi
  if [ ! -e "$from/$path" ] && [ ! -L "$from/$path" ]; then printf '%s: not in the live release\n' "$path"; continue; fi
  case $path in */*) mkdir -p -- "./${path%/*}" || exit ;; esac
  rm -rf -- ./.relm && cp -a $reflink -- "$from/$path" ./.relm && mv -T -- ./.relm "./$path" || exit
done
