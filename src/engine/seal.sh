# Writes down what a step made, so that whatever is touched later can be told and laid to a step.
# In: relm_tree, relm_record, relm_step, relm_makes (code|files, or nothing).
# Beside the record: `listing`, the tree when a step last ended, and `seals`, a line an entry that a step changed:
# gone|made, the step, its line of the listing, with tabs between; the last line about a path counts.

# relm_state: the record's state, its first word.
relm_state() { relm_is=; { read -r relm_is _ <"$relm_record/state"; } 2>/dev/null; }

relm_seal_before() {
  [ "$relm_makes" = files ] && [ -d "$relm_record" ] || return 0
  relm_state
  # While a release is built, everything in it is the work of its steps: also what one left that was killed and is run
  # again now. Later, what others did before this step is not its work.
  case $relm_is$([ -e "$relm_record/listing" ] && echo ' sealed') in
    building*sealed|failed*sealed) cp -- "$relm_record/listing" "$relm_record/listing.was" ;;
    *sealed) relm_listing "$relm_tree" >"$relm_record/listing.was" ;;
    *) relm_listing "$relm_tree" >"$relm_record/listing.was" && cp -- "$relm_record/listing.was" "$relm_record/listing" ;;
  esac
}

relm_seal_after() { [ -z "$relm_makes" ] || relm_seal; }

relm_seal() (
  cd -- "$relm_record" 2>/dev/null || exit 0
  LC_ALL=C; export LC_ALL
  if [ "$relm_makes" = code ]; then
    # What made the code may have listed it on the way, before it looked at the contents.
    [ -e listing.made ] || relm_listing "$relm_tree" >listing.made || exit
    if [ -s seals ]; then rm -f -- seals || exit; fi
    mv -f -- listing.made listing
    exit
  fi
  tab=$(printf '\t')
  relm_listing "$relm_tree" >listing.now || exit
  # Each line of one listing that the other has not.
  sort -- listing.was listing.now listing.now | uniq -u >gone.now || exit
  sort -- listing.was listing.was listing.now | uniq -u >made.now || exit
  { if [ -e seals ]; then cat seals; fi
    sed "s/^/gone$tab$relm_step$tab/" gone.now && sed "s/^/made$tab$relm_step$tab/" made.now; } >seals.new || exit
  { sort -- listing gone.now gone.now | uniq -u && cat made.now; } >listing.new || exit
  # In this order: what is sealed twice is sealed all the same.
  mv -f -- seals.new seals && mv -f -- listing.new listing || exit
  # A release that is being built is flushed when it is complete. What comes after must be on the disk before the flip,
  # or before the run says that it is done.
  relm_state
  case $relm_is in
    building|failed) ;;
    *) if [ -s gone.now ] || [ -s made.now ]; then for place in "$relm_tree" .; do sync -f "$place" 2>/dev/null || sync; done; fi ;;
  esac
  rm -f -- listing.was listing.now gone.now made.now
)
