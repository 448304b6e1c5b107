# Stands before a job's command, in a session of the job's own. In: relm_job (its directory; of no interest
# to the command), relm_umask (that of the command; its own files are private), relm_directory.
relm_own=$relm_job relm_own_umask=$relm_umask
unset relm_job relm_umask
# Ended by a signal it writes down all the same how the command ended.
trap : HUP INT TERM
lock_start "$$"
printf '%s %s %s\n' "$$" "$lock_since" "$(cat /proc/sys/kernel/random/boot_id)" >"$relm_own/process.new" || exit
# As long as it stands in the release, no clean removes that.
cd -- "$relm_directory" && mv -- "$relm_own/process.new" "$relm_own/process" || exit
umask "$relm_own_umask"
