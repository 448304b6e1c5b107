# Behind the backup.
relm_code=$?
if [ "$relm_code" -ne 0 ]; then
  printf 'the backup failed (exit code %s), so nothing was migrated\n' "$relm_code" >&2
  exit 1
fi
