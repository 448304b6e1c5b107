# Writes files into a release, and beside its record those that have their place outside of it: the switch takes them there.
# In: release, record, what (what such a file is called in messages); arguments in sixes: place (inside the release, or
# absolute, or from ~/), permissions, owner for chown, check (text for sh that looks at $RELM_FILE), content, and who takes it
# to its place if that is another user: then it becomes the owner's there, and what each is to be stands in outside@USER.owners.
# Places and contents are known to this shell only: printf is part of it.
kept=$record/outside

# give OWNER FILE: never what a link leads to.
give() {
  [ -n "$1" ] || return 0
  said=$(chown -h -- "$1" "$2" 2>&1) && return
  printf '%s\n%s may not give %s to %s: only root gives files away, and to a group whoever is in it\n' \
    "$said" "$(id -un)" "$path" "$1" >&2
  return 1
}

[ "$what" != template ] || rm -rf -- "$kept" "$kept"@* || exit
while [ $# -gt 0 ]; do
  path=$1 keeps=$kept${6:+@$6}
  case $path in
    /*) within=$keeps/root rest=${path#/} ;;
    "~"/*) within=$keeps/home rest=${path#??} ;;
    *) within=$release rest=$path ;;
  esac
  if [ "$within" != "$release" ]; then (umask 077 && mkdir -p -- "$within") || exit; fi
  at=$within
  # The source may hold a link that leads out of the release, or into what other releases see.
  while :; do
    case $rest in */*) at=$at/${rest%%/*} rest=${rest#*/} ;; *) break ;; esac
    if [ -L "$at" ]; then
      printf '%s is a link in this release, so the %s %s would not be inside the release\n' "${at#"$release"/}" "$what" "$path" >&2
      exit 1
    fi
    [ -d "$at" ] || mkdir -- "$at" || exit
  done
  if [ -d "$at/$rest" ] && [ ! -L "$at/$rest" ]; then
    printf '%s is a directory in this release, so no %s can be written there\n' "$path" "$what" >&2
    exit 1
  fi
  # Another user who looks at it knows the name beforehand.
  new=$at/.relm-new-${6:-$$} owner=$3
  if [ -n "$6" ]; then
    printf '%s root%s\n' "${owner:--}" "$path" >>"$keeps.owners" || exit
    owner=
  fi
  # Also what was left when this was cut short.
  rm -f -- "$at"/.relm-new-*
  # Never readable by others, not for a moment, and under its name only when it is whole.
  (umask 077 && set -C && printf '%s' "$5" >"$new") && give "$owner" "$new" && chmod -- "$2" "$new" || {
    rm -f -- "$new"
    exit 1
  }
  if [ -n "$4" ]; then
    (
      cd -- "$release" || exit
      RELM_FILE=$new; export RELM_FILE
      eval "$4"
    ) </dev/null
    status=$?
    if [ "$status" -ne 0 ]; then
      rm -f -- "$new"
      printf 'the check of %s failed (exit code %s), and the file was put nowhere\n' "$path" "$status" >&2
      exit 1
    fi
  fi
  mv -f -T -- "$new" "$at/$rest" || exit
  shift 6
done
