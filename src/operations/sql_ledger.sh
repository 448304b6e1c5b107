# What has run. In: relm_files (a file with a line for each time one was begun, done or failed: a word, its hash, RELEASE@TIME and
# its path; older lines, and those that people add, may have no time).

# relm_last PATH: what was said last of it: relm_word (nothing if it is not there), relm_was (its hash then) and relm_by.
relm_last() {
  relm_word='' relm_was='' relm_by=''
  [ -e "$relm_files" ] || return 0
  [ -r "$relm_files" ] || { printf '%s cannot be read\n' "$relm_files" >&2; exit 1; }
  while read -r relm_w relm_h relm_r relm_p; do
    if [ "$relm_p" = "$1" ]; then relm_word=$relm_w relm_was=$relm_h relm_by=$relm_r; fi
  done <"$relm_files"
}

# relm_in_doubt PATH HASH: says what to do about one that was begun.
relm_in_doubt() {
  printf '%s was begun with %s and nobody knows how it ended: look, and then add a line to %s:\n' \
    "$1" "${relm_by%@*}" "$relm_files" >&2
  printf '  done %s %s %s   (or failed instead of done, to run it again)\n' "$2" "$relm_by" "$1" >&2
}
