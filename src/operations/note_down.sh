# relm_note_down LINE: adds a line to the history of what is live, in the directory of the environment. Where that cannot be
# done it says so, and fails nothing.
relm_note_down() {
  # A power cut may have left the last line without its end.
  if [ -s .relm/history.jsonl ] && [ "$(tail -c 1 .relm/history.jsonl | wc -l)" -eq 0 ]; then
    printf '\n' >>.relm/history.jsonl
  fi
  printf '%s\n' "$1" >>.relm/history.jsonl && { sync .relm/history.jsonl 2>/dev/null || sync; } || {
    printf 'this could not be written into the history\n' >&2
  }
}
