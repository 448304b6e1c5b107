# relm_journal LINE: adds a line to the release's journal. In: relm_record.
relm_journal() {
  # A line that a power cut left without its end must not swallow this one.
  if [ "$relm_whole" != "$relm_record" ] && ! relm_is_whole "$relm_record/steps"; then
    printf '\n' >>"$relm_record/steps" || return
  fi
  relm_whole=
  printf '%s\n' "$1" >>"$relm_record/steps" && relm_whole=$relm_record
}
# relm_journal_flushed LINE: for lines that take back what stands above them: lost in a power cut, they would leave a
# step done that is not. A lost `done` only has its step run again, which every operation allows, so it is not worth a
# flush for each step; what is complete is flushed as a whole.
relm_journal_flushed() {
  relm_journal "$1" && { sync "$relm_record/steps" "$relm_record" 2>/dev/null || sync; }
}
