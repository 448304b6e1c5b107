# What is known of a job: .relm/jobs/ID holds about (a line of JSON), key, process (its number, when it started, and the
# boot of the host it started in), log, exit (what it exited with), stopped (who stopped it).

# relm_job_state DIRECTORY: sets relm_state to "running PID", "ended CODE" or "gone": its process is not there any more and
# nobody knows how it ended.
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
}

# relm_newest_job KEY: sets relm_found to the newest job of that key, or to nothing. In: relm_jobs.
relm_newest_job() {
  relm_found=
  for relm_one in "$relm_jobs"/*; do
    relm_read=
    { read -r relm_read <"$relm_one/key"; } 2>/dev/null
    # Their names begin with the time, and stand in that order.
    if [ "$relm_read" = "$1" ]; then relm_found=$relm_one; fi
  done
}
