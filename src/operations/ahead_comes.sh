# ahead_comes FILE: waits until what copies ahead (see copy_ahead.sh) has written FILE. Fails if that has gone without it.
# In: ahead (its place).
ahead_comes() {
  copier='' since=''
  until [ -s "$1" ]; do
    { read -r copier since <"$ahead/copier"; } 2>/dev/null && lock_start "$copier" && [ "$lock_since" = "$since" ] || break
    sleep 0.02 || sleep 1
  done
  # It may have come to its end between the two looks.
  [ -s "$1" ]
}
