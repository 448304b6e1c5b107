# Runs a script as another user, and ends it when this script is ended.
# In: relm_user, relm_by (sudo|doas|password: sudo that is given one), relm_password, relm_rule (what the host's
# administrator has to write; LOGIN is whoever runs this), relm_script and its relm_length in bytes.
# Script and password go through a pipe: they are in nobody's arguments, and sudo keeps no variables.

# relm_as COMMAND…: becomes the other user, in place of the shell that calls it.
relm_as() {
  case $relm_by in
    doas) exec doas -n -u "$relm_user" -- "$@" ;;
    sudo) exec sudo -n -H -u "$relm_user" -- "$@" ;;
    *) exec sudo -S -k -p '' -H -u "$relm_user" -- "$@" ;;
  esac
}

# First without anything to do: a wrong password is then told once, and not followed by the script as the next attempt.
relm_said=$(printf '%s\n' "$relm_password" | relm_as sh -c : 2>&1 >/dev/null) || {
  [ -z "$relm_said" ] || printf '%s\n' "$relm_said" >&2
  printf 'cannot become %s here; it takes %s\n' "$relm_user" "$relm_rule" | sed "s/LOGIN/$(id -un)/" >&2
  exit 1
}

# What the other user's shell does. sudo reads a password from the pipe only where it wants one, so what comes before
# the mark is passed over. The pipe is held open here: when it closes, whoever held it is gone or wants the end, and
# nobody but the other user may send signals to what is theirs.
# shellcheck disable=SC2016 # the other shell's variables
relm_theirs='
while IFS= read -r line && [ "$line" != relm-begins ]; do :; done
IFS= read -r length && script=$(dd ibs=1 obs=4096 count="$length" 2>/dev/null) && [ -n "$script" ] || exit 1
start=
command -v setsid >/dev/null 2>&1 && start=setsid
env --default-signal=INT,QUIT true 2>/dev/null && start="$start env --default-signal=INT,QUIT"
trap : HUP INT TERM
exec 3<&0
printf "%s\n" "$script" | $start sh 3<&- & job=$!
(
  trap "" HUP INT TERM
  cat <&3
  end() { kill -s "$1" -- "-$job" || kill -s "$1" "-$job" || kill -s "$1" "$job"; }
  end TERM
  for second in 1 2 3 4; do sleep 1; end 0 || exit; done
  end KILL
) >/dev/null 2>&1 & watch=$!
exec 3<&-
while :; do
  wait "$job"
  status=$?
  kill -s 0 "$job" 2>/dev/null || break
done
exec 2>/dev/null
kill -s KILL "$watch"
exit "$status"'

# A full or missing /tmp is not to be in the way.
for relm_place in "${TMPDIR:-/tmp}" /dev/shm /run/shm /var/tmp "$HOME" /tmp; do
  relm_pipe=$(mktemp -d -- "$relm_place/relm-XXXXXXXX" 2>/dev/null) || continue
  if mkfifo -m 600 -- "$relm_pipe/pipe" 2>/dev/null; then break; fi
  rm -rf -- "$relm_pipe"
  relm_pipe=
done
if [ -z "$relm_pipe" ]; then
  printf 'there is nowhere to make a pipe in to become %s with: neither %s nor /dev/shm nor /var/tmp nor %s takes a file\n' \
    "$relm_user" "${TMPDIR:-/tmp}" "$HOME" >&2
  exit 1
fi
# Opened both ways first, so that neither end waits for the other.
exec 5<>"$relm_pipe/pipe" 6<"$relm_pipe/pipe" 4>"$relm_pipe/pipe" 5>&-
rm -rf -- "$relm_pipe"
relm_as sh -c "$relm_theirs" <&6 4>&- &
relm_job=$!
exec 6<&-
trap 'exec 4>&-; wait "$relm_job"; exit 143' HUP INT TERM
trap : PIPE
{
  # Whatever sudo asks for after that gets nothing, and no word of the script.
  [ "$relm_by" != password ] || printf '%s\n\n\n\n\n\n\n\n\n\n' "$relm_password"
  printf 'relm-begins\n%s\n%s\n' "$relm_length" "$relm_script"
} 2>/dev/null >&4
wait "$relm_job"
exit "$?"
