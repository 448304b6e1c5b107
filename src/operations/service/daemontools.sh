# Services of daemontools, and of what looks like them: a directory with `run`, watched by supervise.

# kind_tool TOOL…: svc, svstat and their like stand beside one another.
kind_tool() {
  relm_tool=${relm_control:-svc}
  relm_rest=$1; shift
  eval "${relm_tool%svc}$relm_rest"' "$@"' </dev/null
}

kind_names() {
  if [ -n "$relm_programs" ]; then printf '%s\n' "$relm_programs" | relm_meant; return; fi
  case $relm_into in '') printf '/etc/service/%s\n' "$relm_service" ;; /*) printf '%s\n' "$relm_into" ;; *) printf '%s\n' "$HOME/$relm_into" ;; esac
}

kind_states() {
  kind_names | while IFS= read -r relm_name; do
    relm_told=$(kind_tool svstat "$relm_name" 2>/dev/null)
    relm_told=${relm_told#"$relm_name: "} relm_state=unknown relm_pid=-
    case $relm_told in
      down*) relm_state=stopped ;;
      # Up for a moment: it may be about to end, and supervise would begin it again each second.
      'up (pid '*') 0 seconds'*|'up (pid '*') 1 seconds'*) relm_state=starting ;;
      'up (pid '*) relm_state=running relm_pid=${relm_told#up (pid } relm_pid=${relm_pid%%)*} ;;
    esac
    if [ "$relm_state" = unknown ]; then
      kind_tool svok "$relm_name" >/dev/null 2>&1
      case $? in 1|100) relm_state=stopped ;; esac
    fi
    case $relm_told in up*'want down'*) relm_state=stopping ;; down*'want up'*) relm_state=starting ;; esac
    printf '%s %s %s\n' "$relm_name" "$relm_state" "$relm_pid"
  done
}

# kind_each OPTION: for each directory that is watched. That one is not is 100, or 1 of s6; all else is that it
# cannot be told.
kind_each() {
  kind_names | while IFS= read -r relm_name; do
    # Its files have yet to come.
    if [ -n "$relm_expects" ] && [ ! -e "$relm_name" ]; then continue; fi
    kind_tool svok "$relm_name"
    case $? in
      0) kind_tool svc "$1" "$relm_name" || exit 1 ;;
      1|100) ;;
      *) printf 'how %s stands cannot be told\n' "$relm_name" >&2; exit 1 ;;
    esac
  done
}

kind_stop() { kind_each -d; }
kind_before() { :; }
kind_changed() { :; }

# svscan sees a new directory within five seconds.
kind_start() {
  while :; do
    relm_left=$(kind_names | while IFS= read -r relm_name; do kind_tool svok "$relm_name" || printf '%s ' "$relm_name"; done)
    [ -n "$relm_left" ] || break
    if relm_is_late; then printf 'nothing supervises %s\n' "$relm_left" >&2; return 1; fi
    sleep 1
  done
  kind_each -u
}

kind_lasts() { :; }
kind_reload() { kind_each -h; }
kind_why() {
  kind_names | while IFS= read -r relm_name; do
    kind_tool svstat "$relm_name"
    if [ -f "$relm_name/run" ] && [ ! -x "$relm_name/run" ]; then printf '%s/run may not be executed\n' "$relm_name"; fi
  done >&2
}
