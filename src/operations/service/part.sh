# Some of a service's programs: those that a pattern of relm_part (a line each) fits; all of them if there is none.

# relm_is_meant NAME: as a whole, or one of both sides of `group:name`, or without its directory or `.service`.
relm_is_meant() {
  [ -n "$relm_part" ] || return 0
  while IFS= read -r relm_pattern; do
    for relm_side in "$1" "${1#*:}" "${1%%:*}" "${1##*/}" "${1%.service}"; do
      # shellcheck disable=SC2254 # it is a pattern, and matched against names alone
      case $relm_side in $relm_pattern) return 0 ;; esac
    done
  done <<END
$relm_part
END
  return 1
}

# Those of the names that come in, a line each.
relm_meant() {
  while IFS= read -r relm_name; do if relm_is_meant "$relm_name"; then printf '%s\n' "$relm_name"; fi; done
}

# Where a turn begins.
relm_take_stand() {
  relm_stand
  [ -n "$relm_part" ] || return 0
  relm_see
  [ -z "$relm_seen" ] || return 0
  printf 'no program of %s here fits %s\n' "$relm_service" "$(printf '%s\n' "$relm_part" | tr '\n' ' ' | sed 's/ $//')"
  exit 91
}
