# relm_tell_file [AGAIN]: has the file for other programs say what is live: a line for each release that went live, its path,
# the last one what is live now. Where it cannot, it says so on standard output, and fails. AGAIN, if the flip itself was made
# before.
# In: relm_record_file (inside base; nothing: there is no such file), and of the flip base, target, expected, left and put_back.
relm_tell_file() {
  [ -n "$relm_record_file" ] || return 0
  # Whatever stands in the way, what is live is written down elsewhere.
  relm_write_file "$1" 2>/dev/null && return
  rm -f -- "$relm_record_file.relm-new" 2>/dev/null
  printf '%s/%s could not be written: it does not say what is live\n' "$base" "$relm_record_file"
  return 1
}
# What the file said before the last flip that wrote it; the first line says which flip: FROM TO.
relm_said=.relm/record_file.was
relm_write_file() {
  case $relm_record_file in */*) mkdir -p -- "${relm_record_file%/*}" || return ;; esac
  relm_lines=
  if [ -e "$relm_record_file" ]; then
    # A link is replaced by a file, and not followed.
    [ -f "$relm_record_file" ] || return
    relm_lines=$(cat -- "$relm_record_file") || return
  fi
  relm_flip="${expected:--} ${target:--}"
  if [ -n "$put_back" ]; then
    relm_flip="${target:--} ${expected:--}"
  elif [ "$expected" != "$target" ] && ! { [ -n "$1" ] && relm_is_of "$relm_flip"; }; then
    # Without it, what is put back later goes by the last line.
    { printf '%s\n' "$relm_flip" && { [ -z "$relm_lines" ] || printf '%s\n' "$relm_lines"; }; } >"$relm_said.new" && flush "$relm_said.new" &&
      mv -f -T -- "$relm_said.new" "$relm_said" || rm -f -- "$relm_said.new" "$relm_said"
  fi
  { [ -z "$relm_lines" ] || printf '%s\n' "$relm_lines" | relm_good_lines; } >"$relm_record_file.relm-new" || return
  if [ -n "$target" ] && [ "$(tail -n 1 -- "$relm_record_file.relm-new")" != "$base/$target" ]; then
    printf '%s\n' "$base/$target" >>"$relm_record_file.relm-new" || return
  fi
  # A power cut must leave the one or the other, and no empty file.
  flush "$relm_record_file.relm-new" && mv -f -T -- "$relm_record_file.relm-new" "$relm_record_file" || return
  [ -z "$put_back" ] || rm -f -- "$relm_said"
}
# relm_is_of FLIP: says whether what is kept is what the file said before that.
relm_is_of() { [ -f "$relm_said" ] && [ "$(head -n 1 -- "$relm_said")" = "$1" ]; }
# relm_good_lines: the lines on standard input without those of a release that turned out bad.
relm_good_lines() {
  if [ "$expected" = "$target" ]; then
    cat
  elif [ -n "$put_back" ]; then
    if relm_is_of "$relm_flip"; then
      cat >/dev/null
      sed 1d "$relm_said"
    # Only what it has just gained: it may have been a good one before.
    elif [ "$(tail -n 1 -- "$relm_record_file")" = "$base/$expected" ]; then sed '$d'; else cat; fi
  elif [ -n "$left" ]; then
    grep -v -x -F -e "$base/$expected"
    [ $? -le 1 ]
  else
    cat
  fi
}
