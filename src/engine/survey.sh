# Reads what stands in one environment of this host, and changes nothing. One fact a line; see survey/parse.rs.
# In: root, env, processes (not empty: also tell which releases processes run in).
LC_ALL=C; export LC_ALL
# whole FILE: ends the last line of what was just read, which a power cut may have torn; the next fact needs its own.
whole() { if [ -s "$1" ] && [ "$(tail -c 1 "$1" | wc -l)" -eq 0 ]; then echo; fi; }
unset CDPATH
# shellcheck disable=SC2088 # a tilde from Releases.toml, not one of this shell
case $root in
  /*) base=$root/$env ;;
  '~/'*) base=$HOME/${root#'~/'}/$env ;;
  *) base=$(pwd -P)/$root/$env ;;
esac
if [ -d "$base" ]; then base=$(cd -- "$base" && pwd -P) || exit; fi
printf 'base %s\n' "$base"
printf 'user %s\n' "$(id -un 2>/dev/null || id -u)"
printf 'clock %s\n' "$(date -u +%s)"
for tool in tar gzip sha256sum sed grep find ls readlink ln mv mkdir rm cp cat cut tr wc tail date df id dd; do
  command -v "$tool" >/dev/null 2>&1 || printf 'missing %s\n' "$tool"
done
there=$base
while [ ! -d "$there" ]; do there=$(dirname -- "$there"); done
df -Pk "$there" 2>/dev/null | { read -r _; read -r _ _ _ free _ && printf 'free %s\n' "$free"; }
if ! [ -w "$there" ] || ! [ -x "$there" ]; then printf 'damage %s cannot be written\n' "$there"; fi
cd -- "$base" 2>/dev/null || { if [ -e "$base" ]; then printf 'damage %s cannot be entered\n' "$base"; fi; printf 'end\n'; exit 0; }
if [ -L current ]; then
  target=$(readlink current) && printf 'link %s\n' "$(printf '%s' "$target" | tr '\n' '?')"
elif [ -d current ]; then
  printf 'foreign is a directory, not a link\n'
elif [ -e current ]; then
  printf 'foreign is a file, not a link\n'
fi
for tree in releases/* releases/.[!.]*; do
  if [ -d "$tree" ] && [ ! -L "$tree" ]; then printf 'tree %s\n' "$(printf '%s' "${tree#releases/}" | tr '\n' '?')"; fi
done
if [ -d releases ] && ! ls releases >/dev/null 2>&1; then printf 'damage releases cannot be listed\n'; fi
if [ -d .relm/releases ] && ! ls .relm/releases >/dev/null 2>&1; then printf 'damage .relm/releases cannot be listed\n'; fi
for record in .relm/releases/*; do
  [ -d "$record" ] || continue
  name=${record##*/}
  # No release's name, so none of relm's records; and a newline in it would start a line of its own.
  case $name in *[!0-9_.-]*) continue ;; esac
  if text=$(cat "$record/release.json" 2>/dev/null) && [ -x "$record" ]; then
    printf 'record %s %s\n' "$name" "$(printf '%s' "$text" | tr '\n' ' ')"
  else
    printf 'unreadable %s\n' "$name"
  fi
  if [ -e "$record/state" ]; then
    if state=$(cat "$record/state" 2>/dev/null); then printf 'state %s %s\n' "$name" "$(printf '%s' "$state" | tr '\n' '?')"; else printf 'unreadable %s\n' "$name"; fi
  fi
  if [ -e "$record/lived" ]; then printf 'lived %s\n' "$name"; fi
  if [ -e "$record/steps" ]; then sed -n "s/^done /step $name /p" "$record/steps" && whole "$record/steps" || printf 'unreadable %s\n' "$name"; fi
done
if [ -n "$processes" ] && [ -d releases ]; then in_use "$base/releases" | sed 's/^/used /'; fi
if [ -e .relm/history.jsonl ]; then
  { tail -n 400 .relm/history.jsonl && whole .relm/history.jsonl || printf 'damage the history cannot be read\n' >&3; } 3>&1 2>/dev/null | sed 's/^/history /; s/^history damage /damage /'
fi
printf 'end\n'
