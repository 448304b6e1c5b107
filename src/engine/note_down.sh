# relm_note_down LINE: adds a line to the notes beside the history of what is live, in the directory of the environment: however
# many there are, they push no switch out of what is read of it. Says where that cannot be done, and fails.
relm_note_down() {
  # A power cut may have left the last line without its end.
  relm_is_whole .relm/notes.jsonl || printf '\n' >>.relm/notes.jsonl
  printf '%s\n' "$1" >>.relm/notes.jsonl && { sync .relm/notes.jsonl 2>/dev/null || sync; } || {
    printf 'this could not be written into the history\n' >&2
    return 1
  }
}
