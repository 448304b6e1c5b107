# ahead_comes FILE: waits until what copies ahead (see copy_ahead.sh) has written FILE. Fails if that has gone without it.
# In: ahead (its place).
ahead_comes() {
  # Nothing is written there. Who copies has it open until FILE is there, or until it dies. Opened for reading alone it would wait
  # for one who may have gone; so it is open both ways at first, which POSIX leaves open, and which all systems allow.
  if [ -p "$1.comes" ]; then { IFS= read -r _; } 8<>"$1.comes" <"$1.comes" 8>&-; fi 2>/dev/null
  copier='' since=''
  until [ -s "$1" ]; do
    { read -r copier since <"$ahead/copier"; } 2>/dev/null && lock_start "$copier" && [ "$lock_since" = "$since" ] || break
    sleep 0.02 || sleep 1
  done
  # It may have come to its end between the two looks.
  [ -s "$1" ]
}
