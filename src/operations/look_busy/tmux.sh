# Lists the panes of tmux: whether its process has children (`parent`) or not (`alone`), when its session began, session,
# window's number, program, window's name, with colons between, which no session has in its name. A script's program is a
# shell, too; what it runs are its children, which may be another user's: where these are hidden `alone` is `hidden`.
# In: relm_all (`yes`: everybody's), else only those of this login.
command -v tmux >/dev/null 2>&1 || { echo 'tmux is not on this host' >&2; exit 1; }
relm_me=$(id -u) || exit
if relm_hides; then relm_alone=hidden; else relm_alone=alone; fi
relm_parents=" $(cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) [^ ]* \([0-9]*\) .*/\1/' | tr '\n' ' ')"
for relm_directory in "${TMUX_TMPDIR:-/tmp}"/tmux-*; do
  [ -d "$relm_directory" ] || continue
  if [ "${relm_directory##*/tmux-}" != "$relm_me" ]; then
    [ "$relm_all" ] || continue
    [ -r "$relm_directory" ] && [ -x "$relm_directory" ] || {
      echo "$relm_directory is another user's and cannot be looked into" >&2
      exit 1
    }
  fi
  for relm_socket in "$relm_directory"/*; do
    [ -S "$relm_socket" ] || continue
    if relm_panes=$(tmux -S "$relm_socket" list-panes -a -F \
      '#{pane_pid}:#{session_created}:#{session_name}:#{window_index}:#{pane_current_command}:#{window_name}' 2>&1); then
      printf '%s\n' "$relm_panes" | while IFS=: read -r relm_pid relm_rest; do
        case $relm_parents in *" $relm_pid "*) relm_has=parent ;; *) relm_has=$relm_alone ;; esac
        printf '%s:%s\n' "$relm_has" "$relm_rest"
      done
      continue
    fi
    # A server that is gone leaves its socket.
    case $relm_panes in *'no server running'*) ;; *) printf '%s\n' "$relm_panes" >&2; exit 1 ;; esac
  done
done
