# Takes an environment's lock, or exits with 95 after telling who has it.
# In: root, env, owner (JSON on one line), token, grace and silence (seconds).

# Says whether the time of the holder $1 is not over.
is_mine() { { read -r now <"$1/token"; } 2>/dev/null && [ "$now" = "$token" ]; }

# The keeper: a process that lives as long as the lock. It ends the lock when relm takes the token away, or when nothing is
# heard of relm for too long; but never while something runs under it, which goes on to its end without relm. What it
# starts must not inherit the lock: it would outlive a killed keeper.
keep() {
  trap '' HUP INT QUIT
  tries=0
  while [ -e "$2" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then rm -rf -- "$2"; exit; fi
    sleep 0.1 9>&- || sleep 1 9>&-
  done
  silent=0
  while is_mine "$1"; do
    sleep 1 9>&-
    # shellcheck disable=SC3013 # not of POSIX, but every shell of Linux has it
    if [ "$1/beat" -nt "$1/seen" ] || [ "$1/beat" -ot "$1/seen" ]; then
      touch -r "$1/beat" -- "$1/seen"
      silent=0
    else
      silent=$((silent + 1))
    fi
    limit=$silence
    if [ -e "$1/gone" ]; then limit=$grace; fi
    if [ "$silent" -ge "$limit" ]; then
      end_late "$1"
      lock_runs "$1"
      [ -z "$running" ] || continue
      # First the token: whatever has not registered by now sees that it is gone, and does nothing.
      is_mine "$1" && rm -f -- "$1/token"
      break
    fi
  done
  second=0
  while lock_runs "$1" && [ -n "$running" ]; do
    if [ -e "$1/stolen" ]; then
      case $second in 0) end_all "$running" TERM ;; 5) end_all "$running" KILL ;; esac
      second=$((second + 1))
    fi
    end_late "$1"
    sleep 1 9>&-
  done
  rm -rf -- "$1/out"
}

# end_all RUNNING SIGNAL: signals what lock_running tells of.
end_all() {
  printf '%s\n' "$1" | while read -r group _; do
    kill -s "$2" -- "-$group" || kill -s "$2" "-$group"
  done
}

# end_late HOLDER: ends what has run for longer than it may. While relm is there it does so itself, a little earlier.
end_late() {
  { read -r now _ </proc/uptime; } 2>/dev/null || return
  for late in "$1"/limits/*; do
    [ -e "$late" ] || continue
    read -r until <"$late" && [ "${now%%.*}" -ge "$until" ] || continue
    case $(lock_running "$1") in *"${late##*/} "*) ;; *) rm -f -- "$late"; continue ;; esac
    if [ "${now%%.*}" -ge $((until + 5)) ]; then end_all "${late##*/}" KILL; else end_all "${late##*/}" TERM; fi
  done
}

[ -d "$base/.relm/lock" ] || mkdir -p -- "$base/.relm/lock" || exit
cd -- "$base/.relm/lock" && cd -P . && locks=$PWD || exit
# First the number, then the look: whoever comes in between has this number, and the claim below fails.
lock_newest "$locks"
number=$((newest + 1))
told=$(lock_tell "$locks")
case $told in by*) printf '%s\n' "$told"; exit 95 ;; esac
# A keeper may have been killed while its run lives on: what that run begins from here on finds its token gone, and what
# it has begun is waited for.
if [ -e "$newest/token" ]; then rm -f -- "$newest/token"; fi
lock_runs "$newest"
if [ -n "$running" ]; then lock_tell "$locks"; exit 95; fi
new=.new-$number-$$
write() {
  if [ -e "$new" ]; then rm -rf -- "$new" || return; fi
  # What the keeper takes for the first sign of life is that `seen` is younger than `beat`.
  mkdir -- "$new" "$new/running" "$new/limits" && mkdir -m 700 -- "$new/out" && printf '%s\n' "$owner" >"$new/owner" &&
    printf '%s\n' "$token" >"$new/token" && true >"$new/beat" && true >"$new/seen" && true >"$new/flock"
}
# Of a full disk what was kept back for this is given up: a rollback or a clean must still be possible.
write || { [ -e reserve ] && rm -f -- reserve && write; } || { rm -rf -- "$new"; exit 1; }
exec 9>>"$new/flock"
way=process
if command -v flock >/dev/null 2>&1 && flock -n 9; then way=flock; fi
# The keeper lives before the lock has its name: nobody may see it without one.
keep "$locks/$number" "$locks/$new" </dev/null >/dev/null 2>&1 &
keeper=$!
exec 9>&-
# Moved in whole: a directory that is there already is never empty, and then this fails.
lock_start "$keeper"
printf '%s %s %s\n' "$keeper" "$lock_since" "$way" >"$new/keeper" && mv -T -- "$new" "$number" 2>/dev/null || {
  kill "$keeper"; rm -rf -- "$new"
  lock_tell "$locks"
  exit 95
}
# Somebody may have come and gone between the look and the claim.
lock_newest "$locks"
if [ "$newest" -ne "$number" ]; then rm -f -- "$number/token"; lock_tell "$locks"; exit 95; fi
set --
for old in .new-* [0-9]*; do
  # What another is making at this moment is left to it: it finds out by itself that it came too late.
  case $old in
    .new-*) [ -e "$old" ] && ! [ -e "/proc/${old##*-}" ] ;;
    *) [ "$old" -lt "$number" ] ;;
  esac || continue
  set -- "$@" "$old"
done
[ $# -eq 0 ] || rm -rf -- "$@"
printf 'held %s\n' "$locks/$number"
lock_tell_taken "$locks"
