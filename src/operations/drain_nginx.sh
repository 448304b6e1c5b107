# Takes a host out of nginx's upstreams, or in: its lines `server HOST…;` become comments and lines again. What nginx does not
# accept, an upstream without a server for one, is put back.
# In: relm_file, relm_test, relm_reload, relm_out (not empty: out), relm_wait (seconds); RELM_SERVER, what the host is called.
relm_fail() { printf '%s\n' "$*" >&2; exit 1; }
case $relm_file in /*) ;; *) relm_file=$HOME/$relm_file ;; esac
relm_file=$(readlink -f -- "$relm_file") && [ -f "$relm_file" ] || relm_fail "$relm_file is not there"
relm_mark='#relm:out '

# relm_is_it WORDS…: a line of this host, and not of one whose name begins like its own.
relm_is_it() {
  [ "$1" = server ] || return 1
  relm_word=${2%;}
  [ "$relm_word" = "$RELM_SERVER" ] || [ "${relm_word%:*}" = "$RELM_SERVER" ]
}

# relm_edit: the file as it is to be; the number of lines that are others goes to standard error.
relm_edit() {
  relm_count=0 relm_found=0
  while IFS= read -r relm_line || [ -n "$relm_line" ]; do
    relm_bare=${relm_line#"$relm_mark"}
    set -f
    # shellcheck disable=SC2086 # its words
    set -- $relm_bare
    set +f
    if [ "$#" -ge 2 ] && relm_is_it "$@"; then
      relm_found=$((relm_found + 1))
      if [ -n "$relm_out" ]; then relm_bare=$relm_mark$relm_bare; fi
      if [ "$relm_bare" != "$relm_line" ]; then relm_count=$((relm_count + 1)); fi
      relm_line=$relm_bare
    fi
    printf '%s\n' "$relm_line" || return 1
  done <"$relm_file"
  printf '%s %s\n' "$relm_count" "$relm_found" >&2
}

# One at a time: who drains for another component or environment edits the same file. The turn is a link, which nobody can
# make twice, to "PID-SINCE" of whoever has it. A script that was killed leaves it: then nobody has it any more.
relm_directory=${relm_file%/*}
relm_turn=$relm_directory/.relm-turn-${relm_file##*/}
relm_has_turn() {
  # Where processes of others are hidden nobody knows.
  [ -r /proc/1/stat ] || return 0
  lock_start "${1%-*}"
  [ -n "$lock_since" ] && [ "$lock_since" = "${1##*-}" ]
}
relm_take_turn() {
  [ -w "$relm_directory" ] || relm_fail "$relm_directory cannot be written"
  lock_start "$$"
  relm_me=$$-$lock_since relm_tries=0
  until ln -s -- "$relm_me" "$relm_turn" 2>/dev/null; do
    relm_tries=$((relm_tries + 1))
    relm_other=$(readlink -- "$relm_turn")
    [ "$relm_tries" -lt 600 ] ||
      relm_fail "another drain has been at work on $relm_file for 2 minutes (process ${relm_other%-*}); if none is: rm $relm_turn*"
    # Who takes away what was left has that turn alone: the link may be another's by now.
    if [ -n "$relm_other" ] && ! relm_has_turn "$relm_other" && ln -s -- "$relm_me" "$relm_turn-left" 2>/dev/null; then
      if [ "$(readlink -- "$relm_turn")" = "$relm_other" ]; then rm -f -- "$relm_turn"; fi
      rm -f -- "$relm_turn-left"
    else
      sleep 0.2 || sleep 1
    fi
  done
}

relm_take_turn
# Names that begin with a dot: no `include` of a whole directory takes them.
relm_new=${relm_file%/*}/.relm-new-$$ relm_old=${relm_file%/*}/.relm-old-$$
relm_again=${relm_file%/*}/.relm-again-$$
trap 'rm -f -- "$relm_new" "$relm_old" "$relm_again" "$relm_turn"' EXIT
# Copies of it, so that mode and owner stay what they are.
cp -p -- "$relm_file" "$relm_old" && cp -p -- "$relm_file" "$relm_new" || exit 1
relm_counts=$(relm_edit 2>&1 >"$relm_new") || exit 1
relm_count=${relm_counts% *} relm_found=${relm_counts#* }
[ "$relm_found" -gt 0 ] || relm_fail "$relm_file has no line \"server $RELM_SERVER…;\""
# A run that was cut off may not have come to the reload.
if [ "$relm_count" -eq 0 ] && [ -n "$relm_out" ]; then relm_is_done=90; else relm_is_done=0; fi
if [ -n "$relm_out" ]; then relm_how=without; else relm_how=with; fi
cp -p -- "$relm_new" "$relm_again" && mv -f -T -- "$relm_new" "$relm_file" || exit 1
if ! relm_said=$( ( eval "$relm_test" ) </dev/null 2>&1 ); then
  printf '%s\n' "$relm_said" >&2
  mv -f -T -- "$relm_old" "$relm_file"
  # A host must not stay out because of what somebody else wrote.
  if [ -z "$relm_out" ] && ! ( eval "$relm_test" ) </dev/null >/dev/null 2>&1; then
    mv -f -T -- "$relm_again" "$relm_file"
    relm_fail "nginx refuses its configuration, and did so before: $RELM_SERVER stands in $relm_file again, and serves when nginx is reloaded"
  fi
  relm_fail "nginx refuses $relm_file $relm_how $RELM_SERVER; it is as it was"
fi
if ! relm_said=$( ( eval "$relm_reload" ) </dev/null 2>&1 ); then
  printf '%s\n' "$relm_said" >&2
  mv -f -T -- "$relm_old" "$relm_file"
  ( eval "$relm_reload" ) </dev/null >/dev/null 2>&1
  relm_fail "nginx did not reload; $relm_file is as it was"
fi
rm -f -- "$relm_turn"
trap - EXIT
rm -f -- "$relm_new" "$relm_old" "$relm_again"
if [ -n "$relm_out" ]; then sleep "$relm_wait"; fi
exit "$relm_is_done"
