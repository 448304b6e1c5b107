# Services of systemd.

if [ -n "$relm_is_users" ]; then
  # A session that is none of a login's does not know where its user's manager is.
  XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
  export XDG_RUNTIME_DIR
fi

ctl() { eval "${relm_control:-systemctl}${relm_is_users:+ --user}"' "$@"' </dev/null; }

# Why nobody answers.
kind_is_deaf() {
  if [ -z "$relm_is_users" ] || [ -e "$XDG_RUNTIME_DIR/systemd/private" ]; then return; fi
  relm_user=$(id -un)
  printf 'no systemd runs for %s, in %s: once, as root, loginctl enable-linger %s\n' \
    "$relm_user" "$XDG_RUNTIME_DIR" "$relm_user" >&2
}

kind_names() { printf '%s\n' "${relm_programs:-$relm_service}" | relm_meant; }

kind_states() {
  kind_names | while IFS= read -r relm_name; do
    relm_told=$(ctl show -p ActiveState -p MainPID "$relm_name") || { kind_is_deaf; exit 1; }
    relm_state=unknown relm_pid=-
    while IFS='=' read -r relm_key relm_value; do
      case $relm_key=$relm_value in
        ActiveState=active|ActiveState=reloading) relm_state=running ;;
        ActiveState=activating) relm_state=starting ;;
        ActiveState=deactivating) relm_state=stopping ;;
        ActiveState=inactive) relm_state=stopped ;;
        ActiveState=*) relm_state=failed ;;
        MainPID=0) ;;
        MainPID=*) relm_pid=$relm_value ;;
      esac
    done <<END
$relm_told
END
    printf '%s %s %s\n' "$relm_name" "$relm_state" "$relm_pid"
  done
}

# kind_ctl WORD: for all of its units.
kind_ctl() {
  # shellcheck disable=SC2046 # names have no blanks
  set -- "$1" $(kind_names)
  ctl "$@"
}

# A simple unit is active before its program has begun, and one that ends at once may be begun again.
kind_lasts() {
  relm_first=$relm_seen$(kind_restarts)
  sleep 2
  relm_see
  [ "$relm_first" = "$relm_seen$(kind_restarts)" ]
}

kind_restarts() { kind_names | while IFS= read -r relm_name; do ctl show -p NRestarts "$relm_name"; done; }

# A unit that systemd does not know does not run.
kind_stop() { relm_told=$(kind_ctl stop 2>&1) || case $relm_told in *'not loaded'*) ;; *) printf '%s\n' "$relm_told" >&2; return 1 ;; esac; }
kind_before() { :; }
kind_changed() { [ -z "$relm_expects" ] || ctl daemon-reload; }
# What ended too often is not started again until that is forgotten; whoever may not have it forgotten just starts it.
kind_start() {
  kind_ctl reset-failed >/dev/null 2>&1
  kind_ctl start
}
kind_reload() { kind_ctl reload; }
kind_why() { kind_ctl status --no-pager --lines=10 >&2; }
