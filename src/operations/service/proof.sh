# Where a service's processes run from, by /proc: directory, program, words, and the files they have mapped.

# relm_tree PID…: these and all below them.
relm_tree() {
  relm_all=$(for relm_status_file in /proc/[0-9]*/status; do
    relm_pid=${relm_status_file#/proc/}
    while read -r relm_key relm_value _; do
      if [ "$relm_key" = PPid: ]; then printf '%s %s\n' "${relm_pid%/status}" "$relm_value"; break; fi
    done <"$relm_status_file"
  done 2>/dev/null)
  relm_found=" $* " relm_more=yes
  while [ -n "$relm_more" ]; do
    relm_more=
    while read -r relm_pid relm_parent; do
      case $relm_found in *" $relm_pid "*) continue ;; esac
      case $relm_found in *" $relm_parent "*) relm_found="$relm_found$relm_pid " relm_more=yes ;; esac
    done <<END
$relm_all
END
  done
  printf '%s\n' "$relm_found"
}

# relm_traces PID: the names of the releases it has to do with.
relm_traces() {
  relm_real=$(cd -P -- "$relm_base" && pwd -P)
  {
    readlink "/proc/$1/cwd"
    readlink "/proc/$1/exe"
    tr '\000' '\n' <"/proc/$1/cmdline"
    sed 's/^[^/]*//' "/proc/$1/maps"
  } 2>/dev/null | grep -F -e "$relm_base/releases/" -e "$relm_real/releases/" | while IFS= read -r relm_line; do
    case $relm_line in
      *"$relm_base/releases/"*) relm_line=${relm_line#*"$relm_base/releases/"} ;;
      *) relm_line=${relm_line#*"$relm_real/releases/"} ;;
    esac
    printf '%s\n' "${relm_line%%[!A-Za-z0-9._-]*}"
  done | sort -u
}

# relm_called PID: as a person would know it.
relm_called() { tr '\000' ' ' <"/proc/$1/cmdline" 2>/dev/null | cut -c 1-200; }

# relm_look: fills relm_wrong (a line for each process that does not run from the release) and relm_unseen.
relm_look() {
  relm_wrong="" relm_unseen="" relm_lives="" relm_lost=""
  for relm_root in $(relm_roots); do
    if [ -d "/proc/$relm_root" ]; then relm_lives=yes; else relm_lost="$relm_lost $relm_root"; fi
    relm_is_there="" relm_is_elsewhere="" relm_cannot=""
    for relm_one in $(relm_tree "$relm_root"); do
      # A zombie has neither program nor files, and a process may have ended meanwhile.
      [ -n "$(relm_called "$relm_one")" ] || continue
      readlink "/proc/$relm_one/cwd" >/dev/null 2>&1 || relm_cannot=yes
      for relm_trace in $(relm_traces "$relm_one"); do
        if [ "$relm_trace" = "${relm_release##*/}" ]; then relm_is_there=yes
        else
          relm_is_elsewhere=yes
          relm_wrong="${relm_wrong}process $relm_one runs from $relm_trace: $(relm_called "$relm_one")
"
        fi
      done
    done
    if [ -n "$relm_is_there$relm_is_elsewhere" ] || [ ! -d "/proc/$relm_root" ]; then :
    elif [ -n "$relm_cannot" ]; then relm_unseen="$relm_unseen $relm_root"
    else
      relm_wrong="${relm_wrong}process $relm_root does not run from any release: $(relm_called "$relm_root")
"
    fi
  done
}

# A program that runs without a process is no wonder (systemd's oneshot units); a command for them that names none is wrong.
relm_require_roots() {
  [ -z "$relm_pids" ] || [ -n "$relm_lives" ] || {
    relm_wrong="its \`pids\` name no process that runs
"
    if [ -n "$relm_lost" ] && relm_hides; then
      relm_wrong="whether what its \`pids\` name runs cannot be seen: $(relm_hidden)
"
    fi
  }
}

# What is not in /proc has ended, or is hidden from this login: whoever looks after it still calls it running then.
relm_require_life() {
  [ -n "$relm_lost" ] || return 0
  relm_see
  for relm_root in $relm_lost; do
    case "$relm_seen
" in *" $relm_root
"*) relm_unseen="$relm_unseen $relm_root" ;; *) relm_wrong="${relm_wrong}process $relm_root has ended
" ;; esac
  done
}

# Workers come and go for a moment.
relm_prove() {
  [ -n "$relm_proof" ] || return 0
  relm_begin "$relm_patience"
  while :; do
    relm_look
    [ -n "$relm_pids" ] || relm_require_life
    relm_require_roots
    [ -n "$relm_wrong" ] || break
    if relm_is_late; then
      printf '%s' "$relm_wrong" >&2
      relm_fail "$relm_service does not run from ${relm_release##*/}"
    fi
    sleep 1
    relm_await_them
  done
  [ -n "$relm_unseen" ] || return 0
  if relm_hides; then
    printf 'where processes of %s run from is not known (%s): %s\n' "$relm_service" "${relm_unseen# }" "$(relm_hidden)"
    return 98
  fi
  printf 'where these run from cannot be seen by this login:%s\n' "$relm_unseen"
}

# relm_tell: "NAME STATE PID RELEASE…" a line, for whoever asks.
relm_tell() {
  relm_see
  printf '%s\n' "$relm_seen" | while read -r relm_name relm_state relm_pid; do
    [ -n "$relm_name" ] || continue
    # With `pids` its own, the processes are not those of the states.
    if [ -n "$relm_pids" ] && [ "$relm_pid" = - ]; then relm_pid=$(relm_roots | head -n 1); fi
    relm_from=
    if [ -n "$relm_pid" ] && [ "$relm_pid" != - ]; then
      relm_from=$(for relm_one in $(relm_tree "$relm_pid"); do relm_traces "$relm_one"; done | sort -u | tr '\n' ' ')
    fi
    printf '%s %s %s %s\n' "$relm_name" "$relm_state" "${relm_pid:--}" "$relm_from"
  done
}
