# Ends this run's time. In: relm_lock, relm_token. Only what is ours: the directory may be another's by now.
if ! { { read -r now <"$relm_lock/token"; } 2>/dev/null && [ "$now" = "$relm_token" ]; }; then
  # No number is given twice, so what was kept here is this run's in any case.
  [ -n "$relm_keeps_output" ] || rm -rf -- "$relm_lock/out"
  exit 93
fi
# On a disk that cannot be written any more the token stays, and the lock ends with its keeper's life.
# Where this is part of a script whose output is kept there, that goes when it has been heard.
if [ -n "$relm_keeps_output" ]; then rm -f -- "$relm_lock/token"; else rm -rf -- "$relm_lock/token" "$relm_lock/out"; fi
ahead_end
# Room for the locks, the history and the links of a rollback, for the day on which the disk is full.
if ! [ -e "$relm_lock/../reserve" ]; then
  dd if=/dev/zero of="$relm_lock/../reserve" bs=1024 count=256 2>/dev/null || rm -f -- "$relm_lock/../reserve"
fi
# The keeper would see it within a second. Nothing of relm's should be left when relm has ended; but what still runs
# has to be waited for.
lock_runs "$relm_lock"
[ -z "$running" ] && read -r keeper started _ <"$relm_lock/keeper" && lock_start "$keeper" && [ "$lock_since" = "$started" ] || exit 0
read -r _ _ _ _ group _ <"/proc/$keeper/stat" && read -r _ _ _ _ own _ <"/proc/$$/stat" || exit 0
# Its group has what it waits with, and, where there is no setsid, us.
if [ "$group" != "$own" ]; then
  kill -s TERM -- "-$group" 2>/dev/null || kill -s TERM "-$group" 2>/dev/null
fi
kill -s TERM "$keeper" 2>/dev/null
exit 0
