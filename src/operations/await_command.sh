# What is waited for: a command that exits with 0. In: relm_directory, relm_command.
# shellcheck disable=SC3040 # asked for first
cd -- "$relm_directory" || exit
# Apart: whatever the check does to its shell, and however it exits, its codes are not ours.
relm_check() (
  exec </dev/null
  (set -o pipefail) 2>/dev/null && set -o pipefail
  eval "$relm_command"
)
