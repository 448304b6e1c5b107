# relm_listing DIR: one line an entry, sorted: what stands in the tree at DIR, by what `stat` says of it.
#   //:MODE SIZE MTIME CTIME PATH//             a file; MODE as `stat` has it, in hexadecimal, with the kind in it
#   //:MODE SIZE - - PATH//PATH -> TARGET       a link: its target is all there is to it
#   //:MODE - - - PATH//                        a directory
# Of a file with other hard links the ctime is left out: it changes whenever another of them comes or goes, as when uv
# links from its cache. In paths a backslash, a newline, a tab and a carriage return stand escaped, as in a manifest.
# What Python compiles on the way belongs to nobody.
relm_listing() (
  cd -- "$1" || exit
  LC_ALL=C QUOTING_STYLE=literal TZ=UTC0; export LC_ALL QUOTING_STYLE TZ
  tab=$(printf '\t') cr=$(printf '\r')
  # An entry that comes or goes meanwhile, or that cannot be read, is no reason to fail.
  find . \( -name __pycache__ -o -name '*.pyc' \) -prune -o -name . -o \
    -type d -exec stat -c '//:%f - - - %n//' {} + -o \
    -type l -exec stat -c '//:%f %s - - %n//%N' {} + -o \
    -exec stat -c '//:%h %f %s %y %z %n//' {} + 2>/dev/null |
    sed -e 's/\\/\\\\/g' -e "s/$tab/\\\\t/g" -e "s/$cr/\\\\r/g" |
    # No path holds two slashes in a row, so they tell where an entry begins although its name holds newlines.
    sed -e ':more' -e '$!{' -e 'N' -e '/\n\/\/:/!{' -e 's/\n/\\n/' -e 'b more' -e '}' -e '}' -e 'P' -e 'D' |
    sed -e 's|^//:1 \([^ ]*\) \([^ ]*\) \([^ ]*\) \([^ ]*\) [^ ]* \([^ ]*\) \([^ ]*\) [^ ]* |//:\1 \2 \3T\4 \5T\6 |' -e t \
      -e 's|^//:[0-9]* \([0-9a-f]*\) \([0-9]*\) \([^ ]*\) \([^ ]*\) [^ ]* [^ ]* [^ ]* [^ ]* |//:\1 \2 \3T\4 - |' |
    sort
)
