# Turns a service: what is the same for every kind.
# In: relm_service, relm_base, relm_release (the tree to run from, or nothing), relm_programs (a line each), relm_part, relm_into,
# relm_reloads, relm_expects, relm_is_users, relm_proof (not empty: yes), relm_patience (seconds); relm_control, and instead of what the
# kind does relm_start, relm_stop, relm_restart, relm_reload, relm_status, relm_pids.
# Each kind defines kind_states ("NAME STATE PID" a line; STATE is running, starting, stopping, stopped, failed or unknown),
# kind_stop, kind_before and kind_changed (around the change of its files), kind_start, kind_lasts (what was just seen running
# still is the same a moment later), kind_reload and kind_why (what is known of a failure).

relm_fail() { printf '%s\n' "$*" >&2; exit 1; }

relm_is_late() { relm_clock && [ "$relm_now" -ge "$relm_end" ]; }

# Where a service of this release stands.
relm_stand() { cd -- "${relm_release:-$relm_base}" || exit 1; }

# Apart: whatever the command does to its shell.
relm_run() { ( eval "$1" ) </dev/null; }

relm_states() {
  if [ -z "$relm_status" ]; then kind_states; return; fi
  relm_state=stopped
  relm_run "$relm_status" >/dev/null 2>&1 && relm_state=running
  printf '%s %s -\n' "$relm_service" "$relm_state"
}

# Asking takes its time, so what was seen is used until something has been done.
relm_see() { relm_seen=$(relm_states) || exit 1; }

# The main processes of what was seen.
relm_roots() {
  printf '%s\n' "$relm_seen" | while read -r _ _ relm_pid; do
    case $relm_pid in -|'') ;; *) printf '%s\n' "$relm_pid" ;; esac
  done
  if [ -n "$relm_pids" ]; then relm_run "$relm_pids" 2>/dev/null | tr -s ' \t' '\n\n' | grep -x '[0-9][0-9]*'; fi
  return 0
}

relm_halt() {
  relm_begin "$relm_patience"
  relm_see
  relm_old=$(relm_roots)
  if [ -n "$relm_stop" ]; then relm_run "$relm_stop"; else kind_stop; fi || relm_fail "$relm_service was not stopped"
  while :; do
    relm_see
    relm_left=$(printf '%s\n' "$relm_seen" | while read -r relm_name relm_state _; do
      case $relm_state in running|starting|stopping) printf '%s is %s\n' "$relm_name" "$relm_state" ;; esac
    done)
    for relm_pid in $relm_old; do
      if [ -d "/proc/$relm_pid" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$relm_pid/status" 2>/dev/null; then
        relm_left="$relm_left process $relm_pid runs"
      fi
    done
    [ -n "$relm_left" ] || return 0
    ! relm_is_late || relm_fail "$relm_service did not stop within $relm_patience s: $relm_left"
    sleep 1
  done
}

relm_launch() {
  relm_begin "$relm_patience"
  relm_see
  if [ -n "$relm_start" ]; then relm_run "$relm_start"; else kind_start; fi ||
    { relm_see; kind_why; relm_fail "$relm_service does not run"; }
}

relm_reload_it() {
  relm_see
  case $relm_seen in
    *' running '*|*' unknown '*) ;;
    # What does not run cannot be told anything.
    *) relm_launch; return ;;
  esac
  if [ -n "$relm_reload" ]; then relm_run "$relm_reload"; else kind_reload; fi || relm_fail "$relm_service was not reloaded"
}

relm_await_running() {
  relm_begin "$relm_patience"
  relm_await_them
}

# Within the time that has begun.
relm_await_them() {
  while :; do
    relm_see
    [ -n "$relm_seen" ] || { kind_why; relm_fail "nobody knows $relm_service here"; }
    relm_left=
    while read -r relm_name relm_state _; do
      case $relm_state in
        running|unknown) ;;
        failed) kind_why; relm_fail "$relm_name does not run" ;;
        *) relm_left="$relm_left $relm_name is $relm_state" ;;
      esac
    done <<END
$relm_seen
END
    if [ -z "$relm_left" ]; then
      if [ -n "$relm_status" ] || kind_lasts; then return 0; fi
      relm_left=' it ran, and ended at once'
    fi
    if relm_is_late; then kind_why; relm_fail "$relm_service does not run after $relm_patience s:$relm_left"; fi
    sleep 1
  done
}

# Puts this release's files in place of those that are there. For a part of its programs they stay: they are those of all.
relm_replace() { [ -z "$relm_part" ] || return 0; kind_before; relm_files && kind_changed; }

# A release that was built before the service had files: nothing can run from it.
relm_has_files() {
  [ -z "$relm_expects" ] || [ -d "$relm_release/services/$relm_service" ] && return
  printf 'this release has no files for %s: it does not run\n' "$relm_service"
  exit 91
}

relm_turn_restart() {
  relm_take_stand
  if [ -n "$relm_reloads" ]; then
    relm_replace || exit 1
    relm_has_files
    relm_reload_it
  elif [ -n "$relm_restart" ]; then
    relm_replace || exit 1
    relm_has_files
    relm_run "$relm_restart" || { kind_why; relm_fail "$relm_service was not restarted"; }
  else
    relm_halt
    relm_replace || exit 1
    relm_has_files
    relm_launch
  fi
  relm_await_running
  relm_prove
}

relm_turn_start() {
  relm_take_stand
  relm_replace || exit 1
  relm_has_files
  relm_launch
  relm_await_running
  relm_prove
}

# Started where it does not run: a run that goes on may never have stopped it.
relm_turn_up() {
  relm_take_stand
  relm_see
  case $relm_seen in *' stopped '*|*' failed '*|*' unknown '*) relm_turn_start ;; *) exit 90 ;; esac
}

# Started where a restart may have left it down. Of what only its own commands know anything nobody knows whether it runs.
relm_turn_again() {
  relm_take_stand
  relm_see
  case $relm_seen in *' unknown '*) [ -z "$relm_restart" ] || { relm_turn_restart; return; } ;; esac
  relm_turn_up
}

relm_turn_stop() { relm_take_stand; relm_halt; }

# Stopped where it runs: what is down already is for others to start.
relm_turn_down() {
  relm_take_stand
  relm_see
  relm_up=$(printf '%s\n' "$relm_seen" | grep -v ' stopped ')
  [ -n "$relm_up" ] || [ -z "$relm_seen" ] || exit 90
  relm_halt
}

# Takes its files away.
relm_turn_clear() { relm_stand; relm_replace; }

# Stops it and takes its files away.
relm_turn_away() { relm_stand; relm_halt; relm_replace; }
