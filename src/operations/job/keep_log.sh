# Keeps what a job says, which it reads, in its log: the beginning as it comes, and of what is too much the end, when the job has
# ended. It goes on reading whatever happens, so that no job fails of what it says; nobody else's signals reach it.
# In: relm_job (its directory), relm_log_max (bytes).
relm_log=$relm_job/log relm_tail=65536
# XFSZ: at the limit writing fails, and nothing dies of it.
trap '' HUP INT QUIT TERM XFSZ
if ! (ulimit -f "$((relm_log_max / 512))"; exec cat) >>"$relm_log" 2>/dev/null; then
  # A secret that is cut in two would not be found any more.
  if [ -n "$(tail -c 1 "$relm_log" | tr '\000' '?')" ]; then
    relm_cut=$(($(tail -c "$relm_tail" "$relm_log" | tail -n 1 | wc -c)))
    head -c "$relm_cut" /dev/zero | tr '\000' '*' |
      dd of="$relm_log" bs=1 seek="$(($(wc -c <"$relm_log") - relm_cut))" conv=notrunc 2>/dev/null || : >"$relm_log"
  fi
  printf '\nrelm: the log is full (%s bytes), or cannot be written; of what follows the last %s bytes are kept, when it ends\n' \
    "$relm_log_max" "$relm_tail" >>"$relm_log"
  # Where the job has ended before what it has left running, its log has been read for secrets already: nothing comes to it then.
  tail -c "$relm_tail" | { IFS= read -r relm_rest; [ -e "$relm_job/exit" ] || cat; } >>"$relm_log"
  cat >/dev/null
fi
: >"$relm_job/logged"
