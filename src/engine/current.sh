# Tells what `current` points to: the link's text, or nothing if there is none. Fails if that is no release. In: base.
cd -- "$base" 2>/dev/null || { [ ! -e "$base" ]; exit; }
[ -L current ] || { [ ! -e current ]; exit; }
target=$(readlink current) && cd -- "$target" && printf '%s\n' "$target"
