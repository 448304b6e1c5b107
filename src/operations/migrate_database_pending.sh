# Behind a command that tells what is pending, whose output is in relm_found and whose exit code is $?. Goes on unless it
# is sure that nothing is.
# In: relm_base, relm_name (the release's, or nothing), relm_step.
relm_code=$?
if [ -n "$relm_found" ]; then printf '%s\n' "$relm_found"; fi
if [ "$relm_code" -ne 0 ]; then
  printf 'what is pending cannot be told (exit code %s), so it is taken that something is\n' "$relm_code"
  relm_found=
elif [ -z "$relm_found" ]; then
  printf 'nothing is pending\n'
  exit 91
fi
