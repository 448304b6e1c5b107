# Reads what stands in one environment of this host, and changes nothing. One fact a line; see survey/parse.rs.
# In: base, processes (not empty: also tell which releases processes run in), relm_held (not empty: whoever asks holds the
# lock), relm_files (paths that must be files below shared/, a line each).
LC_ALL=C; export LC_ALL
nl='
'
# fact KEYWORD TEXT: on one line.
fact() {
  case $2 in
    *"$nl"*) printf '%s %s\n' "$1" "$(printf '%s' "$2" | tr '\n' '?')" ;;
    *) printf '%s %s\n' "$1" "$2" ;;
  esac
}
printf 'base %s\n' "$base"
# With builtins where they do: over many releases, and many hosts on one machine, processes add up.
# relm_line FILE: sets relm_text to its only line, or to nothing if it is empty. Fails if there are more.
relm_line() {
  relm_text='' relm_more=''
  { IFS= read -r relm_text; ! { IFS= read -r relm_more || [ -n "$relm_more" ]; }; } <"$1"
} 2>/dev/null
printf 'user %s\n' "$(id -un 2>/dev/null || id -u)"
printf 'clock %s\n' "$(date -u +%s)"
for tool in tar gzip sha256sum xargs sed grep find ls readlink ln mv mkdir rm cp cat cut tr wc tail date df id dd stat sort uniq tee touch head sleep; do
  command -v "$tool" >/dev/null 2>&1 || printf 'missing %s\n' "$tool"
done
if zstd -V >/dev/null 2>&1; then printf 'can zstd\n'; fi
there=$base
while [ ! -d "$there" ]; do
  if [ -e "$there" ] || [ -L "$there" ]; then printf 'damage %s is no directory, so it cannot be written\n' "$there"; fi
  there=$(dirname -- "$there")
done
relm_free=$(df -Pk "$there" 2>/dev/null | { read -r _; read -r _ _ _ free _ && printf '%s\n' "$free"; })
[ -z "$relm_free" ] || printf 'free %s\n' "$relm_free"
# How many files there may be, and how many more; where nothing counts them there may be 0.
relm_files_free=$(stat -f -c '%c %d' "$there" 2>/dev/null)
case $relm_files_free in '' | '0 '*) ;; *) printf 'files %s\n' "${relm_files_free#* }" ;; esac
if ! [ -w "$there" ] || ! [ -x "$there" ]; then printf 'damage %s cannot be written\n' "$there"; fi
[ -z "$relm_files" ] || printf '%s\n' "$relm_files" | while IFS= read -r file; do
  [ -f "$base/shared/$file" ] || fact lacks "$file"
done
cd -- "$base" 2>/dev/null || { if [ -e "$base" ]; then printf 'damage %s cannot be entered\n' "$base"; fi; printf 'end\n'; exit 0; }
for kept in releases .relm; do
  if [ -e "$kept" ] && ! { [ -d "$kept" ] && [ -r "$kept" ] && [ -w "$kept" ] && [ -x "$kept" ]; }; then
    printf 'damage %s/%s cannot be read, or it cannot be written\n' "$base" "$kept"
  fi
done
if [ -z "$relm_held" ] && [ -d .relm/lock ]; then lock_tell "$base/.relm/lock" | sed 's/^/lock /'; fi
if [ -L current ]; then
  target=$(readlink current) && fact link "$target"
elif [ -d current ]; then
  printf 'foreign is a directory, not a link\n'
elif [ -e current ]; then
  printf 'foreign is a file, not a link\n'
