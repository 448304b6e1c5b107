# Holds a release's tree against its manifest, which the upload left beside the record: every file by its content, every
# link, nothing else.
# In: release, record, tree (the hash of the manifest), bytes (of all files), halves (not empty: there is enough to read for two at once).
# Leaves manifest.listing, as relm_listing would list the tree, where it costs nothing. What writes down what a step made
# comes before this: see seal.sh.
# Exits with 96 where it is not so and part of the tree was copied from an earlier release.
LC_ALL=C QUOTING_STYLE=literal; export LC_ALL QUOTING_STYLE
cd -- "$release" || exit
nl='
'
manifest=$record/manifest.new
[ -e "$manifest" ] || manifest=$record/manifest
# What another left of this, which did not come to its end.
[ ! -e "$record/listing.made" ] || rm -f -- "$record/listing.made" || exit
from=; { read -r from <"$record/manifest.from"; } 2>/dev/null
whole=; { read -r whole <"$record/manifest.whole"; } 2>/dev/null
if [ "$whole" != "$$ $relm_token" ]; then
  sum=$(sha256sum <"$manifest") || exit
  if [ "${sum%% *}" != "$tree" ]; then printf 'the manifest is damaged\n' >&2; exit 1; fi
fi

# wrong: tells what is wrong, a line an entry in manifest.wrong, and ends.
wrong() {
  head -n 10 "$record/manifest.wrong" >&2
  count=$(sed 's/: .*//' "$record/manifest.wrong" | sort -u | wc -l)
  if [ -n "$from" ]; then
    files='files'; [ "$count" -ne 1 ] || files='file'
    printf 'release %s has been changed by hand: %d %s; sending everything\n' "$from" "$count" "$files"
    exit 96
  fi
  printf 'the release is not what was sent\n' >&2
  exit 1
}

# wanted MARK: the contents that the manifest tells of, with MARK before a name. Of files with plain names.
sums=$record/manifest.sums
wanted() { sed -e '/^f /!d' -e '/\\/d' -e 's/^f [0-7]* [0-9]* //' -e "s/ / $1.\\//" "$manifest" >"$sums"; }

# With plain names, one pass of GNU's find tells in the manifest's own words what stands there, but for the contents.
# What modes directories come out with is the host's business.
look_quickly() {
  # A listing leaves out what Python compiles, and find does not look for it then.
  grep -q -e '\\' -e __pycache__ -e '\.pyc$' "$manifest" &
  odd_names=$!
  # Another find than GNU's knows no -fprintf, says so, and does nothing. Of a pipe only the last member's failure is seen:
  # the last line, which stands behind all others in any order, comes through if all has gone well.
  {
    sed -e 's/^\([dl]\) [0-7]* - /\1 - /' -e t -e 's/ [0-9a-f]* / /2' "$manifest" &&
      eval 'find . \( -name . -o -type d -fprintf /dev/fd/3 "d - - %P\n" -o \
        -type l -fprintf /dev/fd/3 "l - - %P\t%l\n" -o \
        -type f -links 1 -fprintf /dev/fd/3 "f %m %s %P\n" -o \
        -fprintf /dev/fd/3 "%y %n %m %s %P\n" \) , '"${ahead:+\\( $touched \\) , }\\( $relm_entries \\)" 3>&1 >"$record/manifest.listing" &&
      printf 'x looked\n'
  } 2>/dev/null | sort | uniq -u >"$record/manifest.odd"
  wait "$odd_names"
  [ $? -eq 1 ] && read -r odd <"$record/manifest.odd" && [ "$odd" = 'x looked' ]
}

