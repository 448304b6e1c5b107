# Unpacks what is sent, a compressed tar, in a release's directory, and copies there what was not sent because an earlier
# release has it. The manifest of the tree is left beside the record, for the check.
# In: base, release, record, tree (the hash of the manifest), unpack (gzip or zstd); from and from_record (the earlier
# release and its record) or nothing.
# Exits with 96 where the earlier release is not what it was taken for.
cut=$record/cut-$$
cd -- "$release" || exit
# has PATTERN's MATCHES: says whether there is any, without a process.
has() { for one in "$@"; do [ -e "$one" ] || [ -L "$one" ] || continue; return 0; done; return 1; }
if has "$record"/cut-* "$record"/manifest.* "$record"/.relm-manifest*; then
  rm -f -- "$record"/cut-* "$record"/manifest.* "$record"/.relm-manifest* || exit
fi
changed() { printf 'release %s cannot be built upon: %s; sending everything\n' "${from##*/}" "$1"; exit 96; }
# shellcheck disable=SC3013 # not of POSIX, but every shell of Linux has it
if [ "$base/current" -ef "$release" ]; then printf 'the release is live: its code stays\n' >&2; exit 1; fi
# It begins with an empty tree: what a broken attempt or somebody else put there must not end up in the release.
if has * .[!.]* ..?*; then find . ! -name . -prune -exec rm -rf -- {} + || exit; fi
if [ -n "$from" ]; then
  if [ ! -d "$from" ] || [ -L "$from" ]; then changed 'it is gone'; fi
  [ -r "$from_record/manifest" ] || changed 'its manifest is gone'
fi
# A pipe ends as its last member does (POSIX has no pipefail), so a cut stream is told by a file of its own. Where tar
# fails too, the file stays, and must not be held against the next attempt.
# Busybox skips links that point upwards unless told otherwise; what they point to is the application's business.
EXTRACT_UNSAFE_SYMLINKS=1; export EXTRACT_UNSAFE_SYMLINKS
{ "$unpack" -dc || printf 'cut\n' >"$cut"; } | tar xpf - || exit
if [ -e "$cut" ]; then rm -f -- "$cut"; printf 'the upload arrived damaged or cut short\n' >&2; exit 1; fi

LC_ALL=C; export LC_ALL
manifest=$record/manifest.new
# The manifest itself, or what makes it out of the earlier release's.
first=; { read -r first; } 2>/dev/null <.relm-manifest
case $first in
  [dfl]*) mv -- .relm-manifest "$manifest" || exit ;;
  *)
    mv -- .relm-manifest* "$record" && sed -f "$record/.relm-manifest" "$from_record/manifest" >"$manifest" || exit ;;
esac
sum=$(sha256sum <"$manifest") || exit
if [ "${sum%% *}" != "$tree" ]; then
  [ -z "$from" ] || changed 'its manifest is damaged'
  printf 'the manifest arrived damaged\n' >&2; exit 1
fi
# For a check in this very script.
printf '%s\n' "$$ $relm_token" >"$record/manifest.whole" || exit

# What both have: the check looks at the contents. Never links to the same file, which would change with it.
if [ -n "$from" ]; then
  umask 022
  printf '%s\n' "${from##*/}" >"$record/manifest.from" || exit
  if [ -e "$record/.relm-manifest" ] && ahead_is_whole; then
    ahead_become || changed 'what was copied of it cannot be used'
    exit
  fi
  relm_paths d "$manifest" | xargs -0 -r mkdir -p -- || exit
  errors=$record/manifest.errors
  cd -- "$from" || changed 'it cannot be entered'
  kept() {
    if [ -e "$record/.relm-manifest" ]; then
      # What they delete, without what they insert, whose lines begin with a word: that leaves what both have.
      sed '/^[0-9,]*d$/!d' "$record/.relm-manifest" >"$record/manifest.edits" &&
        sed -f "$record/manifest.edits" "$from_record/manifest"
    else
      sort -- "$from_record/manifest" "$manifest" | uniq -d
    fi
  }
  copied() {
    kept | relm_paths f | xargs -0 -r "$@" 2>"$errors"
  }
  # GNU's cp, two at once, because most hosts have two processors. Else tar.
  # shellcheck disable=SC2016 # for the inner shell
  copied -P 2 -n 1000 cp -RP --parents --reflink=auto --preserve=timestamps -t "$release" ||
    copied sh -c 'tar cf - "$@" | tar xpof - -C "$0"' "$release" || changed "$(head -n 1 <"$errors")"
  [ ! -s "$errors" ] || changed "$(head -n 1 <"$errors")"
fi
