# Fails where a file that is to run again has never run, or where nobody knows how it ended. In: relm_files (the ledger, see
# sql_ledger.sh); arguments: paths.
relm_wrong=
for relm_path in "$@"; do
  relm_last "$relm_path"
  case $relm_word in
    done | failed) printf '%s is %s with %s, and runs again\n' "$relm_path" "$relm_word" "${relm_by%@*}" ;;
    '')
      relm_wrong=yes
      printf '%s has never run here, so it cannot run again: is it written as %s has it?\n' "$relm_path" "$relm_files" >&2 ;;
    *)
      relm_wrong=yes
      relm_in_doubt "$relm_path" "$relm_was" ;;
  esac
done
[ -z "$relm_wrong" ]
