# Tells what a host has to transfer, or writes it to standard output, packed. In, besides: relm_gives (not empty: write it).
relm_is_own || exit
[ -e "./$relm_path" ] || { printf '%s is not in this release\n' "$relm_path" >&2; exit 1; }
[ -n "$relm_gives" ] || { relm_tell; exit; }
exec 4>&1
# A pipe ends as its last member does (POSIX has no pipefail).
relm_failed=$({ { tar cf - "./$relm_path" 4>&- || printf 'tar' >&3; } | gzip -c 3>&- >&4 || printf 'gzip' >&3; } 3>&1)
[ -z "$relm_failed" ] || { printf '%s could not pack %s\n' "$relm_failed" "$relm_path" >&2; exit 1; }
