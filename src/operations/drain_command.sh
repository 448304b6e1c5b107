# Takes a host out of its pool, or in, by a command of the app's own.
# In: relm_command, relm_out (not empty: out), relm_wait (seconds); RELM_SERVER and RELM_HOST.
# Not before `||`, where `set -e` would mean nothing to the command.
# shellcheck disable=SC3040 # asked for first
(
  (set -o pipefail) 2>/dev/null && set -o pipefail
  eval "$relm_command"
) </dev/null
[ "$?" -eq 0 ] || exit 1
if [ -n "$relm_out" ]; then sleep "$relm_wait"; fi
