# Switches maintenance on or off. Who switched it on stands in .relm/maintenance, and behind that `long`, if it is for a long
# time, and `begun`, until it is on.
# In: relm_yields (not empty: to who has switched it on by hand), relm_base, relm_on (not empty: on), relm_by (a release, or "hand"), relm_flag, relm_long_flag, relm_command, relm_line (for
# the history), relm_reason (not empty: it is told why); RELM_MAINTENANCE.
# shellcheck disable=SC3040 # asked for first
mkdir -p -- "$relm_base/.relm" && cd -- "$relm_base" || exit
relm_note=.relm/maintenance
relm_word=$relm_by relm_now=
if [ "$relm_by,$RELM_MAINTENANCE" = hand,long ]; then relm_word='hand long'; fi
if [ -e "$relm_note" ]; then read -r relm_now <"$relm_note"; fi
if [ -z "$relm_on" ]; then
  if [ -z "$relm_now" ] && [ "$relm_by" != hand ]; then exit 90; fi
  case $relm_now in
    hand*) [ "$relm_by" = hand ] || { printf 'somebody has switched it on by hand: it stays\n'; exit 91; } ;;
  esac
fi
if [ -n "$relm_on" ]; then
  case $relm_yields,$relm_now in yes,hand|yes,'hand long') exit 90 ;; esac
  case $relm_by,$relm_now in
    hand,*|*,"") ;;
    *,hand*) printf 'somebody has switched it on by hand already\n'; exit 91 ;;
  esac
  # Before the deed: what is in doubt is switched off again.
  [ "$relm_now" = "$relm_word" ] || printf '%s begun\n' "$relm_word" >"$relm_note" || exit
fi
if [ -n "$relm_command" ]; then
  # Not before `||`, where `set -e` would mean nothing to the command.
  (
    (set -o pipefail) 2>/dev/null && set -o pipefail
    eval "$relm_command"
  ) </dev/null
  relm_status=$?
  [ "$relm_status" -eq 0 ] || exit "$relm_status"
fi
# relm_there FILE: made, or taken away. An empty name is no file.
relm_there() {
  [ -n "$1" ] || return 0
  case $1 in */*) mkdir -p -- "${1%/*}" || return ;; esac
  : >"$1"
}
relm_away() { [ -z "$1" ] || rm -f -- "$1"; }
if [ -z "$relm_on" ]; then
  relm_away "$relm_flag" && relm_away "$relm_long_flag" && rm -f -- "$relm_note"
elif [ "$RELM_MAINTENANCE" = long ] && [ -n "$relm_long_flag" ]; then
  relm_there "$relm_long_flag" && relm_away "$relm_flag"
else
  relm_there "$relm_flag" && relm_away "$relm_long_flag"
fi || exit
# Once for each time that it changes: a run that goes on finds it on. What a person gives as the reason is never lost. Without
# a note it is on or off all the same.
case $relm_on,$relm_now in
  ,) ;;
  yes,"$relm_word") [ -z "$relm_reason" ] || relm_note_down "$relm_line" || : ;;
  *)
    # Moved in whole: on a full disk it must not pass for off.
    if [ -n "$relm_on" ] && printf '%s\n' "$relm_word" >"$relm_note.new"; then mv -f -- "$relm_note.new" "$relm_note"; fi
    relm_note_down "$relm_line" || : ;;
esac
