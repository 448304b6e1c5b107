# Says "STATE CODE-OR-PID ID ABOUT" a line for each job, oldest first. In: relm_jobs.
for relm_one in "$relm_jobs"/*; do
  relm_about=
  { read -r relm_about <"$relm_one/about"; } 2>/dev/null || continue
  relm_job_state "$relm_one"
  case $relm_state in
    gone) relm_state='gone -' ;;
    ended*) if [ -e "$relm_one/stopped" ]; then relm_state="stopped ${relm_state#ended }"; fi ;;
  esac
  printf '%s %s %s\n' "$relm_state" "${relm_one##*/}" "$relm_about"
done
