# Runs a command until it succeeds, at most `relm_times` times. Exits as the last attempt did.
# In: relm_directory, relm_command, relm_times, relm_factor, and in whole seconds relm_every and relm_longest; relm_outside
# (not empty: there may be no directory yet).
# shellcheck disable=SC3040 # asked for first
cd -- "$relm_directory" || [ -n "$relm_outside" ] || exit
relm_attempt=1 relm_pause=$relm_every
while :; do
  # Apart and not in a condition, as a check of a wait is.
  (
    (set -o pipefail) 2>/dev/null && set -o pipefail
    eval "$relm_command"
  ) </dev/null
  relm_code=$?
  [ "$relm_code" -ne 0 ] || exit 0
  if [ "$relm_attempt" -ge "$relm_times" ]; then
    printf 'attempt %s of %s failed (exit code %s)\n' "$relm_attempt" "$relm_times" "$relm_code" >&2
    exit "$relm_code"
  fi
  printf 'attempt %s of %s failed (exit code %s); trying again in %ss\n' \
    "$relm_attempt" "$relm_times" "$relm_code" "$relm_pause" >&2
  sleep "$relm_pause"
  relm_attempt=$((relm_attempt + 1)) relm_pause=$((relm_pause * relm_factor))
  if [ "$relm_pause" -gt "$relm_longest" ]; then relm_pause=$relm_longest; fi
done
