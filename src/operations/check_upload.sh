# Holds a release's tree against its manifest, which the upload left beside the record: every file by its content, every
# link, nothing else.
# In: release, record, tree (the hash of the manifest).
# Exits with 96 where it is not so and part of the tree was copied from an earlier release.
LC_ALL=C QUOTING_STYLE=literal; export LC_ALL QUOTING_STYLE
cd -- "$release" || exit
nl='
'
tab=$(printf '\t') cr=$(printf '\r')
manifest=$record/manifest.new
[ -e "$manifest" ] || manifest=$record/manifest
from=; { read -r from <"$record/manifest.from"; } 2>/dev/null
sum=$(sha256sum <"$manifest") || exit
if [ "${sum%% *}" != "$tree" ]; then printf 'the manifest is damaged\n' >&2; exit 1; fi

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
# How stat writes a link: busybox quotes both names, whatever is asked of it.
rm -f -- "$record/manifest.link" && ln -s target "$record/manifest.link" || exit
case $(stat -c %N -- "$record/manifest.link") in "'"*) q="'" ;; *) q= ;; esac
# Plain substitutions where they do: groups cost a sed many times as much, and there may be many thousand files.
sed -e '/^f /!b other' -e 's/ [0-9a-f]* / .\//2' -e 's/^f /&1 /' -e 's/^/\/\/:/' -e 's/$/\/\//' -e b -e ':other' \
  -e 's|^d [0-7]* - - \(.*\)|//:d ./\1//|' -e t \
  -e "s|^l [0-7]* - - \\([^$tab]*\\)$tab\\(.*\\)|//:l ./\\1//$q./\\1$q -> $q\\2$q//|" "$manifest" >"$record/manifest.wanted" || exit
# Where the manifest has no such names, a tree that has one is wrong in any case.
if grep -q '\\' "$manifest"; then found | escaped; else found; fi >"$record/manifest.found" || exit
sort -- "$record/manifest.wanted" "$record/manifest.found" | uniq -u >"$record/manifest.odd"
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

# Files with plain names. openssl takes half of the time where it is there, and is asked for a known answer before it is
# believed. Two at once, because most hosts have two processors.
sums=$record/manifest.sums
case $(openssl dgst -sha256 -r </dev/null 2>/dev/null) in
  e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\ \**) sum='openssl dgst -sha256 -r' mark='*' ;;
  *) sum=sha256sum mark=' ' ;;
esac
sed -e '/^f /!d' -e '/\\/d' -e 's/^f [0-7]* [0-9]* //' -e "s/ / $mark.\\//" "$manifest" >"$sums" || exit
sed -n 'p;n' "$sums" >"$sums.1" && sed -n 'n;p' "$sums" >"$sums.2" || exit
# shellcheck disable=SC2086 # words are wanted
hold() { cut -c 67- "$1" | tr '\n' '\000' | xargs -0 -r $sum >"$1.said" 2>/dev/null; ! sort -- "$1" "$1.said" | uniq -u | read -r _; }
hold "$sums.1" & other=$!
hold "$sums.2"; status=$?
wait "$other" || status=1
if [ "$status" -ne 0 ]; then
  # Each line of what should have been said that was not.
  cat -- "$sums.1.said" "$sums.2.said" | sort -- - "$sums.1.said" "$sums.2.said" "$sums" | uniq -u |
    sed -e 's/^[0-9a-f]* [ *]\.\///' -e 's/$/: is not what was sent/' >"$record/manifest.wrong"
  [ -s "$record/manifest.wrong" ] || printf 'the sums cannot be made\n' >"$record/manifest.wrong"
  wrong
fi

# Names that stand escaped: sha256sums differ in how they write those. printf undoes the escapes; the dot keeps a last
# newline, which a command substitution would take away.
sed -n '/^f .*\\/p' "$manifest" >"$sums"
while IFS= read -r line; do
  rest=${line#* } rest=${rest#* } rest=${rest#* }
  hash=${rest%% *} escaped=${rest#* }
  path=$(printf '%b.' "$escaped") && path=${path%.}
  sum=$(sha256sum <"./$path") || exit
  if [ "${sum%% *}" != "$hash" ]; then printf '%s: is not what was sent\n' "$escaped" >"$record/manifest.wrong"; wrong; fi
done <"$sums" || exit
if [ "$manifest" != "$record/manifest" ]; then mv -- "$manifest" "$record/manifest" || exit; fi
rm -f -- "$record"/manifest.*
