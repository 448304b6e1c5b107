# Lists processes whose command line matches: pid, user, when it began in seconds since 1970, command line; tabs between.
# In: relm_pattern (a regular expression as awk knows it), relm_user (nothing: anybody's).
# Where processes of others are hidden from this login, that there is none cannot be known.
[ -r /proc/1/stat ] || { echo 'processes of other users cannot be seen here' >&2; exit 1; }
# What becomes another user has that mark among its words, and is relm's own. Two programs for all processes together;
# whoever ends meanwhile is not there any more.
relm_found=$(
  export relm_pattern
  tail -n +1 /proc/[0-9]*/cmdline 2>/dev/null | tr '\000\t' '  ' | awk -v me="$$" -v parent="$PPID" '
    # An argument may have several lines.
    function judge() {
      if (said != "" && pid != me && pid != parent && said !~ /relm-begins/ && said ~ ENVIRON["relm_pattern"]) print pid, said
      said = ""
    }
    /^==> \/proc\/[0-9]+\/cmdline <==$/ { judge(); split($2, part, "/"); pid = part[3]; next }
    $0 != "" { said = said (said == "" ? "" : " ") $0 }
    END { judge() }'
) || exit
relm_boot=$(sed -n 's/^btime //p' /proc/stat) || exit
relm_hertz=$(getconf CLK_TCK 2>/dev/null) || relm_hertz=100
printf '%s\n' "$relm_found" | while read -r relm_pid relm_command; do
  [ "$relm_pid" ] || continue
  relm_owner=$(stat -c %U "/proc/$relm_pid" 2>/dev/null) || continue
  [ -z "$relm_user" ] || [ "$relm_owner" = "$relm_user" ] || continue
  read -r relm_stat <"/proc/$relm_pid/stat" || continue
  # Behind the program's name, which may hold anything, the 20th is when it began, in ticks since the host did.
  # shellcheck disable=SC2086 # numbers
  set -- ${relm_stat##*) }
  printf '%s\t%s\t%s\t%s\n' "$relm_pid" "$relm_owner" "$((relm_boot + ${20} / relm_hertz))" "$relm_command"
done
