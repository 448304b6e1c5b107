# in_use DIR: "NAME PID" a line for each process that lives in DIR/NAME: its program, working or root directory, an open or
# mapped file lies there, or its command line names it, which is all that can be seen of other users' processes.
# One `ls` and one `grep` for all: looking at each with a process of its own takes seconds on a busy host. `ls` tells first of
# links that it was given, and then what stands in directories.
# Fails if it cannot be told: of too many processes their files are more than a program can be started with, and those of other
# users may be hidden.
in_use() {
  ! relm_hides || return
  # Links of /proc know no other links.
  in_use_at=$(cd -- "$1" && pwd -P) || return
  { ls -l /proc/[0-9]*/cwd /proc/[0-9]*/exe /proc/[0-9]*/root /proc/[0-9]*/fd/ 2>/dev/null; printf 'ended %s\n' "$?"; } |
    grep -a -F -e " -> $in_use_at/" -e /fd/: -e 'ended ' | in_use_links || return
  # With -z: busybox reads no further than to the end of the first word.
  in_use_named=$(grep -a -l -z -F -e "$in_use_at/" -e releases/ /proc/[0-9]*/cmdline /proc/[0-9]*/maps 2>/dev/null)
  # 2 is also of those that end meanwhile, and of those that are others' business.
  [ "$?" -le 2 ] || return
  set -- "$1"
  for file in $in_use_named; do
    case $file in
      */cmdline) set -- "$@" "$file" ;;
      *) in_use_maps "${file%/maps}" ;;
    esac
  done
  in_use_words "$@"
}

# in_use_untold: that it cannot be told, in words.
in_use_untold() {
  printf 'which releases processes run in cannot be told'
  if relm_hides; then printf ': %s' "$(relm_hidden)"; fi
}

# in_use_links: reads what `ls` says of links.
in_use_links() {
  pid='' last=''
  while IFS= read -r line; do
    last=$line
    case $line in
      /proc/*:) pid=${line#/proc/} pid=${pid%%/*} ;;
      *" -> $in_use_at/"*)
        path=${line#* -> "$in_use_at"/} of=$pid
        case ${line%% -> *} in
          */proc/*/cwd | */proc/*/exe | */proc/*/root) of=${line%% -> *} of=${of%/*} of=${of##*/} ;;
        esac
        printf '%s %s\n' "${path%%/*}" "$of" ;;
    esac
  done
  # Of processes that end meanwhile it complains with a small number.
  case $last in 'ended '[0-9] | 'ended '[0-9][0-9]) ;; *) return 1 ;; esac
}

# in_use_maps PROCESS: what it has mapped; of a library nothing else stays open.
in_use_maps() {
  while IFS= read -r line; do
    case $line in *" $in_use_at/"*) path=${line#*" $in_use_at/"}; printf '%s %s\n' "${path%%/*}" "${1##*/}" ;; esac
  done <"$1/maps"
} 2>/dev/null

# in_use_words DIR FILE…: command lines, an argument a line.
in_use_words() {
  in_use_dir=$1
  shift
  [ $# -eq 0 ] || tail -n +1 -- "$@" /dev/null 2>/dev/null | tr '\000' '\n' | {
    pid=
    while IFS= read -r line; do
      case $line in '==> /proc/'*'/cmdline <==') pid=${line#'==> /proc/'} pid=${pid%%/*}; continue ;; esac
      in_use_paths "$in_use_at/" "$line"
      [ "$in_use_dir" = "$in_use_at" ] || in_use_paths "$in_use_dir/" "$line"
      in_use_paths releases/ "$line"
    done
  }
}

# in_use_paths START TEXT: each release whose path in the text begins so. What stands before it may be the way there under
# another name, or no part of it. A relative one leads to ours unless it leads to others from where the process is now: it may
# have gone from where it began, and of other users nobody knows.
in_use_paths() {
  rest=$2
  while :; do
    case $rest in *"$1"*) ;; *) return ;; esac
    before=${rest%%"$1"*} rest=${rest#*"$1"}
    name=${rest%%[!0-9_.-]*}
    [ -n "$name" ] && [ -d "$in_use_at/$name" ] || continue
    case $1 in
      /*) ;;
      *)
        before=${before##*[ =:,\;\"\'\(@]}releases
        case $before in /*) ;; *) before=/proc/$pid/cwd/$before ;; esac
        # shellcheck disable=SC3013 # not of POSIX, but every shell of Linux has it, and it needs no process
        [ "$before" -ef "$in_use_at" ] || case $before in /proc/*) [ ! -e "$before" ] ;; *) false ;; esac || continue ;;
    esac
    printf '%s %s\n' "$name" "$pid"
  done
}
