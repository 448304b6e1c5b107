# Writes down with a step's success what it was made from. In: what unless_same.sh has left.
relm_code=$?
if [ "$relm_code" -eq 0 ]; then relm_succeeded || exit; fi
# This code is relm's word for a step that was skipped.
if [ "$relm_code" -eq 91 ]; then printf 'it exited with 91\n' >&2; relm_code=1; fi
exit "$relm_code"
