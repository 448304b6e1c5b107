# Runs a step's script and writes down what it made, so that whatever is touched later can be told and laid to a step.
# In: relm_tree, relm_sealed (the record's directory), relm_step, relm_makes (code|files), relm_good (exit codes that
# are no failure), relm_script.
# Beside the record: `listing`, the tree when a step last ended, and `seals`, a line an entry that a step changed:
# gone|made, the step, its line of the listing, with tabs between; the last line about a path counts.
relm_seal() (
  cd -- "$relm_sealed" 2>/dev/null || exit 0
  LC_ALL=C; export LC_ALL
  tab=$(printf '\t')
  relm_listing "$relm_tree" >listing.now || exit
  case $relm_makes in
    code) : >seals.new && cp -- listing.now listing.new || exit ;;
    *)
      # Each line of one listing that the other has not.
      sort -- listing.was listing.now listing.now | uniq -u >gone.now || exit
      sort -- listing.was listing.was listing.now | uniq -u >made.now || exit
      { if [ -e seals ]; then cat seals; fi
        sed "s/^/gone$tab$relm_step$tab/" gone.now && sed "s/^/made$tab$relm_step$tab/" made.now; } >seals.new || exit
      { sort -- listing gone.now gone.now | uniq -u && cat made.now; } >listing.new || exit ;;
  esac
  # In this order: what is sealed twice is sealed all the same.
  mv -f -- seals.new seals && mv -f -- listing.new listing || exit
  # A release that is being built is flushed when it is complete. What comes after must be on the disk before the flip,
  # or before the run says that it is done.
  case $(cat state 2>/dev/null) in
    building*|failed*) ;;
    *) if [ -s gone.now ] || [ -s made.now ]; then for place in "$relm_tree" .; do sync -f "$place" 2>/dev/null || sync; done; fi ;;
  esac
  rm -f -- listing.was listing.now gone.now made.now
)
if [ "$relm_makes" = files ] && [ -d "$relm_sealed" ]; then
  # While a release is built, everything in it is the work of its steps: also what one left that was killed and is run
  # again now. Later, what others did before this step is not its work.
  case $(cat "$relm_sealed/state" 2>/dev/null)$([ -e "$relm_sealed/listing" ] && echo ' sealed') in
    building*sealed|failed*sealed) cp -- "$relm_sealed/listing" "$relm_sealed/listing.was" || exit ;;
    *sealed) relm_listing "$relm_tree" >"$relm_sealed/listing.was" || exit ;;
    *) relm_listing "$relm_tree" >"$relm_sealed/listing.was" && cp -- "$relm_sealed/listing.was" "$relm_sealed/listing" || exit ;;
  esac
fi
(
eval "$relm_script"
)
relm_status=$?
case " $relm_good " in *" $relm_status "*)
  relm_seal || { printf 'what the step made cannot be written down\n' >&2; exit 1; } ;;
esac
exit "$relm_status"