# What stands there: a line an entry, as below. No path holds two slashes in a row, so they tell where an entry begins
# although its name holds newlines. No parentheses: find of busybox forgets its last batch in them.
found() {
  find . -name . -o -type d -exec stat -c '//:d %n//' {} + -o -type l -exec stat -c '//:l %n//%N//' {} + -o \
    -type f -exec stat -c '//:f %h %a %s %n//' {} + -o -exec stat -c '//:%F %n//' {} +
}
# The same with names as they stand in a manifest.
escaped() {
  sed -e 's/\\/\\\\/g' -e "s/$tab/\\\\t/g" -e "s/$cr/\\\\r/g" |
    sed -e ':more' -e '$!{' -e 'N' -e '/\n\/\/:/!{' -e 's/\n/\\n/' -e 'b more' -e '}' -e '}' -e 'P' -e 'D'
}
# The same of any tree and with any tools, and what is wrong with it, in words.
look_closely() {
  tab=$(printf '\t') cr=$(printf '\r')
  # How stat writes a link: busybox quotes both names, whatever is asked of it.
  rm -f -- "$record/manifest.link" && ln -s target "$record/manifest.link" || exit
  case $(stat -c %N -- "$record/manifest.link") in "'"*) q="'" ;; *) q= ;; esac
  # Plain substitutions where they do: groups cost a sed many times as much, and there may be many thousand files.
  sed -e '/^f /!b other' -e 's/ [0-9a-f]* / .\//2' -e 's/^f /&1 /' -e 's/^/\/\/:/' -e 's/$/\/\//' -e b -e ':other' \
    -e 's|^d [0-7]* - - \(.*\)|//:d ./\1//|' -e t \
    -e "s|^l [0-7]* - - \\([^$tab]*\\)$tab\\(.*\\)|//:l ./\\1//$q./\\1$q -> $q\\2$q//|" "$manifest" >"$record/manifest.wanted" || exit
  # Where the manifest has no such names, a tree that has one is wrong in any case.
  if grep -q '\\' "$manifest"; then found | escaped; else found; fi >"$record/manifest.found" || exit
  sort -- "$record/manifest.wanted" "$record/manifest.found" >"$record/manifest.both" &&
    uniq -u <"$record/manifest.both" >"$record/manifest.odd" || exit
  if [ -s "$record/manifest.odd" ]; then
    { sed 's/^/wanted /' "$record/manifest.wanted"; sed 's/^/found /' "$record/manifest.found"; } | sort -k 2 | uniq -u -f 1 |
      sed -e 's/^wanted /should be /' -e 's/^found /is /' -e 't read' -e ':read' \
        -e 's|^\(.*\) //:d \./\(.*\)//$|\2: \1 a directory|' -e t \
        -e 's|^\(.*\) //:f 1 \([0-7]*\) \([0-9]*\) \./\(.*\)//$|\4: \1 a file of \3 bytes, mode \2|' -e t \
        -e 's|^\(.*\) //:f [0-9]* [0-7]* [0-9]* \./\(.*\)//$|\2: \1 a file with another name elsewhere|' -e t \
        -e "s|^\\(.*\\) //:l \\./\\(.*\\)//$q\\./\\2$q -> $q\\(.*\\)$q//\$|\\2: \\1 a link to \\3|" -e t \
        -e 's|^\(.*\) //:\([^/]*\) \./\(.*\)//$|\3: \1 a \2|' >"$record/manifest.wrong"
    wrong
  fi
}
wanted '*' & wants=$!
look_quickly || { rm -f -- "$record/manifest.listing"; look_closely; }
wait "$wants" || exit

# held MARK COMMAND…: says whether COMMAND, which writes MARK before a name, finds what is wanted.
held() {
  wanted "$1" || exit
  shift
  if [ -n "$halves" ]; then
    sed -n 'p;n' "$sums" >"$sums.1" && sed -n 'n;p' "$sums" >"$sums.2" || exit
    says "$sums.1" "$@" & other=$!
    says "$sums.2" "$@" || { wait "$other"; return 1; }
    wait "$other"
  else
    says "$sums" "$@"
  fi
}
# says FILE COMMAND…: says whether COMMAND says what stands in FILE of the files there.
says() {
  list=$1; shift
  cut -c 67- "$list" | tr '\n' '\000' | xargs -0 -r "$@" >"$list.said" 2>/dev/null || return
  cmp -s -- "$list" "$list.said" 2>/dev/null ||
    { sort -- "$list" "$list.said" >"$list.both" && ! uniq -u <"$list.both" | read -r _; }
}
# openssl takes half of the time, where it is there.
if ! held_ahead && ! held '*' openssl dgst -sha256 -r && ! held ' ' sha256sum; then
  # Each line of what should have been said that was not.
  [ -n "$halves" ] || cp -- "$sums.said" "$sums.1.said"
  cat -- "$sums".[12].said | sort -- - "$sums".[12].said "$sums" | uniq -u |
    sed -e 's/^[0-9a-f]* [ *]\.\///' -e 's/$/: is not what was sent/' >"$record/manifest.wrong"
  [ -s "$record/manifest.wrong" ] || printf 'the sums cannot be made\n' >"$record/manifest.wrong"
  wrong
fi

# Names that stand escaped: sha256sums differ in how they write those. printf undoes the escapes; the dot keeps a last
# newline, which a command substitution would take away.
[ -e "$record/manifest.listing" ] || sed -n '/^f .*\\/p' "$manifest" | while IFS= read -r line; do
  rest=${line#* } rest=${rest#* } rest=${rest#* }
  hash=${rest%% *} escaped=${rest#* }
  path=$(printf '%b.' "$escaped") && path=${path%.}
  sum=$(sha256sum <"./$path") || exit
  if [ "${sum%% *}" != "$hash" ]; then printf '%s: is not what was sent\n' "$escaped" >"$record/manifest.wrong"; wrong; fi
done || exit
printf '%s\n' "$bytes" >"$record/size" || exit
if [ "$manifest" != "$record/manifest" ]; then mv -- "$manifest" "$record/manifest" || exit; fi
if [ -e "$record/manifest.listing" ]; then mv -f -- "$record/manifest.listing" "$record/listing.made" || exit; fi
rm -f -- "$record"/manifest.* "$record"/.relm-manifest*
