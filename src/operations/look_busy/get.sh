# relm_get URL: prints what is there. Passwords stand in ~/.netrc, which both programs read.
relm_get() {
  relm_directly "$1"
  if command -v curl >/dev/null 2>&1; then
    curl -fsS --netrc-optional --proto '=http,https' --max-time "$relm_seconds" "$1"
  elif command -v wget >/dev/null 2>&1; then
    wget -q -T "$relm_seconds" -O - "$1" || { echo "wget cannot get $1: it exited $?" >&2; return 1; }
  else
    echo 'neither curl nor wget is on this host' >&2
    return 1
  fi
}
