# Lists processes whose command line matches: pid, user, when it began in seconds since 1970, command line; tabs between.
# In: relm_pattern (an extended regular expression of POSIX), relm_user (nothing: anybody's).
# Where processes of others are hidden from this login, that there is none cannot be known.
if relm_hides; then printf '%s\n' "$(relm_hidden)" >&2; exit 1; fi
[ -r /proc/1/stat ] || { echo 'processes of other users cannot be seen here' >&2; exit 1; }
# Bytes: an argument may be no text of any language.
LC_ALL=C; export LC_ALL
# What becomes another user has that mark among its words, and is relm's own. Two programs for all processes together;
# whoever ends meanwhile is not there any more.
relm_all=$(
  tail -n +1 /proc/[0-9]*/cmdline 2>/dev/null | tr '\000\t' '  ' | awk -v me="$$" -v parent="$PPID" '
    # An argument may have several lines. Behind the last one stands a blank, behind a name that a program gave itself many.
    function judge() {
      sub(/ +$/, "", said)
      if (said != "" && pid != me && pid != parent && said !~ /relm-begins/) print pid, said
      said = ""
    }
    /^==> \/proc\/[0-9]+\/cmdline <==$/ { judge(); split($2, part, "/"); pid = part[3]; next }
    $0 != "" { said = said (said == "" ? "" : " ") $0 }
    END { judge() }'
) || exit
# By grep, because what awk takes for an expression is another thing on every host. It reads the pattern from a file, so that
# no list of processes has it: another look would find this one. "LINE:COMMAND" a line; 1 is that nothing matches.
relm_found=$(printf '%s\n' "$relm_all" | sed 's/^[0-9]* //' | grep -a -n -E -f /proc/self/fd/7 7<<END
$relm_pattern
END
)
case $? in 0) ;; 1) exit 0 ;; *) exit 1 ;; esac
relm_boot=$(sed -n 's/^btime //p' /proc/stat) || exit
relm_hertz=$(getconf CLK_TCK 2>/dev/null) || relm_hertz=100
printf '%s\n' "$relm_found" | while IFS= read -r relm_command; do
  relm_pid=$(printf '%s\n' "$relm_all" | sed -n "${relm_command%%:*}s/ .*//p") relm_command=${relm_command#*:}
  relm_owner=$(stat -c %U "/proc/$relm_pid" 2>/dev/null) || continue
  [ -z "$relm_user" ] || [ "$relm_owner" = "$relm_user" ] || continue
  read -r relm_stat <"/proc/$relm_pid/stat" || continue
  # Behind the program's name, which may hold anything, the 20th is when it began, in ticks since the host did.
  # shellcheck disable=SC2086 # numbers
  set -- ${relm_stat##*) }
  printf '%s\t%s\t%s\t%s\n' "$relm_pid" "$relm_owner" "$((relm_boot + ${20} / relm_hertz))" "$relm_command"
done
