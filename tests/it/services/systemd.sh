#!/bin/sh
# As systemctl with one unit: it starts the program and looks after it as far as the unit's file says. What ended too often it
# does not start again until it is told to forget that.
set -u
cd "$SITE" || exit
unit=$HOME/units/shop.service
runs() { [ -e pid ] && [ -n "$(tr '\000' ' ' <"/proc/$(cat pid)/cmdline" 2>/dev/null)" ]; }
begin() {
  printf x >>starts
  rm -f pid
  [ "$(wc -c <starts)" -le 4 ] || { printf 'Start request repeated too quickly.\n' >&2; return 1; }
  cd "$(sed -n 's/^WorkingDirectory=//p' "$unit")" || return
  sh ./serve >/dev/null 2>&1 &
  echo $! >"$SITE/pid"
  cd "$SITE" || exit
}
printf '%s\n' "$1" >>asked
case $1 in
  show)
    if [ -e pid ] && ! runs && grep -q '^Restart=always' "$unit"; then begin 2>/dev/null; fi
    if runs; then state=active pid=$(cat pid); elif [ -e starts ]; then state=failed pid=0; else state=inactive pid=0; fi
    [ ! -e stopped ] || [ "$state" = active ] || state=inactive
    printf 'ActiveState=%s\nMainPID=%s\nNRestarts=0\n' "$state" "$pid"
    ;;
  start) rm -f stopped; begin ;;
  stop) ! runs || kill "$(cat pid)"; rm -f pid; touch stopped ;;
  reset-failed) rm -f starts ;;
esac
