# Points `current` to a release, or takes it away when `target` is empty.
# In: base, target and expected (releases/NAME or nothing), record (of the target), left (record of a release that
# turned out bad, or nothing), put_back and abandoned (not empty, and the record of the release that is left), run, at, intent and result (lines for the history).
cd -- "$base" || exit
flush() { sync "$@" 2>/dev/null || sync; }
# become RECORD STATE: flushed before it is renamed, so that a power cut leaves no empty state.
become() {
  printf '%s %s\n' "$2" "$at" >"$1/state.new" && flush "$1/state.new" && mv -f -- "$1/state.new" "$1/state" && flush "$1"
}
noted=
note() {
  # After a power cut the last line may lack its end; this one must not become part of it.
  if [ -z "$noted" ] && ! relm_is_whole .relm/history.jsonl; then
    printf '\n' >>.relm/history.jsonl || return
  fi
  # Once is enough, unless this line itself comes out torn.
  noted=
  printf '%s\n' "$1" >>.relm/history.jsonl && noted=yes
}
note_flushed() { note "$1" && flush .relm/history.jsonl .relm; }
# must COMMAND: writes something down, or ends the script. Putting back only tells that it could not: it has to get through
# on a disk without room for a line of text.
must() {
  "$@" && return
  [ -n "$put_back" ] || exit 1
  # Kept back for such a day when the lock was given back.
  if [ -e .relm/lock/reserve ] && rm -f -- .relm/lock/reserve && "$@"; then return; fi
  printf 'this could not be written down; putting back goes on\n' >&2
  return 1
}
# By half, it would count as live though it never was.
live_mark() { printf '%s\n' "$run" >"$record/lived" || { rm -f -- "$record/lived"; return 1; }; }
relm_live_link || exit
if [ "$now" = "$target" ]; then
  # Whoever pointed it there may have been killed before that was on the disk, or before it was written down.
  flush .
  to=null
  [ -z "$target" ] || to="\"${target#releases/}\""
  last=$(grep -av '"stage":"note"' .relm/history.jsonl 2>/dev/null | tail -n 1)
  case $last in *'"stage":"intent"'*"\"to\":$to,"*'}')
    # Its own words and not this run's: it was that run which left what was live before.
    must note_flushed "$(printf '%s\n' "$last" | sed 's/"stage":"intent"/"stage":"done"/')" ;;
  esac
  relm_tell_file again
  exit 90
fi
if [ "$now" != "$expected" ]; then
  printf 'current points to "%s" and not to "%s" any more: somebody else has changed it\n' "$now" "$expected" >&2
  exit 1
fi
if [ -n "$target" ] && [ ! -d "$target" ]; then
  printf '%s/%s is not there\n' "$base" "$target" >&2
  exit 1
fi
must note "$intent"
set -- .relm/history.jsonl .relm
# Before the rename: a release that is live and whose switch is in doubt is mended by a resume; one that is not live must
# not keep the steps of a switch that is over.
if [ -d ".relm/$now" ] && [ -n "$now" ]; then
  # With neither the line nor the room for it: without a journal a resume does everything again, and skips no restart.
  relm_record=.relm/$now; must relm_journal left || rm -f -- "$relm_record/steps"
  if [ -e "$relm_record/steps" ]; then set -- "$@" "$relm_record/steps"; fi
  set -- "$@" "$relm_record"
fi
must flush "$@"
if [ -n "$target" ]; then
  if [ -z "$put_back" ] && [ -e "$record/finished" ]; then rm -f -- "$record/finished"; flush "$record"; fi
  first=
  set -- .
  if [ ! -e "$record/lived" ]; then first=yes; must live_mark && set -- "$record/lived" "$record" .; fi
  # A name of its own: a link left by a killed flip must never be moved in place of this one. `mv -T` renames over
  # `current`; without -T it would move the link into the directory `current` points to.
  link=.current-$$-${target#releases/}
  if [ -L "$link" ]; then rm -f -- "$link"; fi
  ln -s -- "$target" "$link" && flush "$@" && mv -f -T -- "$link" current || {
    rm -f -- "$link"
    [ -z "$first" ] || rm -f -- "$record/lived"
    exit 1
  }
  flush .
  # shellcheck disable=SC3013 # as above
  [ -L current ] && [ current -ef "$target" ] || { printf 'current does not read back as %s\n' "$target" >&2; exit 1; }
else
  rm -f -- current || exit
  flush .
fi
must note_flushed "$result"
# A release whose first switch was put back has not lived: it must not count as a good one.
if [ -n "$put_back" ] && [ "$(cat "$abandoned/lived" 2>/dev/null)" = "$run" ]; then rm -f -- "$abandoned/lived"; fi
if [ -n "$target" ]; then
  # Chosen by name although it was bad once: it is not any more.
  word=
  { read -r word _ <"$record/state"; } 2>/dev/null
  case $word in bad) must become "$record" complete ;; esac
fi
if [ -n "$left" ] && [ -d "$left" ]; then
  become "$left" bad || exit
fi
relm_tell_file "" || exit 98
