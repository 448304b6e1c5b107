# Finds the files that a database has not been given yet: relm_found, a path a line. Fails where that cannot be told.
# In: relm_release, relm_sql (the directory in it), relm_base, relm_step.
# The ledger has a line for each time a file was begun, done or failed: a word, its hash, the release and its path.
cd -- "$relm_release" || exit
relm_files=$relm_base/.relm/sql-$relm_step
[ -d "./$relm_sql" ] || { printf '%s is no directory of the release\n' "$relm_sql" >&2; exit 1; }
[ ! -e "$relm_files" ] || [ -r "$relm_files" ] || { printf '%s cannot be read\n' "$relm_files" >&2; exit 1; }
printf '' | sort -V >/dev/null 2>&1 || { printf 'sort knows no -V here, which orders versions\n' >&2; exit 1; }
# From inside, so that a path begins with nothing but its name.
relm_all=$(cd -- "./$relm_sql" && find . -type f -name '*.sql' | sed 's,^\./,,' | LC_ALL=C sort -V) || exit
relm_found='' relm_wrong=''
while IFS= read -r relm_path; do
  [ -n "$relm_path" ] || continue
  # The ledger's lines are read word by word.
  case $relm_path in *[!A-Za-z0-9._/+=@-]*)
    printf '%s: only letters, digits and . _ / + = @ - can stand in the name of such a file\n' "$relm_path" >&2
    exit 1 ;;
  esac
  relm_sum=$(sha256sum <"./$relm_sql/$relm_path") || exit
  relm_sum=${relm_sum%% *} relm_word='' relm_was=''
  if [ -e "$relm_files" ]; then
    while read -r relm_w relm_h relm_r relm_p; do
      if [ "$relm_p" = "$relm_path" ]; then relm_word=$relm_w relm_was=$relm_h relm_by=$relm_r; fi
    done <"$relm_files"
  fi
  case $relm_word in
    done)
      if [ "$relm_was" != "$relm_sum" ]; then
        relm_wrong=yes
        printf '%s ran with %s and has been changed since: write a new file\n' "$relm_path" "$relm_by" >&2
      fi ;;
    '' | failed) relm_found="$relm_found$relm_path
" ;;
    *)
      relm_wrong=yes
      printf '%s was begun with %s and nobody knows how it ended: look, and then add a line to %s:\n' \
        "$relm_path" "$relm_by" "$relm_files" >&2
      printf '  done %s %s %s   (or failed instead of done, to run it again)\n' "$relm_sum" "$relm_by" "$relm_path" >&2 ;;
  esac
done <<END
$relm_all
END
[ -z "$relm_wrong" ] || exit 1
[ -n "$relm_found" ] || { printf 'nothing is pending\n'; exit 91; }
relm_found=${relm_found%?}
