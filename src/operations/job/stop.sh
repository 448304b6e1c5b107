# Ends a job with all it has started: by TERM, and after relm_patience seconds by KILL. Exits with 90 if it does not run.
# In: relm_jobs, relm_id, relm_patience, relm_by (who wants it).
relm_job=$relm_jobs/$relm_id
[ -d "$relm_job" ] || { printf 'there is no job %s here\n' "$relm_id" >&2; exit 1; }
relm_job_state "$relm_job"
case $relm_state in running*) ;; *) printf 'job %s is %s\n' "$relm_id" "$relm_state"; exit 90 ;; esac
relm_group=${relm_state#running }
relm_signal() { kill -s "$1" -- "-$relm_group" || kill -s "$1" "-$relm_group"; } 2>/dev/null
(umask 077 && printf '%s\n' "$relm_by" >"$relm_job/stopped") || exit
relm_signal TERM
relm_waited=0
while relm_signal 0; do
  if [ "$relm_waited" -ge "$relm_patience" ]; then relm_signal KILL; break; fi
  relm_waited=$((relm_waited + 1))
  sleep 1
done
# Whoever is killed writes nothing down.
[ -e "$relm_job/exit" ] || printf '137\n' >"$relm_job/exit"
printf 'job %s is stopped\n' "$relm_id"
