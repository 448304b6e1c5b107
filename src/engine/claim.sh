# Claims a release's name by `mkdir`, which only one can win. Exits with 92 if it is taken.
# In: base, name, record (release.json), at.
# The record is made apart and moved in whole after the claim, so that no name ever has half a record; and it is flushed
# before that, so that a power cut leaves no empty one, which would keep everything from being cleaned for ever.
flush() { sync "$1" 2>/dev/null || sync; }
mkdir -p -- "$base/releases" "$base/shared" "$base/log" "$base/.relm/releases" || exit
cd -- "$base/.relm/releases" || exit
new=.new-$name-$$
rm -rf -- "$new" && mkdir -- "$new" || exit
printf '%s\n' "$record" >"$new/release.json" && printf 'building %s\n' "$at" >"$new/state" &&
  flush "$new/release.json" && flush "$new/state" && flush "$new" || { rm -rf -- "$new"; exit 1; }
if [ -e "$name" ] || [ -e "../../releases/$name" ]; then rm -rf -- "$new"; exit 92; fi
# The second mkdir is there for its words; when another run has given the name back meanwhile, it is the claim.
if ! mkdir -- "../../releases/$name" 2>/dev/null; then
  if [ -e "../../releases/$name" ]; then rm -rf -- "$new"; exit 92; fi
  mkdir -- "../../releases/$name" || { rm -rf -- "$new"; exit 1; }
fi
mv -T -- "$new" "$name" || { rmdir -- "../../releases/$name"; rm -rf -- "$new"; exit 1; }
flush .
