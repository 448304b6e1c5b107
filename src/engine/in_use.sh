# in_use DIR: "NAME PID" a line for each process whose program, working directory or an open file lies in DIR/NAME.
# One `ls` for all links: reading each with a process of its own takes seconds on a busy host. Links of other users'
# processes cannot be read and are left out. `ls` tells first of links that it was given, and then what stands in directories.
# Fails if it cannot be told: of too many processes their links are more than `ls` can be started with.
in_use() {
  { ls -l /proc/[0-9]*/cwd /proc/[0-9]*/exe /proc/[0-9]*/fd/ 2>/dev/null; printf 'ended %s\n' "$?"; } | {
    pid='' last=''
    while IFS= read -r line; do
      last=$line
      case $line in
        /proc/*:) pid=${line#/proc/} pid=${pid%%/*} ;;
        *" -> $1/"*)
          path=${line#* -> "$1"/} of=$pid
          case ${line%% -> *} in */proc/*/cwd | */proc/*/exe) of=${line%%/cwd -> *} of=${of%%/exe -> *} of=${of##*/} ;; esac
          printf '%s %s\n' "${path%%/*}" "$of" ;;
      esac
    done
    # Of processes that end meanwhile it complains with a small number.
    case $last in 'ended '[0-9] | 'ended '[0-9][0-9]) ;; *) return 1 ;; esac
  }
}
