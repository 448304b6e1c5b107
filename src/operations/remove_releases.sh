# Removes releases by name, except what is live or in use. Rename first, so that nothing half removed bears a name.
# In: base; arguments: names. Says "kept NAME PID" for each that a process runs in.
[ -e "$base/releases" ] || exit 90
cd -- "$base/releases" || exit
here=$(pwd -P) || exit
# What an earlier clean could not remove is no reason not to remove the rest.
for left in .trash-*; do if [ -e "$left" ]; then rm -rf -- "$left" 2>/dev/null; fi; done
[ $# -gt 0 ] || exit 90
used=$(in_use "$here")
nl='
'
for name in "$@"; do
  if [ -L "$name" ]; then printf '%s is a link, and stays\n' "$name" >&2; exit 1; fi
  case $(readlink ../current) in */"$name") printf '%s is live, and stays\n' "$name" >&2; exit 1 ;; esac
  case $nl$used in *"$nl$name "*)
    pid=${used#*"$name "}
    printf 'kept %s %s\n' "$name" "${pid%%"$nl"*}"
    continue ;;
  esac
  if [ -e "$name" ]; then
    mv -T -- "$name" ".trash-$name" && rm -rf -- "../.relm/releases/$name" && rm -rf -- ".trash-$name" || exit
  else
    rm -rf -- "../.relm/releases/$name" || exit
  fi
  printf 'removed %s\n' "$name"
done
