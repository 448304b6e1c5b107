# Another release's command, or one of a run that is over, is nothing to be taken back any more. In: relm_name (the release's, or
# nothing), relm_goes_on (not empty: a run that was killed is gone on with), relm_ran (a file with the release in which the command
# was begun and not taken back; nothing if there is no way back).
if [ -n "$relm_ran" ] && [ -e "$relm_ran" ]; then
  { read -r relm_in <"$relm_ran"; } 2>/dev/null
  [ -n "$relm_goes_on" ] && [ "$relm_in" = "$relm_name" ] || rm -f -- "$relm_ran" || exit 1
fi
