# What is waited for: the newest job of a key, to its end. In: relm_jobs, relm_key.
relm_check() {
  relm_newest_job "$relm_key"
  [ -n "$relm_found" ] || { printf 'no such job was started here\n' >&2; exit 1; }
  relm_job_state "$relm_found"
  case $relm_state in
    'ended 0') return 0 ;;
    running*) return 1 ;;
  esac
  tail -n 20 "$relm_found/log"
  # It will not come to anything any more: waiting on would be in vain.
  case $relm_state in
    ended*) printf 'job %s exited %s\n' "${relm_found##*/}" "${relm_state#ended }" >&2 ;;
    *) printf 'job %s is gone, and nobody knows how it ended\n' "${relm_found##*/}" >&2 ;;
  esac
  exit 1
}
