# Prints relm_found without secrets. In: relm_found; arguments in pairs: a line of a secret, what takes its place. They are known
# to this shell only: nothing here is another program.
# A pipe and no here-document: some shells put those into files.
printf '%s\n' "$relm_found" | while IFS= read -r relm_line; do
  relm_at=1
  while [ "$relm_at" -lt "$#" ]; do
    eval "relm_secret=\${$relm_at} relm_instead=\${$((relm_at + 1))}"
    relm_done=
    while :; do
      case $relm_line in
        *"$relm_secret"*) relm_done=$relm_done${relm_line%%"$relm_secret"*}$relm_instead relm_line=${relm_line#*"$relm_secret"} ;;
        *) break ;;
      esac
    done
    relm_line=$relm_done$relm_line relm_at=$((relm_at + 2))
  done
  printf '%s\n' "$relm_line"
done
