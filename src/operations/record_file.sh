# relm_tell_file: has the file for other programs say what is live: a line for each release that went live, its path, the last
# one what is live now. Where it cannot, it says so on standard output, and fails.
# In: relm_record_file (inside base; nothing: there is no such file), and of the flip base, target, expected, left and put_back.
relm_tell_file() {
  [ -n "$relm_record_file" ] || return 0
  # Whatever stands in the way, what is live is written down elsewhere.
  relm_write_file 2>/dev/null && return
  rm -f -- "$relm_record_file.relm-new" 2>/dev/null
  printf '%s/%s could not be written: it does not say what is live\n' "$base" "$relm_record_file"
  return 1
}
relm_write_file() {
  case $relm_record_file in */*) mkdir -p -- "${relm_record_file%/*}" || return ;; esac
  relm_lines=
  if [ -e "$relm_record_file" ]; then
    # A link is replaced by a file, and not followed.
    [ -f "$relm_record_file" ] || return
    relm_lines=$(cat -- "$relm_record_file") || return
  fi
  { [ -z "$relm_lines" ] || printf '%s\n' "$relm_lines" | relm_good_lines; } >"$relm_record_file.relm-new" || return
  if [ -n "$target" ] && [ "$(tail -n 1 -- "$relm_record_file.relm-new")" != "$base/$target" ]; then
    printf '%s\n' "$base/$target" >>"$relm_record_file.relm-new" || return
  fi
  mv -f -T -- "$relm_record_file.relm-new" "$relm_record_file"
}
# relm_good_lines: the lines on standard input without those of a release that turned out bad.
relm_good_lines() {
  if [ "$expected" = "$target" ]; then
    cat
  elif [ -n "$put_back" ]; then
    # Only what it has just gained: it may have been a good one before.
    if [ "$(tail -n 1 -- "$relm_record_file")" = "$base/$expected" ]; then sed '$d'; else cat; fi
  elif [ -n "$left" ]; then
    grep -v -x -F -e "$base/$expected"
    [ $? -le 1 ]
  else
    cat
  fi
}
