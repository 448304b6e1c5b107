# Starts a job and goes on without it. Exits with 90 if a job of the same key runs, or has ended well.
# In: relm_jobs (the directory of all), relm_id, relm_about, relm_key, relm_new (not empty: it is started in any case), relm_script (with its
# own begin and end, which see relm_job and relm_umask), relm_keep_log (keep_log.sh, which sees relm_job and relm_log_max), relm_kept (how many jobs that have ended are kept), relm_releases.
# The job is given it back.
relm_umask=$(umask)
umask 077
mkdir -p -- "$relm_jobs" || exit
relm_newest_job "$relm_key"
if [ -z "$relm_new" ] && [ -n "$relm_found" ]; then
  relm_job_state "$relm_found"
  case $relm_state in
    running*) printf 'job %s is %s already\n' "${relm_found##*/}" "$relm_state"; exit 90 ;;
    'ended 0') printf 'job %s has ended well\n' "${relm_found##*/}"; exit 90 ;;
    *) printf 'job %s is %s; starting another\n' "${relm_found##*/}" "$relm_state" ;;
  esac
fi
command -v setsid >/dev/null 2>&1 || { printf 'this host has no setsid, so a job would end with the connection\n' >&2; exit 1; }
relm_job=$relm_jobs/$relm_id relm_more=1
until mkdir -- "$relm_job" 2>/dev/null; do
  relm_more=$((relm_more + 1))
  if [ "$relm_more" -gt 9 ]; then mkdir -- "$relm_job"; exit; fi
  relm_job=$relm_jobs/$relm_id.$relm_more
done
printf '%s\n' "$relm_key" >"$relm_job/key" && printf '%s\n' "$relm_about" >"$relm_job/about" || exit
relm_start=setsid
# What a shell starts in the background ignores these otherwise.
env --default-signal=INT,QUIT true 2>/dev/null && relm_start='setsid env --default-signal=INT,QUIT'
: >"$relm_job/log" || exit
# By a pipe: it stands in nobody's arguments and in no file. No shell waits in between: the log is whole when the job has ended,
# and not when whoever started it sees that.
{
  { printf '%s\n' "$relm_script" | relm_job=$relm_job relm_umask=$relm_umask $relm_start sh & } 2>&1 |
    relm_job=$relm_job relm_log_max=$relm_log_max setsid sh -c "$relm_keep_log" >/dev/null 2>&1
} 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- >/dev/null 2>&1 &
relm_tries=0
until [ -e "$relm_job/process" ]; do
  relm_tries=$((relm_tries + 1))
  if [ "$relm_tries" -gt 100 ]; then
    cat -- "$relm_job/log" >&2
    printf 'the job did not start\n' >&2
    exit 1
  fi
  sleep 0.1 || sleep 1
done
read -r relm_pid _ <"$relm_job/process"
printf 'job %s runs as process %s\n' "${relm_job##*/}" "$relm_pid"

# Of those that have ended only the newest are kept.
relm_over=0 relm_all=
for relm_one in "$relm_jobs"/*; do
  relm_job_state "$relm_one"
  case $relm_state in running*) continue ;; esac
  # What goes on with a release asks how its jobs have ended.
  relm_of=
  { read -r relm_of _ <"$relm_one/key"; } 2>/dev/null
  case $relm_of in '' | -) ;; *) [ ! -d "$relm_releases/$relm_of" ] || continue ;; esac
  relm_over=$((relm_over + 1)) relm_all="$relm_all ${relm_one##*/}"
done
for relm_one in $relm_all; do
  [ "$relm_over" -gt "$relm_kept" ] || break
  [ -L "$relm_jobs/$relm_one" ] || rm -rf -- "${relm_jobs:?}/$relm_one"
  relm_over=$((relm_over - 1))
done
exit 0
