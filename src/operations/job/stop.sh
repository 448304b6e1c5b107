# Ends a job with all it has started: by TERM, and after relm_patience seconds by KILL. Exits with 90 if it does not run.
# In: relm_jobs, relm_id, relm_patience, relm_by (who wants it).
umask 077
relm_job=$relm_jobs/$relm_id
[ -d "$relm_job" ] || { printf 'there is no job %s here\n' "$relm_id" >&2; exit 1; }
relm_job_state "$relm_job"
case $relm_state in running*) ;; *) printf 'job %s is %s\n' "$relm_id" "$relm_state"; exit 90 ;; esac
relm_leader=${relm_state#running }

# relm_signal SIGNAL [ALL-BUT]: signals every process of the session; 0 is no signal. Fails if there is none.
relm_signal() {
  relm_which=$1 relm_but=${2-}
  # shellcheck disable=SC2046 # words are wanted
  set -- $(relm_members "$relm_leader")
  [ $# -gt 0 ] || return 1
  [ "$relm_which" != 0 ] || return 0
  for relm_process in "$@"; do
    [ "$relm_process" = "$relm_but" ] || kill -s "$relm_which" "$relm_process" 2>/dev/null
  done
  # One that has ended meanwhile is no failure.
  return 0
}

# relm_until SECONDS TEST...: waits until that is so.
relm_until() {
  relm_waited=0 relm_longest=$1
  shift
  until "$@"; do
    [ "$relm_waited" -lt "$relm_longest" ] || return 1
    relm_waited=$((relm_waited + 1))
    sleep 1
  done
}
relm_is_over() { ! relm_signal 0; }

printf '%s\n' "$relm_by" >"$relm_job/stopped.new" || exit
if ! relm_signal TERM; then
  rm -f -- "$relm_job/stopped.new"
  relm_job_state "$relm_job"
  printf 'job %s is %s\n' "$relm_id" "$relm_state"
  exit 90
fi
mv -- "$relm_job/stopped.new" "$relm_job/stopped" || exit
if ! relm_until "$relm_patience" relm_is_over; then
  # Its shell last: it takes secrets out of the log, and writes down how the command ended.
  relm_signal KILL "$relm_leader"
  relm_until 10 [ -e "$relm_job/exit" ]
  relm_signal KILL
  relm_until 5 relm_is_over || {
    printf 'job %s goes on, and cannot be stopped: processes %s\n' "$relm_id" "$(relm_members "$relm_leader")" >&2
    exit 1
  }
fi
# Whoever is killed writes nothing down.
[ -e "$relm_job/exit" ] || printf '137\n' >"$relm_job/exit"
printf 'job %s is stopped\n' "$relm_id"
