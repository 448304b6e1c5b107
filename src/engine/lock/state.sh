# Functions that tell who holds an environment.
#
# .relm/lock holds a directory for each holder, 1, 2, 3 …: the newest counts, and it stays when its time is over, so that
# no number is ever given twice. In it: owner, keeper (the process whose life is the lock's life), token (taken away
# when the time is over), running (a file for each command, named after its process group), beat, out.

# lock_start PID: sets lock_since to when a process started, which tells it from a later one of the same number. To nothing
# for one that has ended and waits for its parent to take notice.
lock_start() {
  lock_since=
  read -r stat <"/proc/$1/stat" || return
  # shellcheck disable=SC2086 # words are wanted
  set -- ${stat##*) } && [ "$1" != Z ] && lock_since=${20}
} 2>/dev/null

# lock_newest LOCKS: sets newest to the newest holder's number, 0 if there never was one.
lock_newest() {
  newest=0
  for holder in "$1"/[0-9]*; do
    if [ "${holder##*/}" -gt "$newest" ] 2>/dev/null; then newest=${holder##*/}; fi
  done
}

# lock_kept HOLDER: its keeper lives.
lock_kept() {
  { read -r keeper started way <"$1/keeper"; } 2>/dev/null || return
  if [ "$way" = flock ] && command -v flock >/dev/null 2>&1; then
    # Shared, so that two who ask at once do not take each other for the keeper.
    ! flock -s -n "$1/flock" true 2>/dev/null
  else
    lock_start "$keeper"
    [ -n "$started" ] && [ "$lock_since" = "$started" ]
  fi
}

# lock_running HOLDER: "GROUP STEP" a line for each command of its run that still runs.
lock_running() {
  for entry in "$1"/running/*; do
    [ -e "$entry" ] || continue
    group=${entry##*/} started='' step=''
    read -r started step <"$entry"
    # On a full disk the file is there and says nothing: then whatever bears the number counts.
    if [ -n "$started" ] && [ -e "/proc/$group" ]; then
      lock_start "$group"
      [ "$lock_since" = "$started" ] || continue
    else
      kill -s 0 -- "-$group" 2>/dev/null || kill -s 0 "-$group" 2>/dev/null || continue
    fi
    printf '%s %s\n' "$group" "$step"
  done
}

# lock_runs HOLDER: sets running to what lock_running tells; without a process where nothing is registered.
lock_runs() {
  running=
  for entry in "$1"/running/*; do
    if [ -e "$entry" ]; then running=$(lock_running "$1"); return; fi
  done
}

# lock_tell LOCKS: a line a fact about who holds it: "by OWNER", "release NAME", "gone" when its relm has closed the
# connection, "running GROUP STEP", and "taken OWNER" when a person has taken it across runs. Nothing if it is free.
lock_tell() {
  lock_newest "$1"
  if [ "$newest" -gt 0 ]; then
    # First the token, then what runs: what registers after the look at it finds it gone.
    held=
    if [ -e "$1/$newest/token" ] && lock_kept "$1/$newest"; then held=yes; fi
    lock_runs "$1/$newest"
    if [ -n "$held$running" ]; then
      read -r owner <"$1/$newest/owner" && printf 'by %s\n' "$owner"
      if [ -s "$1/$newest/release" ]; then read -r release <"$1/$newest/release" && printf 'release %s\n' "$release"; fi
      if [ -e "$1/$newest/gone" ] || ! [ -e "$1/$newest/token" ]; then printf 'gone\n'; fi
      [ -z "$running" ] || printf '%s\n' "$running" | sed 's/^/running /'
    fi
  fi
  lock_tell_taken "$1"
}

# lock_tell_taken LOCKS: the last of these lines alone.
lock_tell_taken() {
  if [ -s "$1/taken" ]; then read -r owner <"$1/taken" && printf 'taken %s\n' "$owner"; fi
  return 0
}
