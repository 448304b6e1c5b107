# relm_note_down LINE: adds a line to the notes beside the history of what is live, in the directory of the environment: however
# many there are, they push no switch out of what is read of it. Where that cannot be done it says so, and fails nothing.
relm_note_down() {
  # A power cut may have left the last line without its end.
  if [ -s .relm/notes.jsonl ] && [ "$(tail -c 1 .relm/notes.jsonl | wc -l)" -eq 0 ]; then
    printf '\n' >>.relm/notes.jsonl
  fi
  printf '%s\n' "$1" >>.relm/notes.jsonl && { sync .relm/notes.jsonl 2>/dev/null || sync; } || {
    printf 'this could not be written into the history\n' >&2
  }
}
