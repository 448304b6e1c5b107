# Finds the files that a database has not been given yet: relm_found, a path a line. Fails where that cannot be told.
# In: relm_release, relm_name (the release's), relm_sql (the directory in it), relm_base, relm_step, relm_again (files that are
# done and wanted once more, a path a line).
cd -- "$relm_release" || exit
relm_files=$relm_base/.relm/sql-$relm_step
[ -d "./$relm_sql" ] || { printf '%s is no directory of the release\n' "$relm_sql" >&2; exit 1; }
printf '' | sort -V >/dev/null 2>&1 || { printf 'sort knows no -V here, which orders versions\n' >&2; exit 1; }
# From inside, so that a path begins with nothing but its name.
relm_all=$(cd -- "./$relm_sql" && find . -type f -name '*.sql' | sed 's,^\./,,' | LC_ALL=C sort -V) || exit
relm_found='' relm_wrong='' relm_nl='
'
while IFS= read -r relm_path; do
  [ -n "$relm_path" ] || continue
  # The ledger's lines are read word by word.
  case $relm_path in *[!A-Za-z0-9._/+=@-]*)
    printf '%s: only letters, digits and . _ / + = @ - can stand in the name of such a file\n' "$relm_path" >&2
    exit 1 ;;
  esac
  relm_sum=$(sha256sum <"./$relm_sql/$relm_path") || exit
  relm_sum=${relm_sum%% *}
  relm_last "$relm_path"
  # Whoever goes on with the run that has run it again does not want that twice.
  case $relm_word$relm_nl$relm_nl$relm_again$relm_nl in
    "done$relm_nl"*"$relm_nl$relm_path$relm_nl"*)
      if [ "${relm_by%@*}" != "$relm_name" ]; then relm_word=again; fi ;;
  esac
  case $relm_word in
    done)
      if [ "$relm_was" != "$relm_sum" ]; then
        relm_wrong=yes
        printf '%s ran with %s and has been changed since: write a new file, or have it run again with --redo\n' "$relm_path" "${relm_by%@*}" >&2
      fi ;;
    '' | failed | again) relm_found="$relm_found$relm_path
" ;;
    *)
      relm_wrong=yes
      relm_in_doubt "$relm_path" "$relm_sum" ;;
  esac
done <<END
$relm_all
END
while IFS= read -r relm_path; do
  case $relm_nl$relm_all$relm_nl in
    *"$relm_nl$relm_path$relm_nl"*) continue ;;
  esac
  [ -n "$relm_path" ] || continue
  relm_wrong=yes
  printf '%s cannot run again: it is not in %s of this release\n' "$relm_path" "$relm_sql" >&2
done <<END
$relm_again
END
[ -z "$relm_wrong" ] || exit 1
[ -n "$relm_found" ] || { printf 'nothing is pending\n'; exit 91; }
relm_found=${relm_found%?}
