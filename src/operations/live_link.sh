# Defines `relm_live_link`: what `current` points to, releases/NAME or nothing, comes into `now`. Fails, with words, if something
# that is no link stands there. In: base (and the shell stands in it), expected.
relm_live_link() {
  now=
  if [ -L current ]; then
    # shellcheck disable=SC3013 # not of POSIX, but every shell of Linux has it, and it needs no process
    if [ -n "$expected" ] && [ current -ef "$expected" ]; then
      now=$expected
    else
      now=$(readlink current) || return
      now=${now#"$base/"}
    fi
  elif [ -e current ]; then
    printf '%s/current is not a link, and relm does not replace it\n' "$base" >&2
    return 1
  fi
}
