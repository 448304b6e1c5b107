# What stands around steps that share a script: each is announced, runs in a shell of its own, and is then written down,
# in the script that did the work. After a step that fails nothing more is begun.
# In, besides what the fence takes: for each step relm_step, relm_good (exit codes that are no failure), relm_record (the
# release's record, where it is written down; nothing if it is not), relm_hash and relm_phase, relm_undoes
# (not empty: it takes the step back), and relm_tree and relm_makes (code|files|nothing) for its seal.

# relm_moment: sets relm_up to the time by the clock that nobody sets; to nothing where there is none.
relm_moment() { relm_up=; { read -r relm_up relm_rest </proc/uptime; } 2>/dev/null; }

# relm_took: writes down beside the journal from when to when the step ran. Nothing goes by it, so nothing fails for it.
relm_took() {
  [ -z "$relm_undoes" ] && [ -n "$relm_since" ] && [ -d "$relm_record" ] || return 0
  relm_moment
  { printf '%s %s %s\n' "$relm_since" "$relm_up" "$relm_step" >>"$relm_record/took"; } 2>/dev/null || :
}

relm_begins() {
  relm_moment
  relm_since=$relm_up
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
      relm_took
      relm_part "$relm_status" ;;
    *) relm_stop "$relm_status" ;;
  esac
}

# relm_stop STATUS: the step has failed.
relm_stop() { relm_part "$1"; [ -z "$relm_lock" ] || relm_leave; exit "$1"; }
