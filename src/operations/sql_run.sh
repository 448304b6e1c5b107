# Gives the files of relm_found to relm_run, one after the other, until one fails.
relm_told() {
  printf '%s %s %s@%s %s\n' "$1" "$relm_sum" "$relm_name" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$relm_path" >>"$relm_files" &&
    { sync "$relm_files" 2>/dev/null || sync; }
}
(
  # After a power cut the last line may lack its end; the next one must not become part of it.
  relm_is_whole "$relm_files" || printf '\n' >>"$relm_files" || exit
  while IFS= read -r relm_path; do
    relm_sum=$(sha256sum <"./$relm_sql/$relm_path") || exit
    relm_sum=${relm_sum%% *}
    printf '%s\n' "$relm_path"
    relm_told begun || exit
    RELM_SQL=$relm_release/$relm_sql/$relm_path
    export RELM_SQL
    relm_run <"./$relm_sql/$relm_path"
    relm_code=$?
    if [ "$relm_code" -ne 0 ]; then
      relm_told failed
      printf '%s failed\n' "$relm_path" >&2
      exit "$relm_code"
    fi
    relm_told 'done' || exit
  done <<END
$relm_found
END
)
