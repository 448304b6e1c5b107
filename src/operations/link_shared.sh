# Links shared files and directories into a release.
# In: release, shared, host; arguments in threes: dir|file, path, target of the link.
cd -- "$release" || exit
# through_link PATH: says whether a part of the way to PATH is a link of the code's. What it leads to is not the release.
through_link() {
  way=. rest=$1
  while :; do
    case $rest in */*) way=$way/${rest%%/*} rest=${rest#*/} ;; *) return 1 ;; esac
    [ ! -L "$way" ] || return 0
  done
}
missing=
while [ $# -gt 0 ]; do
  kind=$1 path=$2 target=$3
  shift 3
  parent=.
  case $path in */*) parent=${path%/*} ;; esac
  if through_link "$path"; then
    printf '%s cannot be shared: %s is a link in the code, and relm changes nothing behind it\n' "$path" "${way#./}" >&2
    exit 1
  fi
  mkdir -p -- "./$parent" || exit
  if [ "$kind" = dir ]; then
    if [ ! -e "$shared/$path" ]; then
      mkdir -p -- "$shared/$parent" || exit
      if [ -d "./$path" ] && [ ! -L "./$path" ]; then
        # The first deploy: what the code ships there is where the directory's life begins.
        # Renamed when it is whole: half a copy must not pass for the shared directory when the step is run again.
        new=$shared/.relm-${release##*/}
        rm -rf -- "$new" && cp -Rp -- "./$path" "$new" && mv -T -- "$new" "$shared/$path" || exit
      else
        mkdir -- "$shared/$path" || exit
      fi
    fi
    if [ ! -d "$shared/$path" ]; then
      printf '%s/%s is not a directory\n' "$shared" "$path" >&2
      exit 1
    fi
  elif [ ! -f "$shared/$path" ]; then
    missing=yes
    printf 'the shared file %s is missing on %s: put it at %s/%s\n' "$path" "$host" "$shared" "$path" >&2
    continue
  fi
  rm -rf -- "./$path" && ln -s -- "$target" "./$path" || exit
done
[ -z "$missing" ]
