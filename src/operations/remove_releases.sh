# Removes releases by name, except what is live, in use, or published by a link. Rename first, so that nothing half removed
# bears a name.
# In: base; arguments: names. Exits with 98, and says why in its last line, where one has to stay.
[ -e "$base/releases" ] || exit 90
cd -- "$base/releases" || exit
# What an earlier clean could not remove is no reason not to remove the rest.
for left in .trash-* .ahead-*; do if [ -e "$left" ]; then rm -rf -- "$left" 2>/dev/null; fi; done
[ $# -gt 0 ] || exit 90
used=$(in_use "$base/releases") || {
  printf '%s, so none is removed\n' "$(in_use_untold)" >&2
  exit 1
}
[ -z "$used" ] || used=$(printf '%s\n' "$used" | sort -u)
nl='
'
# Places that a release was published at, by a link that leads there still: "NAME PLACE" a line.
linked=
for place in ../.relm/publish/*/place; do
  if [ -f "$place" ] && IFS= read -r place <"$place" && [ -L "$place" ] && to=$(readlink "$place"); then
    case $to in "$base"/releases/*) to=${to#"$base/releases/"} linked="$linked$nl${to%%/*} $place" ;; esac
  fi
done
stays=
# stay NAME REASON
stay() { stays="$stays${stays:+, }$1 stays: $2"; }
for name in "$@"; do
  if [ -L "$name" ]; then printf '%s is a link, and stays\n' "$name" >&2; exit 1; fi
  # shellcheck disable=SC3013 # not of POSIX, but every shell of Linux has it, and it needs no process
  [ ../current -ef "$name" ]
  case $? in
    0) printf '%s is live, and stays\n' "$name" >&2; exit 1 ;;
    1) ;;
    *) printf 'whether %s is live cannot be told, so it stays\n' "$name" >&2; exit 1 ;;
  esac
  case $nl$used in *"$nl$name "*)
    pids=$(printf '%s\n' "$used" | sed -n "s/^$name //p" | tr '\n' ' ')
    case ${pids% } in *' '*) stay "$name" "processes ${pids% } run in it" ;; *) stay "$name" "process ${pids% } runs in it" ;; esac
    continue ;;
  esac
  case $linked in *"$nl$name "*) place=${linked#*"$nl$name "}; stay "$name" "${place%%"$nl"*} leads to it"; continue ;; esac
  if [ -e "$name" ]; then
    mv -T -- "$name" ".trash-$name" && rm -rf -- "../.relm/releases/$name" ".trash-$name" || exit
  else
    rm -rf -- "../.relm/releases/$name" || exit
  fi
  printf 'removed %s\n' "$name"
done
if [ -n "$stays" ]; then printf '%s\n' "$stays"; exit 98; fi
