# Scripts that outlive their connection. Part of what the control shell is told first: see frame.rs.

# Bytes of output that are kept, in blocks of 512 (bash counts in 1024 here): a command that never stops talking must
# not fill the host's disk. What is beyond is heard while the connection lasts, and lost with it.
relm_most=131072

# Copies its input to a file and to whoever still listens. Nobody listening is no reason to stop.
relm_copy() { trap '' PIPE XFSZ; ulimit -f "$relm_most"; exec tee -- "$1"; }

# relm_keep TOKEN SCRIPT DIRECTORY: runs a script whose output is copied to DIRECTORY/out and DIRECTORY/err. Whoever
# makes the directory decides whether the script runs: relm makes it when it comes back before the script was begun.
relm_keep() {
  [ -n "$2" ] || { relm_unread "$1"; return; }
  if ! mkdir -- "$3" 2>/dev/null; then
    # It cannot be made at all: better run like any other script than not.
    [ -e "$3" ] || relm_run "$1" "$2"
    return
  fi
  relm_session=$$
  if read -r relm_name <"/proc/$PPID/comm"; then case $relm_name in sshd*) relm_session=$PPID ;; esac; fi 2>/dev/null
  relm_started "$relm_session" >"$3/session"
  {
    {
      {
        printf '%s\n' "$2" | $relm_start sh 2>&5 3>&- 4>&- 5>&-
        relm_status=$?
        printf '\n%s end %d\n' "$1" "$relm_status" >&5
        printf '\n%s end %d\n' "$1" "$relm_status"
      } 5>&1 >&4 | relm_copy "$3/err" >&3 4>&-
    } 4>&1 | relm_copy "$3/out"
  } </dev/null 2>/dev/null &
  relm_job=none
}

# relm_has_ended TOKEN FILE: says whether the end mark stands in a copy.
relm_has_ended() { case $(tail -n 1 "$2") in "$1 end "*) ;; *) return 1 ;; esac; }

# relm_more FILE FROM TO: the bytes in between.
relm_more() { [ "$2" -ge "$3" ] || tail -c "+$(($2 + 1))" "$1" | head -c "$(($3 - $2))"; }

# relm_again TOKEN DIRECTORY OUT ERR: goes on with the output of a kept script from these bytes on. Says "missing" if
# the script was never begun, and then it never will be; or if it ended without a mark.
relm_again() {
  (
    relm_out=$3 relm_err=$4 relm_waits=0
    if mkdir -- "$2" || ! [ -d "$2" ]; then printf '\n%s missing\n' "$1"; exit; fi
    relm_hang_up "$2"
    until [ -e "$2/out" ] && [ -e "$2/err" ]; do
      relm_waits=$((relm_waits + 1))
      if [ "$relm_waits" -gt 50 ]; then printf '\n%s missing\n' "$1"; exit; fi
      sleep 0.1 || sleep 1
    done
    relm_waits=0
    # What start-up files said before this is not the script's.
    printf '\n%s again\n' "$1"; printf '\n%s again\n' "$1" >&3
    while :; do
      # Nobody listens any more, or what was kept is gone.
      kill -s 0 "$$" || exit
      if ! [ -e "$2/out" ]; then printf '\n%s missing\n' "$1"; exit; fi
      relm_over=
      if relm_has_ended "$1" "$2/out" && relm_has_ended "$1" "$2/err"; then relm_over=yes; fi
      relm_now=$(($(wc -c <"$2/out"))) relm_now_err=$(($(wc -c <"$2/err")))
      relm_more "$2/out" "$relm_out" "$relm_now" && relm_more "$2/err" "$relm_err" "$relm_now_err" >&3
      [ -z "$relm_over" ] || break
      # Never back: what was heard may have been written to the listener and not yet to the copy.
      if [ "$relm_now" -gt "$relm_out" ]; then relm_out=$relm_now relm_waits=0; fi
      if [ "$relm_now_err" -gt "$relm_err" ]; then relm_err=$relm_now_err relm_waits=0; fi
      # Only where nothing is heard for a while is it worth asking whether anything still runs.
      relm_waits=$((relm_waits + 1))
      if [ "$relm_waits" -gt 15 ] && relm_nothing_runs "$1" "$2"; then printf '\n%s missing\n' "$1"; exit; fi
      sleep 0.2 || sleep 1
    done
    # Noise of others may have been counted too. Only then: what is said after the marks falls to the next script.
    if [ "$relm_out" -gt "$relm_now" ]; then printf '\n'; tail -n 1 "$2/out"; fi
    if [ "$relm_err" -gt "$relm_now_err" ]; then { printf '\n'; tail -n 1 "$2/err"; } >&3; fi
  ) </dev/null 2>/dev/null &
}

# relm_started PID: says the number and when the process started, which tells it from a later one of the same number.
relm_started() {
  relm_stat=
  read -r relm_stat <"/proc/$1/stat"
  # shellcheck disable=SC2086 # words are wanted
  set -- "$1" ${relm_stat##*) }
  printf '%s %s\n' "$1" "${21}"
} 2>/dev/null

# relm_hang_up DIRECTORY: ends the ssh session a kept script was begun in, or as another user than the login the shell there,
# which makes the login end it (see becoming.rs). When the network broke without a word sshd does not know yet, and the
# script would wait for a listener who is gone.
relm_hang_up() {
  read -r relm_session relm_since <"$1/session" || return
  [ "$relm_session" != "$PPID" ] && [ "$relm_session" != "$$" ] && [ "$(relm_started "$relm_session")" = "$relm_session $relm_since" ] && read -r relm_name <"/proc/$relm_session/comm" || return
  case $relm_name in sshd*) kill "$relm_session" ;; *) kill -s KILL "$relm_session" ;; esac
}

# relm_nothing_runs TOKEN DIRECTORY: neither the script's group nor, twice in a row, the copying of what it said.
relm_nothing_runs() {
  relm_group_line=$(sed -n "s/^$1 group //p;/^$1 group /q" "$2/out")
  [ -n "$relm_group_line" ] || return
  ! { kill -s 0 -- "-$relm_group_line" || kill -s 0 "-$relm_group_line"; } && sleep 1 &&
    ! { relm_has_ended "$1" "$2/out" && relm_has_ended "$1" "$2/err"; }
}
