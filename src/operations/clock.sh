# The clock that nobody sets; the other may jump while something waits.
relm_clock() { read -r relm_now relm_rest </proc/uptime && relm_now=${relm_now%%.*}; }

# relm_begin SECONDS: so long it may take. The clock counts whole seconds: rather a part of one too long than too short.
relm_begin() {
  relm_clock || { printf 'this host has no /proc/uptime to measure time by\n' >&2; exit 1; }
  relm_end=$((relm_now + $1 + 1))
}
