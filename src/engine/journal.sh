# relm_journal LINE: adds a line to the release's journal. In: relm_record.
relm_journal() {
  # A line that a power cut left without its end must not swallow this one.
  if [ -s "$relm_record/steps" ] && [ "$(tail -c 1 "$relm_record/steps" | wc -l)" -eq 0 ]; then
    printf '\n' >>"$relm_record/steps" || return
  fi
  printf '%s\n' "$1" >>"$relm_record/steps"
}
