# Copies what is live while relm reads what this host has just told it: the line between them may be long, and a new release
# begins as a likeness of the live one. It is no release yet, and goes with the lock if nothing comes of it.
# In: base (where this stands), target (what `current` says), relm_token, relm_free (kilobytes that are free).
# What serves goes first, but not by much: the deploy may have to wait for this.
# Makes releases/.ahead-TOKEN: tree; copier, the process that is at it; of, the live release, when the tree is whole; sums of
# the copies' contents, and read, when they are there; of.comes and read.comes, which are open until then; copied, older than any
# of them that was touched after it was copied.
# What a run leaves that was killed goes with the next clean, or here.
case $target in releases/*) of=${target#releases/} ;; *) exit 0 ;; esac
for left in releases/.ahead-*; do [ ! -e "$left" ] || rm -rf -- "$left"; done
record=$base/.relm/releases/$of ahead=$base/releases/.ahead-$relm_token size=
{ read -r size <"$record/size"; } 2>/dev/null
case $relm_token:$size:$relm_free in *::* | :* | *: | *:*[!0-9]*:* | *[!0-9]) exit 0 ;; esac
# Whether there is room for a release is told later, by who knows what it takes.
[ "$relm_free" -gt $((size / 512 + 102400)) ] && [ -d "$target" ] && [ ! -L "$target" ] || exit 0
mkdir -- "$ahead" "$ahead/tree" || exit 0
ahead_copy() {
  LC_ALL=C; export LC_ALL
  umask 022
  cd -- "$ahead/tree" && relm_paths d "$record/manifest" | xargs -0 -r mkdir -p -- && cd -- "$base/$target" &&
    relm_paths f "$record/manifest" | nice -n 5 xargs -0 -r -P 2 -n 1000 cp -RP --parents --reflink=auto --preserve=timestamps -t "$ahead/tree" &&
    cd -- "$ahead/tree" && : >"$ahead/copied" && printf '%s\n' "$of" >"$ahead/of" || exit
  exec 8>&-
  # From here on the tree may be moved and changed.
  # What goes meanwhile is missing among the sums, and so is all where there is no openssl.
  sums() { relm_paths f | nice -n 5 xargs -0 -r openssl dgst -sha256 -r >"$ahead/sums.$1"; }
  if [ "$size" -ge 33554432 ]; then
    sed -n 'p;n' "$record/manifest" | sums 1 &
    sed -n 'n;p' "$record/manifest" | sums 2
    wait
  else
    sums 1 <"$record/manifest"
  fi
  echo yes >"$ahead/read"
}
ahead_begin() {
  # In brackets: a shell that is to come back from a function keeps what it redirects, here what the survey is said to.
  (ahead_copy) </dev/null >/dev/null 2>&1 &
  lock_start "$!"
  printf '%s %s\n' "$!" "$lock_since" >"$ahead/copier"
}
# Whoever waits hears the end of these, which costs less than to look again and again (see ahead_comes.sh).
if mkfifo "$ahead/of.comes" "$ahead/read.comes" 2>/dev/null; then
  ahead_begin 8<>"$ahead/of.comes" 9<>"$ahead/read.comes"
else
  ahead_begin
fi
