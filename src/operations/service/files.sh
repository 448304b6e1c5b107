# A service's files: from `services/NAME/` of the release to where its daemon looks. What was put there stands in a record,
# so that a file that the next release has not is taken away, unless somebody has edited it.

# relm_sum FILE
relm_sum() { relm_word=$(sha256sum <"$1") && printf '%s' "${relm_word%% *}"; }

relm_rendered() {
  for relm_file in "$relm_release/services/$relm_service"/*; do
    if [ -n "$relm_release" ] && [ -f "$relm_file" ]; then printf '%s\n' "$relm_file"; fi
  done
}

# Where the daemon has its files now.
relm_installed() {
  while read -r relm_word relm_path; do [ ! -f "$relm_path" ] || printf '%s\n' "$relm_path"; done
} 2>/dev/null <"$relm_base/.relm/services/$relm_service"

# What is to be where: its hash and its place, a line each.
relm_want() {
  relm_record=$relm_base/.relm/services/$relm_service
  case $relm_into in ''|/*) ;; *) relm_into=$HOME/$relm_into ;; esac
  relm_new=
  if [ -n "$relm_into" ]; then relm_new=$(relm_rendered); fi
  relm_wanted=$(printf '%s\n' "$relm_new" | while IFS= read -r relm_file; do
    [ -z "$relm_file" ] || printf '%s %s\n' "$(relm_sum "$relm_file")" "$relm_into/${relm_file##*/}"
  done)
}

relm_has_none() { [ -z "$relm_new" ] && [ ! -s "$relm_record" ]; }

# relm_write TEXT: the record anew. On a full disk it stays as it was.
relm_write() {
  if [ -n "$1" ]; then printf '%s\n' "$1"; fi >"$relm_record.new" && mv -f -T -- "$relm_record.new" "$relm_record" && return
  rm -f -- "$relm_record.new"
  printf 'what is put in place cannot be written down in %s\n' "$relm_record" >&2
  return 1
}

# Written down first: a file that is there and in no record would stay for ever.
relm_note() {
  if relm_has_none; then return; fi
  mkdir -p -- "$relm_base/.relm/services" || return
  relm_old=
  if [ -e "$relm_record" ]; then relm_old=$(cat -- "$relm_record") || return; fi
  relm_write "$relm_old${relm_old:+${relm_wanted:+
}}$relm_wanted"
}

relm_noted() { relm_has_none || relm_write "$relm_wanted"; }

# Another user writes none of relm's records: who started them has done so (relm_is_noted) and will.
relm_files() {
  relm_want || return
  if relm_has_none; then return 0; fi
  [ -n "$relm_is_noted" ] || relm_note || return
  if [ -n "$relm_new" ]; then
    mkdir -p -- "$relm_into" || return
    printf '%s\n' "$relm_new" | while IFS= read -r relm_file; do
      relm_path=$relm_into/${relm_file##*/}
      # A name that no daemon's pattern takes, and then a rename: a file is never there by half.
      cp -p -- "$relm_file" "$relm_into/.relm-$$" && mv -f -T -- "$relm_into/.relm-$$" "$relm_path" || exit 1
    done || { rm -f -- "$relm_into/.relm-$$"; return 1; }
  fi
  while read -r relm_word relm_path; do
    case "
$relm_wanted
" in *" $relm_path
"*) continue ;; esac
    [ -f "$relm_path" ] || continue
    if [ "$(relm_sum "$relm_path")" = "$relm_word" ]; then rm -f -- "$relm_path" || return
    # An older line may still say what it is.
    elif ! grep -q -x -F -- "$(relm_sum "$relm_path") $relm_path" "$relm_record"; then
      printf '%s was edited by hand and is left where it is\n' "$relm_path" >&2
    fi
  done <"$relm_record"
  [ -n "$relm_is_noted" ] || relm_noted
}