fi
for tree in releases/* releases/.[!.]*; do
  if [ -d "$tree" ] && [ ! -L "$tree" ]; then fact tree "${tree#releases/}"; fi
done
set --
for kept in releases .relm/releases; do if [ -d "$kept" ]; then set -- "$@" "$kept"; fi; done
if [ $# -gt 0 ] && ! ls -- "$@" >/dev/null 2>&1; then
  for kept in "$@"; do ls -- "$kept" >/dev/null 2>&1 || printf 'damage %s cannot be listed\n' "$kept"; done
fi
# A loop of `read` takes an error for the end: what cannot be read is found out first, for all at once.
for steps in .relm/releases/*/steps; do
  if [ -e "$steps" ]; then cat -- .relm/releases/*/steps >/dev/null 2>&1 || steps=; break; fi
done
for record in .relm/releases/*; do
  [ -d "$record" ] || continue
  name=${record##*/}
  # No release's name, so none of relm's records; and a newline in it would start a line of its own.
  case $name in *[!0-9_.-]*) continue ;; esac
  if relm_line "$record/release.json" && [ -x "$record" ]; then
    printf 'record %s %s\n' "$name" "$relm_text"
  elif text=$(cat "$record/release.json" 2>/dev/null) && [ -x "$record" ]; then
    # Between the parts of JSON a space is as good as a newline.
    printf 'record %s %s\n' "$name" "$(printf '%s' "$text" | tr '\n' ' ')"
  else
    printf 'unreadable %s\n' "$name"
  fi
  if [ -e "$record/state" ]; then
    # relm writes one line; of a damaged file's lines none must pass for another fact.
    if relm_line "$record/state"; then
      printf 'state %s %s\n' "$name" "$relm_text"
    else
      printf 'unreadable %s\n' "$name"
    fi
  fi
  if [ -e "$record/keep" ]; then
    if relm_line "$record/keep"; then printf 'keep %s %s\n' "$name" "$relm_text"; else printf 'unreadable %s\n' "$name"; fi
  fi
  if [ -e "$record/finished" ]; then printf 'finished %s\n' "$name"; fi
  if [ -e "$record/lived" ]; then printf 'lived %s\n' "$name"; fi
  if [ -e "$record/steps" ]; then
    # A power cut leaves a last line without its end.
    if [ -z "$steps" ] && ! cat -- "$record/steps" >/dev/null 2>&1; then
      printf 'unreadable %s\n' "$name"
    elif ! { while IFS= read -r step || [ -n "$step" ]; do printf 'step %s %s\n' "$name" "$step"; done <"$record/steps"; } 2>/dev/null; then
      printf 'unreadable %s\n' "$name"
    fi
  fi
done
if [ -n "$processes" ] && [ -d releases ]; then
  if used=$(in_use "$base/releases"); then
    [ -z "$used" ] || printf '%s\n' "$used" | sed 's/^/used /'
  else
    printf 'damage %s\n' "$(in_use_untold)"
  fi
fi
if relm_line .relm/maintenance && [ -n "$relm_text" ]; then fact maintenance "$relm_text"; fi
# What was stopped and is to come up again, and by whose run.
for record in .relm/stopped/*; do
  if [ -f "$record" ] && relm_line "$record"; then fact stopped "${record##*/} $relm_text"; fi
done
# Which host was taken out of which pool, and is to come in again.
for record in .relm/drained/*/*; do
  if [ -f "$record" ] && relm_line "$record"; then fact drained "${record#.relm/drained/} $relm_text"; fi
done
# Services of a single host that were started here.
for record in .relm/alone/*; do [ ! -f "$record" ] || fact alone "${record##*/}"; done
# What services have put in place, and what is still there of it.
for record in .relm/services/*; do
  case $record in *.new) continue ;; esac
  if [ -f "$record" ] && [ -r "$record" ]; then
    while read -r step name; do [ ! -f "$name" ] || fact service "${record##*/} $name"; done <"$record"
  fi
done
# Places that releases were published at, and where what they published still stands.
for record in .relm/publish/*; do
  live=
  if [ -f "$record/place" ] && relm_line "$record/place" && [ -f "$record/live" ]; then read -r live <"$record/live"; fi
  case $live in "" | none) continue ;; esac
  if [ -e "$relm_text" ] || [ -L "$relm_text" ]; then fact published "$relm_text"; fi
done
if [ -e .relm/history.jsonl ]; then
  if history=$(tail -n 400 .relm/history.jsonl 2>/dev/null); then
    [ -z "$history" ] || printf '%s\n' "$history" | sed 's/^/history /'
  else
    printf 'damage the history cannot be read\n'
  fi
fi
if [ -e .relm/migrations ]; then
  if migrations=$(tail -n 400 .relm/migrations 2>/dev/null); then
    [ -z "$migrations" ] || printf '%s\n' "$migrations" | sed 's/^/migrated /'
  else
    printf 'damage what was migrated cannot be read\n'
  fi
fi
# Last and as they stand, which takes one process: whatever comes between here and the end is a note.
if [ -s .relm/notes.jsonl ]; then
  printf 'notes\n'
  tail -n 100 .relm/notes.jsonl 2>/dev/null || printf 'cannot be read'
  printf '\n'
fi
printf 'end\n'
