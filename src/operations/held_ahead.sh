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
  xargs -0 -r openssl dgst -sha256 -r <"$record/manifest.touched" >"$sums.touched" 2>/dev/null || return
  # All that was touched is as wanted; and of what is wanted all has been read.
  ! sort -- "$sums" "$sums" "$sums.touched" | uniq -u | read -r _ &&
    ! sort -- "$ahead"/sums.? "$ahead"/sums.? "$sums.touched" "$sums.touched" "$sums" | uniq -u | read -r _
}
