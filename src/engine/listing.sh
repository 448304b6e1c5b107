# relm_listing DIR: one line an entry, in no order: what stands in the tree at DIR, by what `stat` says of it.
#   //:f644 SIZE MTIME CTIME PATH//             a file; the times in seconds, to a ten-thousand-millionth
#   //:l777 SIZE - - PATH//PATH -> TARGET       a link: its target is all there is to it
#   //:d755 - - - PATH//                        a directory; ? for whatever else there is
# Of a file with other hard links the ctime is left out: it changes whenever another of them comes or goes, as when uv
# links from its cache. In paths a backslash, a newline, a tab and a carriage return stand escaped, as in a manifest.
# What Python compiles on the way belongs to nobody.

# relm_entries: the words by which GNU find prints entries so, for `eval`. It is several times as quick as `stat`.
relm_entries='\( -name __pycache__ -o -name "*.pyc" \) -prune -o -name . -o \
  -type d -printf "//:d%m - - - %p//\n" -o -type l -printf "//:l%m %s - - %p//%p -> %l\n" -o \
  -type f -links 1 -printf "//:f%m %s %T@ %C@ %p//\n" -o -type f -printf "//:f%m %s %T@ - %p//\n" -o \
  -printf "//:?%m %s %T@ %C@ %p//\n"'

# relm_finds: says whether `find` is GNU's.
relm_finds() { [ "$(find . -prune -printf yes 2>/dev/null)" = yes ]; }

relm_listing() (
  cd -- "$1" || exit
  LC_ALL=C QUOTING_STYLE=literal TZ=UTC0; export LC_ALL QUOTING_STYLE TZ
  tab=$(printf '\t') cr=$(printf '\r')
  # An entry that comes or goes meanwhile, or that cannot be read, is no reason to fail.
  if relm_finds; then
    eval "find . $relm_entries" 2>/dev/null
  else
    find . \( -name __pycache__ -o -name '*.pyc' \) -prune -o -name . -o \
      -type d -exec stat -c '//:d%a - - - %n//' {} + -o \
      -type l -exec stat -c '//:l%a %s - - %n//%N' {} + -o \
      -type f -exec stat -c '//:%h f%a %s %Y.%y %Z.%z %n//' {} + -o \
      -exec stat -c '//:1 ?%a %s %Y.%y %Z.%z %n//' {} + 2>/dev/null
  fi |
    sed -e 's/\\/\\\\/g' -e "s/$tab/\\\\t/g" -e "s/$cr/\\\\r/g" |
    # No path holds two slashes in a row, so they tell where an entry begins although its name holds newlines.
    sed -e ':more' -e '$!{' -e 'N' -e '/\n\/\/:/!{' -e 's/\n/\\n/' -e 'b more' -e '}' -e '}' -e 'P' -e 'D' |
    sed -e 's|^//:1 \([^ ]*\) \([^ ]*\) \([0-9]*\)\.[^ ]* [0-9:]*\([.0-9]*\) [^ ]* \([0-9]*\)\.[^ ]* [0-9:]*\([.0-9]*\) [^ ]* |//:\1 \2 \3\40 \5\60 |' -e t \
      -e 's|^//:[0-9]* \([^ ]*\) \([^ ]*\) \([0-9]*\)\.[^ ]* [0-9:]*\([.0-9]*\) [^ ]* [^ ]* [^ ]* [^ ]* |//:\1 \2 \3\40 - |'
)
