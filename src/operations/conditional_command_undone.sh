# Behind what took a command back, whose exit code is $?. In: relm_ran.
relm_code=$?
if [ "$relm_code" -eq 0 ]; then rm -f -- "$relm_ran" || exit 1; fi
(exit "$relm_code")
