# Stands behind a job's command, whose exit code is in relm_code.
printf '%s\n' "$relm_code" >"$relm_own/exit.new" && mv -- "$relm_own/exit.new" "$relm_own/exit"
