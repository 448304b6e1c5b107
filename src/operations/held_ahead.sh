# What a release began with was read as soon as it was copied (see copy_ahead.sh), and need not be read again as long as nobody
# has touched it since: a file's ctime tells, which nobody can set.
# In: record, relm_token.
ahead=
{ read -r ahead <"$record/manifest.ahead"; } 2>/dev/null
case $ahead in *"/.ahead-$relm_token") [ -n "$relm_token" ] && [ -e "$ahead/copied" ] || ahead= ;; *) ahead= ;; esac
# For eval, as part of a find of GNU's: writes down what has been touched since.
# shellcheck disable=SC2016
touched='-type f -cnewer "$ahead/copied" -fprintf "$record/manifest.touched" "./%P\0"'

# held_ahead: says whether the contents are what $sums tells ("HASH *./PATH" a line), by what was read ahead and by reading the rest.
held_ahead() {
  [ -n "$ahead" ] && [ -e "$record/manifest.touched" ] && ahead_comes "$ahead/read" || return
  if [ ! -s "$record/manifest.touched" ] && cmp -s -- "$ahead/sums.1" "$sums"; then return; fi
  # openssl reads faster, and takes longer to start.
  xargs -0 -r sha256sum -b <"$record/manifest.touched" >"$sums.touched" 2>/dev/null || return
  # The names there are those that are wanted. What stands alone is wanted and nowhere, or it was touched and is not as wanted.
  # The last line, which stands behind all others, comes through if all has gone well.
  echo '~ read' >"$sums.end" || return
  sort -- "$sums" "$sums.touched" "$ahead"/sums.? "$ahead"/sums.? "$sums.end" | uniq -u >"$sums.odd"
  read -r odd <"$sums.odd" && [ "$odd" = '~ read' ]
}
