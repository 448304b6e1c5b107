# What stands around whatever changes something: it registers, and then looks whether its run still holds the lock. In
# this order, and the keeper does the reverse, so that one of the two always sees the other.
# In: relm_lock (the holder's directory; nothing where there is no lock), relm_token, relm_limit (seconds or nothing),
# relm_about (the release it is for, or nothing).

# relm_enter STEP: registers, and waits for whatever this run has begun before and lost from its sight. Fails with 93 when
# the lock is lost, and with 1 when something does not end.
relm_enter() {
  relm_group=$$; read -r _ _ _ _ relm_group _ 2>/dev/null <"/proc/$$/stat"
  relm_mine=$relm_lock/running/$relm_group
  lock_start "$relm_group"
  relm_start=$lock_since
  relm_register "$1"
  # For the keeper, in case relm is gone by then.
  if [ -n "$relm_limit" ] && read -r relm_up _ </proc/uptime; then
    printf '%s\n' "$((${relm_up%%.*} + relm_limit + 10))" >"$relm_lock/limits/$relm_group"
  fi 2>/dev/null
  relm_holds || { relm_leave; return 93; }
  relm_await_others || { relm_leave; return 1; }
  [ -z "$relm_about" ] || { printf '%s\n' "$relm_about" >"$relm_lock/release"; } 2>/dev/null
  return 0
}

# relm_register STEP: a full disk must not stop a rollback: then it is not registered, and no more is lost than that.
relm_register() { { printf '%s %s\n' "$relm_start" "$1" >"$relm_mine"; } 2>/dev/null; }

# relm_holds: the run still has its lock.
relm_holds() {
  relm_now=
  { read -r relm_now <"$relm_lock/token"; } 2>/dev/null
  [ "$relm_now" = "$relm_token" ] || { printf 'this run has lost the lock\n' >&2; return 1; }
}

# A run does one thing at a time on a host. What it began before must not work beside this.
relm_await_others() {
  # Where nothing but this is registered no process is needed to tell so.
  for relm_others in "$relm_lock"/running/*; do [ "$relm_others" = "$relm_mine" ] || break; done
  [ "$relm_others" != "$relm_mine" ] || return 0
  relm_seconds=0
  while relm_others=$(lock_running "$relm_lock" | sed "/^$relm_group /d") && [ -n "$relm_others" ]; do
    case $relm_seconds in
      0) relm_signal=TERM ;;
      5) relm_signal=KILL ;;
      15) printf 'this still runs and does not end: %s\n' "$relm_others" >&2; return 1 ;;
      *) relm_signal=0 ;;
    esac
    printf '%s\n' "$relm_others" | while read -r relm_other _; do
      kill -s "$relm_signal" -- "-$relm_other" || kill -s "$relm_signal" "-$relm_other"
    done 2>/dev/null
    relm_seconds=$((relm_seconds + 1))
    sleep 1
  done
}

relm_leave() { rm -f -- "$relm_mine" "$relm_lock/limits/$relm_group"; }
