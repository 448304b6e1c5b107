# Services under supervisord. A plain restart keeps the directory that a program was begun in, so: stop, reread, update, start.

ctl() { eval "${relm_control:-supervisorctl}"' "$@"' </dev/null; }

# kind_names FILE…: the programs and groups, a line each: those that are named, else those of the files, else the service.
kind_names() {
  if [ -n "$relm_programs" ]; then printf '%s\n' "$relm_programs"; return; fi
  if [ "$#" -eq 0 ] && [ -z "$relm_expects" ]; then printf '%s\n' "$relm_service"; return; fi
  [ "$#" -eq 0 ] || sed -n -e 's/^\[program:\([^]]*\)\].*/\1/p' -e 's/^\[group:\([^]]*\)\].*/\1/p' \
    -e 's/^\[fcgi-program:\([^]]*\)\].*/\1/p' -e 's/^\[eventlistener:\([^]]*\)\].*/\1/p' "$@"
}

# What of it is or was to run here: by the files that are in place, and by those of the release.
kind_all_names() {
  set --
  while IFS= read -r relm_file; do [ -z "$relm_file" ] || set -- "$@" "$relm_file"; done <<END
$(relm_installed; relm_rendered)
END
  kind_names "$@" | sort -u
}

# kind_is_ours NAME: NAME is as `status` and `reread` tell it.
kind_is_ours() {
  case "
$relm_ours
" in *"
$1
"*|*"
${1%%:*}
"*|*"
${1%%:*}:*
"*) return 0 ;; esac
  return 1
}

# kind_holds_ours GROUP: one of its processes is ours.
kind_holds_ours() {
  case "
$relm_ours
" in *"
$1:"*) return 0 ;; esac
  return 1
}

kind_states() {
  relm_ours=$(kind_all_names)
  relm_told=$(ctl status)
  relm_code=$?
  # 3 is that something does not run, which is no failure of asking.
  case $relm_code in 0|3) ;; *) relm_fail "supervisord does not answer: $relm_told" ;; esac
  printf '%s\n' "$relm_told" | while read -r relm_name relm_state relm_words; do
    [ -n "$relm_name" ] && kind_is_ours "$relm_name" && relm_is_meant "$relm_name" || continue
    relm_pid=-
    case $relm_state in
      RUNNING) relm_state=running relm_pid=${relm_words#pid } relm_pid=${relm_pid%%,*} ;;
      STARTING|BACKOFF) relm_state=starting ;;
      STOPPING) relm_state=stopping ;;
      STOPPED) relm_state=stopped ;;
      # It ended by itself, which no service does.
      *) relm_state=failed ;;
    esac
    printf '%s %s %s\n' "$relm_name" "$relm_state" "$relm_pid"
  done
}

# kind_those STATES: the names of what was last seen in one of them.
kind_those() {
  printf '%s\n' "$relm_seen" | while read -r relm_name relm_state _; do
    case " $1 " in *" $relm_state "*) printf '%s\n' "$relm_name" ;; esac
  done
}

kind_stop() {
  relm_running=$(kind_those 'running starting')
  # shellcheck disable=SC2086 # names have no blanks
  [ -z "$relm_running" ] || ctl stop $relm_running
}

kind_before() { relm_gone=$(kind_all_names); }

# Only what is ours: others may have changes that wait for their own hour.
kind_changed() {
  relm_ours=$(kind_all_names)
  relm_told=$(ctl reread) || { printf '%s\n' "$relm_told" >&2; return 1; }
  relm_changed=$(printf '%s\n' "$relm_told" | while IFS=: read -r relm_name relm_words; do
    case $relm_words in ' available'|' changed'|' disappeared')
      if kind_is_ours "$relm_name" || kind_holds_ours "$relm_name" || kind_was_ours "$relm_name"; then printf '%s\n' "$relm_name"; fi ;;
    esac
  done)
  # shellcheck disable=SC2086 # names have no blanks
  [ -z "$relm_changed" ] || ctl update $relm_changed
}

# What ran before the files were others.
kind_was_ours() {
  case "
$relm_gone
" in *"
${1%%:*}
"*) return 0 ;; esac
  return 1
}

kind_start() {
  relm_idle=$(kind_those 'stopped failed')
  # shellcheck disable=SC2086 # names have no blanks
  [ -z "$relm_idle" ] || ctl start $relm_idle
}

# It has a time of its own for that: startsecs.
kind_lasts() { :; }

kind_reload() {
  relm_running=$(kind_those running)
  # shellcheck disable=SC2086 # names have no blanks
  ctl signal HUP $relm_running
}

# kind_words NAME: the last it said. Of stderr and stdout nobody can tell which is of today, so both are shown. That there is no
# log is no word of the program: one goes to the other (redirect_stderr), or nowhere, or its file was cleared away.
kind_words() {
  relm_spoke="" relm_mute=""
  for relm_channel in stderr stdout; do
    relm_told=$(ctl tail -1000 "$1" "$relm_channel" 2>&1)
    case $?:$relm_told in
      # Before 4.0 supervisorctl exits with 0 whatever it says.
      *:"$1: ERROR ("*|[!0]*) relm_mute="$relm_mute, $relm_channel: ${relm_told#"$1: "}" ;;
      *:*[![:space:]]*)
        printf '%s, at last on %s:\n' "$1" "$relm_channel"
        printf '%s\n' "$relm_told" | tail -n 10
        relm_spoke=yes ;;
      *) relm_mute="$relm_mute, $relm_channel: nothing" ;;
    esac
  done
  [ -n "$relm_spoke" ] || printf '%s left no last words (%s)\n' "$1" "${relm_mute#, }"
}

kind_why() {
  for relm_name in $(kind_those 'failed starting'); do
    kind_words "$relm_name"
    ctl status "$relm_name"
  done >&2
}
