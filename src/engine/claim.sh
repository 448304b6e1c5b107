# Claims a release's name by `mkdir`, which only one can win. Exits with 92 if it is taken; what this run has claimed is
# its own, though, when the answer to that was lost.
# In: base, name, record (release.json), at.
# The record is made apart and moved in whole after the claim, so that no name ever has half a record; and it is flushed
# before that, so that a power cut leaves no empty one, which would keep everything from being cleaned for ever.
flush() { sync "$@" 2>/dev/null || sync; }
for place in releases shared log .relm/releases; do [ -d "$base/$place" ] || mkdir -p -- "$base/$place" || exit; done
cd -- "$base/.relm/releases" || exit
taken() { printf 'releases/%s is there already\n' "$name" >&2; exit 92; }
if [ -e "$name/release.json" ] && [ "$(cat "$name/release.json")" = "$record" ] && [ -d "../../releases/$name" ]; then exit 0; fi
# A claim that was cut short leaves an empty directory without a record. The lock keeps others away meanwhile.
if [ -e "../../releases/$name" ] && ! [ -e "$name" ]; then rmdir -- "../../releases/$name" 2>/dev/null; fi
new=.new-$name-$$
if [ -e "$new" ]; then rm -rf -- "$new" || exit; fi
mkdir -- "$new" || exit
printf '%s\n' "$record" >"$new/release.json" && printf 'building %s\n' "$at" >"$new/state" &&
  flush "$new/release.json" "$new/state" "$new" || { rm -rf -- "$new"; exit 1; }
if [ -e "$name" ] || [ -e "../../releases/$name" ]; then rm -rf -- "$new"; taken; fi
mkdir -- "../../releases/$name" || { rm -rf -- "$new"; exit 1; }
mv -T -- "$new" "$name" || { rmdir -- "../../releases/$name"; rm -rf -- "$new"; exit 1; }
flush .
