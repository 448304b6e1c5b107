# Asks relm_check until it says yes. Exits with 94 when `relm_max` seconds have passed in vain.
# In, in whole seconds: relm_every, relm_longest and relm_max; relm_factor.
# shellcheck disable=SC2181 # see below
relm_begin "$relm_max"
relm_pause=$relm_every
while :; do
  # Not in a condition, where `set -e` in the check would mean nothing.
  relm_check
  [ $? -ne 0 ] || exit 0
  relm_clock || exit 1
  relm_left=$((relm_end - relm_now))
  [ "$relm_left" -gt 0 ] || exit 94
  if [ "$relm_pause" -gt "$relm_left" ]; then relm_pause=$relm_left; fi
  sleep "$relm_pause"
  relm_pause=$((relm_pause * relm_factor))
  if [ "$relm_pause" -gt "$relm_longest" ]; then relm_pause=$relm_longest; fi
done
