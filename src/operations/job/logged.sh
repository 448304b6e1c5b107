# Waits until all that a job has said stands in its log. What it has left running may say more: that is not waited for.
exec >>"$relm_own/log" 2>&1
relm_tries=0
until [ -e "$relm_own/logged" ] || [ "$relm_tries" -ge 20 ]; do
  relm_tries=$((relm_tries + 1))
  sleep 0.1 2>/dev/null || sleep 1
done
