# What stands around steps that share a script: each is announced, runs in a shell of its own, and is then written down,
# in the script that did the work. After a step that fails nothing more is begun.
# In, besides what the fence takes: for each step relm_step, relm_good (exit codes that are no failure), relm_record (the
# release's record, where it is written down; nothing if it is not), relm_hash and relm_phase, relm_undoes
# (not empty: it takes the step back), and relm_tree and relm_makes (code|files|nothing) for its seal.

relm_begins() {
  if [ -n "$relm_lock" ]; then
    relm_holds || relm_stop 93
    relm_register "$relm_step"
  fi
  # Written first: an undo that was begun leaves in doubt what it undoes.
  if [ -n "$relm_undoes" ] && [ -d "$relm_record" ]; then relm_journal_flushed "undone $relm_step"; fi
  relm_seal_before || relm_stop 1
}

relm_ends() {
  relm_status=$1
  case " $relm_good " in
    *" $relm_status "*)
      relm_seal_after || { printf 'what the step made cannot be written down\n' >&2; relm_stop 1; }
      # A release whose record has gone meanwhile has nothing to be resumed.
      if [ -n "$relm_hash" ] && [ -d "$relm_record" ]; then
        relm_journal "done $relm_hash $relm_phase $relm_step" || relm_stop 1
      fi
      relm_part "$relm_status" ;;
    *) relm_stop "$relm_status" ;;
  esac
}

# relm_stop STATUS: the step has failed.
relm_stop() { relm_part "$1"; [ -z "$relm_lock" ] || relm_leave; exit "$1"; }
