# Behind a command whose exit code is $?. In: relm_same (not empty: it has changed nothing).
relm_code=$?
case $relm_code in
  0) [ -z "$relm_same" ] || exit 90 ;;
  # These codes are relm's words for a command that changed nothing, and for one that was skipped.
  90 | 91) printf 'it exited with %s\n' "$relm_code" >&2; relm_code=1 ;;
esac
exit "$relm_code"
