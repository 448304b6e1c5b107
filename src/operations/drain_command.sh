# Takes a host out of its pool, or in, by a command of the app's own.
# In: relm_command, relm_out (not empty: out), relm_wait (seconds); RELM_SERVER and RELM_HOST.
( eval "$relm_command" ) </dev/null || exit 1
if [ -n "$relm_out" ]; then sleep "$relm_wait"; fi
