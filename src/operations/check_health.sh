# Looks for a sign of health until it is there, or until `relm_within` seconds have passed.
# In: relm_directory, relm_kind (http|tcp|file|command), relm_what (address, host:port, path), relm_command, relm_expect (status),
# relm_contains, header lines as arguments; relm_within, relm_every, relm_attempt in whole seconds.
# shellcheck disable=SC3040,SC2181 # asked for first; see below
cd -- "$relm_directory" || exit
relm_begin "$relm_within"
[ "$relm_kind" != http ] || relm_directly "$relm_what"
relm_has() { command -v "$1" >/dev/null 2>&1; }

# Each prints the answer and, as its last line, the status. Redirects are not followed: they are answers.
relm_curl() {
  for relm_header do shift; set -- "$@" -H "$relm_header"; done
  curl -sS -g --max-time "$relm_attempt" "$@" -w '\n%{http_code}\n' -- "$relm_what"
}
relm_python() {
  python3 -c '
import sys, urllib.request, urllib.error
class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_): return None
url, limit, headers = sys.argv[1], float(sys.argv[2]), dict(line.split(":", 1) for line in sys.argv[3:])
request = urllib.request.Request(url, headers={name: value.strip() for name, value in headers.items()})
try: answer = urllib.request.build_opener(Stay).open(request, timeout=limit)
except urllib.error.HTTPError as error: answer = error
except OSError as error: sys.exit(str(error))
sys.stdout.buffer.write(answer.read() + b"\n%d\n" % answer.status)' "$relm_what" "$relm_attempt" "$@"
}
# It says headers and body in one; the first status is that of the address itself.
relm_wget() {
  for relm_header do shift; set -- "$@" --header "$relm_header"; done
  # Its own -T crashes busybox's in some builds.
  if relm_has timeout; then set -- timeout "$relm_attempt" wget "$@"; else set -- wget "$@"; fi
  relm_told=$("$@" -S -O - -- "$relm_what" 2>&1)
  printf '%s\n' "$relm_told"
  printf '%s\n' "$relm_told" | sed -n 's|^ *HTTP/[0-9.]* \([0-9][0-9]*\).*|\1|p' | head -n 1
}

relm_http() {
  # What curl has heard of an answer that broke off is none.
  if relm_has curl; then relm_answer=$(relm_curl "$@" 2>&1) || relm_answer=$(printf '%s\n' "$relm_answer" | sed '$d')
  elif relm_has python3; then relm_answer=$(relm_python "$@" 2>&1)
  elif relm_has wget; then relm_answer=$(relm_wget "$@" 2>&1)
  else printf 'this host has neither curl nor python3 nor wget to ask with\n' >&2; exit 1
  fi
  relm_answer=$(printf '%s\n' "$relm_answer" | tr -d '\000')
  relm_code=${relm_answer##*
}
  relm_body=${relm_answer%"$relm_code"}
  if [ "$relm_code" != "$relm_expect" ]; then
    case $relm_code in
      [1-5][0-9][0-9]) relm_why="$relm_what answers $relm_code, not $relm_expect" ;;
      *) relm_why="$relm_what does not answer: $(printf '%s\n' "$relm_answer" | grep . | tail -n 1 | cut -c 1-200)" ;;
    esac
    return 1
  fi
  case $relm_body in *"$relm_contains"*) return 0 ;; esac
  relm_why="$relm_what answers $relm_code without \"$relm_contains\""
  return 1
}

relm_tcp() {
  relm_port=${relm_what##*:} relm_host=${relm_what%:*}
  relm_host=${relm_host#[} relm_host=${relm_host%]}
  relm_why="$relm_what takes no connection"
  if relm_has python3; then
    python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).close()' \
      "$relm_host" "$relm_port" "$relm_attempt" 2>/dev/null
  elif relm_has nc; then nc -w "$relm_attempt" "$relm_host" "$relm_port" </dev/null >/dev/null 2>&1
  elif relm_has bash; then bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$relm_host" "$relm_port" 2>/dev/null
  else printf 'this host has neither python3 nor nc nor bash to connect with\n' >&2; exit 1
  fi
}

relm_file() { relm_why="$relm_what is not there"; [ -e "$relm_what" ]; }

relm_command() {
  relm_why='the command did not succeed'
  (
    (set -o pipefail) 2>/dev/null && set -o pipefail
    eval "$relm_command"
  ) </dev/null
}

while :; do
  # Not in a condition, where `set -e` in the command would mean nothing.
  "relm_$relm_kind" "$@"
  [ $? -ne 0 ] || exit 0
  relm_clock || exit 1
  relm_left=$((relm_end - relm_now))
  if [ "$relm_left" -le 0 ]; then
    printf '%s\nnot well within %s s\n' "$relm_why" "$relm_within" >&2
    exit 1
  fi
  if [ "$relm_every" -lt "$relm_left" ]; then sleep "$relm_every"; else sleep "$relm_left"; fi
done
