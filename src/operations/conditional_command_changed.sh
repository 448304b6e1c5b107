# Runs relm_run and looks for a line of what it prints; whatever cannot be told has changed something. Ends with its exit code
# and relm_same, which is not empty if it has changed nothing. In: relm_run, relm_pattern.
# What it prints is on its way as before, and stands in no file meanwhile.
{
  relm_told=$(
    {
      {
        { relm_run 3>&- 4>&- 5>&-; printf '%s ' "$?" >&5; } | tee /proc/self/fd/4 >&3
        printf '%s ' "$?" >&5
      } 4>&1 | LC_ALL=C grep -a -E -c -e "$relm_pattern"
    } 5>&1
  )
} 3>&1
# shellcheck disable=SC2086 # words are wanted
set -- $relm_told
if [ "$*" = '0 0 0' ]; then relm_same=yes; fi
(exit "${1:-1}")
