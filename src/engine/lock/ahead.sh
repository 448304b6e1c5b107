# Ends what was copied ahead (see copy_ahead.sh in operations) for a release that was never begun, or has begun with it.
# In: relm_lock, relm_token.

# ahead_family PID: sets family to that process and all that it has started. By /proc, because they share a group with the keeper.
ahead_family() {
  family=" $1 " before=
  until [ "$family" = "$before" ]; do
    before=$family
    for stat in /proc/[0-9]*/stat; do
      { read -r line <"$stat"; } 2>/dev/null || continue
      one=${stat#/proc/} one=${one%/stat}
      # shellcheck disable=SC2086 # words are wanted: its state, and who started it
      set -- ${line##*) }
      case $family in *" $one "*) continue ;; *" $2 "*) family="$family$one " ;; esac
    done
  done
}

ahead_end() {
  ahead=$relm_lock/../../../releases/.ahead-$relm_token
  [ -d "$ahead" ] || return 0
  if { read -r copier since <"$ahead/copier"; } 2>/dev/null && lock_start "$copier" && [ "$lock_since" = "$since" ]; then
    ahead_family "$copier"
    # shellcheck disable=SC2086 # a word each
    kill $family 2>/dev/null
  fi
  # What was copying takes a moment to end.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf -- "$ahead" 2>/dev/null && return
    sleep 0.1 2>/dev/null || sleep 1
  done
  return 0
}
