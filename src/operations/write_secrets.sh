# Writes secrets into a release, for their owner's eyes alone.
# In: release; arguments in pairs: path, content. Both are known to this shell only: printf is part of it.
cd -- "$release" || exit
while [ $# -gt 0 ]; do
  path=$1
  at=. rest=$path
  # The source may hold a link that leads out of the release, or into what other releases see.
  while :; do
    case $rest in */*) at=$at/${rest%%/*} rest=${rest#*/} ;; *) break ;; esac
    if [ -L "$at" ]; then
      printf '%s is a link in this release, so the secret file %s would not be inside the release\n' "${at#./}" "$path" >&2
      exit 1
    fi
    [ -d "$at" ] || mkdir -- "$at" || exit
  done
  if [ -d "./$path" ] && [ ! -L "./$path" ]; then
    printf '%s is a directory in this release, so no secret file can be written there\n' "$path" >&2
    exit 1
  fi
  new=$at/.relm-secret-$$
  # Also what was left when this was cut short.
  rm -f -- "$at"/.relm-secret-*
  if [ "$2" = '' ]; then printf 'there is no content for %s\n' "$path" >&2; exit 1; fi
  # Never readable by others, not for a moment, and under its name only when it is whole.
  (umask 077 && set -C && printf '%s' "$2" >"$new") && chmod 600 -- "$new" && mv -f -T -- "$new" "./$path" || {
    rm -f -- "$new"
    exit 1
  }
  shift 2
done
