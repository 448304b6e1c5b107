# Behind what is asked whether a command has to run, whose exit code is $?: 0 skips it, and only 1 has it run. What an earlier
# attempt at the same release did is still to be taken back if this one fails. In: relm_step, relm_name and relm_ran.
relm_code=$?
case $relm_code in
  0)
    printf 'its unless says that it need not run\n'
    exit 91 ;;
  1) ;;
  *)
    printf 'unless exited %s, which is neither yes (0) nor no (1): %s was not run\n' "$relm_code" "$relm_step" >&2
    exit 1 ;;
esac
if [ -n "$relm_ran" ]; then
  mkdir -p -- "${relm_ran%/*}" && printf '%s\n' "$relm_name" >"$relm_ran.new" && mv -T -- "$relm_ran.new" "$relm_ran" || exit 1
fi
