# Shows the end of what a job has said; with relm_follow all that it says until it ends, and then exits with 1 if it did not
# end well. In: relm_jobs, relm_id, relm_lines, relm_follow.
relm_job=$relm_jobs/$relm_id
[ -d "$relm_job" ] || { printf 'there is no job %s here\n' "$relm_id" >&2; exit 1; }
relm_seen=$(($(wc -c <"$relm_job/log")))
head -c "$relm_seen" "$relm_job/log" | tail -n "$relm_lines"
[ -n "$relm_follow" ] || exit 0
while :; do
  # Before the log is read: what it says at its end is read after that.
  relm_job_state "$relm_job"
  relm_now=$(($(wc -c <"$relm_job/log")))
  if [ "$relm_now" -gt "$relm_seen" ]; then
    tail -c "+$((relm_seen + 1))" "$relm_job/log" | head -c "$((relm_now - relm_seen))"
    relm_seen=$relm_now
  fi
  case $relm_state in
    running*) sleep 1 ;;
    'ended 0') exit 0 ;;
    ended*) printf 'job %s exited %s\n' "$relm_id" "${relm_state#ended }" >&2; exit 1 ;;
    *) printf 'job %s is gone, and nobody knows how it ended\n' "$relm_id" >&2; exit 1 ;;
  esac
done
