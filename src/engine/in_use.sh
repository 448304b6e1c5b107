# in_use DIR: "NAME PID" a line for each process whose program, working directory or an open file lies in DIR/NAME.
# One `ls` for all links: reading each with a process of its own takes seconds on a busy host. Links of other users'
# processes cannot be read and are left out.
in_use() {
  {
    ls -l /proc/[0-9]*/cwd /proc/[0-9]*/exe 2>/dev/null | sed -n 's|^.* /proc/\([0-9]*\)/[a-z]* -> |\1 |p'
    ls -l /proc/[0-9]*/fd/ 2>/dev/null | {
      pid=
      while IFS= read -r line; do
        case $line in
          /proc/*:) pid=${line#/proc/} pid=${pid%%/*} ;;
          *' -> /'*) printf '%s %s\n' "$pid" "/${line#* -> /}" ;;
        esac
      done
    }
  } | while read -r pid path; do
    case $path in "$1"/*) path=${path#"$1"/} && printf '%s %s\n' "${path%%/*}" "$pid" ;; esac
  done
}
