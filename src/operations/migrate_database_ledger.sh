# Writes down what is about to be migrated: a rollback names it, also when it came to half of it only.
# In: relm_base, relm_name, relm_step, relm_began (when, by the controller's clock), relm_found (what is pending, a line each; nothing if that is not known).
mkdir -p -- "$relm_base/.relm" || exit
relm_ledger=$relm_base/.relm/migrations
# A line that a power cut left without its end must not swallow these.
relm_is_whole "$relm_ledger" || printf '\n' >>"$relm_ledger" || exit
printf '%s\n' "$relm_found" | while IFS= read -r relm_line; do
  printf '%s %s@%s %s\n' "$relm_name" "$relm_step" "$relm_began" "$relm_line" || exit
done >>"$relm_ledger" || exit
sync "$relm_ledger" 2>/dev/null || sync
