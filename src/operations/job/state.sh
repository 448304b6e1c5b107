# What is known of a job: .relm/jobs/ID holds about (a line of JSON), key, process (its number, when it started, and the
# boot of the host it started in), log, logged (all it has said stands there), exit (what it exited with), stopped (who stopped it).

# relm_job_state DIRECTORY: sets relm_state to "running PID", "ended CODE" or "gone": no process of its session is there
# any more and nobody knows how it ended.
relm_job_state() {
  relm_state=gone relm_code='' relm_pid='' relm_boot=''
  { read -r relm_pid relm_since relm_boot <"$1/process"; } 2>/dev/null
  { read -r relm_this_boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
  if [ -n "$relm_boot" ] && [ "$relm_boot" = "$relm_this_boot" ]; then
    lock_start "$relm_pid"
    if [ -n "$lock_since" ] && [ "$lock_since" = "$relm_since" ]; then relm_state="running $relm_pid"; fi
  fi
  # Asked last: what ended meanwhile has written this before.
  { read -r relm_code <"$1/exit"; } 2>/dev/null
  [ -z "$relm_code" ] || relm_state="ended $relm_code"
  if [ "$relm_state" = gone ] && [ -n "$relm_boot" ] && [ "$relm_boot" = "$relm_this_boot" ] && [ -z "$lock_since" ]; then
    # Its shell was killed, and what it has started goes on: as long as it does nobody else is given that number.
    [ -z "$(relm_members "$relm_pid")" ] || relm_state="running $relm_pid"
  fi
  # What a person stopped is not done, whatever it says.
  [ "$relm_state" != 'ended 0' ] || [ ! -e "$1/stopped" ] || relm_state='ended 143'
}

# relm_members SESSION: prints the processes of a session; some of them may be in groups of their own. For $( ) only.
relm_members() {
  relm_session=$1
  for relm_one in /proc/[0-9]*/stat; do
    { read -r relm_stat <"$relm_one"; } 2>/dev/null || continue
    # shellcheck disable=SC2086 # words are wanted
    set -- ${relm_stat##*) }
    [ "$4" = "$relm_session" ] && [ "$1" != Z ] || continue
    relm_one=${relm_one#/proc/}
    printf '%s ' "${relm_one%/stat}"
  done
}

# relm_newest_job KEY: sets relm_found to the job of that key that runs, else to the newest, or to nothing. In: relm_jobs.
relm_newest_job() {
  relm_found='' relm_running=''
  for relm_each in "$relm_jobs"/*; do
    relm_read=
    { read -r relm_read <"$relm_each/key"; } 2>/dev/null
    [ "$relm_read" = "$1" ] || continue
    relm_job_state "$relm_each"
    case $relm_state in running*) relm_running=$relm_each ;; esac
    # By the clock of this host: the times in their names are those of several controllers.
    # shellcheck disable=SC3013 # dash and busybox have it
    if [ -n "$relm_found" ] && [ "$relm_found/key" -nt "$relm_each/key" ]; then continue; fi
    relm_found=$relm_each
  done
  [ -z "$relm_running" ] || relm_found=$relm_running
}
