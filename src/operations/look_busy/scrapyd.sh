# Asks scrapyd how many jobs there are, and which. In: relm_url, relm_seconds.
relm_status=$(relm_get "$relm_url/daemonstatus.json") || exit
printf 'status %s\n' "$(printf '%s' "$relm_status" | tr -d '\r\n')"
# Before 1.4 jobs are listed by project only; how many there are is known all the same.
relm_jobs=$(relm_get "$relm_url/listjobs.json" 2>/dev/null) || relm_jobs=
printf 'jobs %s\n' "$(printf '%s' "$relm_jobs" | tr -d '\r\n')"
