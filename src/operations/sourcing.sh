# Sources a host's files before a command of the app's: every value they set is exported. Nothing they print or complain of is
# shown, because values may stand in it.
# In: relm_sources, a path a line; with a `?` behind it, the file may be missing.
relm_source() {
  relm_nl='
'
  while [ -n "$relm_sources" ]; do
    case $relm_sources in
      *"$relm_nl"*) relm_file=${relm_sources%%"$relm_nl"*} relm_sources=${relm_sources#*"$relm_nl"} ;;
      *) relm_file=$relm_sources relm_sources= ;;
    esac
    relm_needed=yes
    case $relm_file in *\?) relm_needed="" relm_file=${relm_file%\?} ;; esac
    case $relm_file in "~"/*) relm_file=$HOME/${relm_file#??} ;; esac
    if [ ! -f "$relm_file" ] || [ ! -r "$relm_file" ]; then
      if [ ! -e "$relm_file" ] && [ -z "$relm_needed" ]; then continue; fi
      printf '%s, one of source_files, cannot be read here\n' "$relm_file" >&2
      exit 126
    fi
    exec 9>&2
    # Not every shell ends over what it cannot read.
    sh -n "$relm_file" </dev/null >/dev/null 2>&1 || relm_unsourced
    # What ends the shell must not end the step without a word.
    relm_sourced=
    trap '[ -n "$relm_sourced" ] || relm_unsourced' EXIT
    set -a
    command eval '. "$relm_file"; set +aefuxC; relm_sourced=yes' </dev/null >/dev/null 2>&1
    set +aefuxC
    # Only values are for the command: it must not be read in another way than without the file.
    unset IFS
    unalias -a 2>/dev/null
    trap - EXIT
    [ -n "$relm_sourced" ] || relm_unsourced
    exec 9>&-
  done
}
relm_unsourced() {
  printf '%s, one of source_files, is nothing that sh can source\n' "$relm_file" >&9
  exit 126
}
