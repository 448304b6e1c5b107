# Publishes paths of a release at places outside of it, or puts back what was there before this run.
# In: relm_base, relm_name (the release), relm_before (what was live when the run began; either can be none), relm_do (look: says
# what is in the way, and changes nothing; publish; back); arguments in fours: link|mirror|overlay, the path in the release, the
# place, patterns of paths below it that are left out (one a line).
# In .relm/publish/PLACE:
#   live, previous   the release whose files are there, and the one whose were before; "none" for none
#   ledger           a line a file that relm published: its hash, its path; ledger.before, the one before this release
#   found/           what stood at such a path before relm published anything there
#   before/          what stood there before this release and would not come back with the release before it
#   of/RELEASE       what it was published with: the path in the release, then patterns
#   of.new           which of these the run that published last made
#   place            where it goes
#   edited/          what somebody wrote into a published file, below the name of the release that came in its place
umask 022
LC_ALL=C; export LC_ALL
relm_changed=
relm_nl='
'

relm_failed=
relm_stays=
# A host that ran the release before this run stays with it. Of no release nothing has been published.
if [ "$relm_do" = back ]; then
  case $relm_name in none|"$relm_before") exit 90 ;; esac
fi
relm_home=$relm_base
if [ -d "$relm_base" ]; then relm_home=$(cd -P -- "$relm_base" && pwd -P) || exit; fi

relm_no() { printf '%s\n' "$1" >&2; return 1; }

# relm_fault: what cannot be put back keeps nothing else from it.
relm_fault() { relm_failed=yes; [ "$relm_do" = back ]; }

# Says whether something of the tree would land in what relm keeps itself, where that lies below the place.
relm_is_above() {
  relm_real=$(cd -P -- "$relm_to" 2>/dev/null && pwd -P) || return
  case $relm_home in "${relm_real%/}"/*) relm_stands "$relm_tree/${relm_home#"${relm_real%/}"/}" ;; *) return 1 ;; esac
}

# Says whether the place is a link that relm made when it published there as a link.
relm_is_linked() {
  [ -L "$relm_to" ] && [ -e "$relm_state/live" ] || return
  case $(readlink "$relm_to") in "$relm_base"/releases/*) ;; *) return 1 ;; esac
}

# relm_lay FILE PLACE: brings it, with the directories on the way.
relm_lay() { mkdir -p -- "${2%/*}" && relm_bring "$1" "$2" && relm_changed=yes; }

# relm_sums: a line for each path that is read and stands here.
relm_sums() {
  : >"$relm_state/files"
  while IFS= read -r relm_path; do
    if [ -L "$relm_path" ]; then
      relm_word=$(readlink "$relm_path" | sha256sum)
      printf 'link:%s  %s\n' "${relm_word%% *}" "$relm_path"
    else
      printf '%s\n' "$relm_path" >>"$relm_state/files"
    fi
  done
  tr '\n' '\0' <"$relm_state/files" | xargs -0 -r sha256sum 2>/dev/null
  return 0
}

# relm_paths: of lines with hashes.
relm_paths() { sed 's/^[^ ]*  //' "$@" | sort -u; }

# Says whether the place can be a link of relm's.
relm_fits() {
  relm_now=
  if [ -L "$relm_to" ]; then
    relm_now=$(readlink "$relm_to")
    case $relm_now in
      "$relm_base"/releases/*|"$relm_base"/current/*) ;;
      *) relm_no "$relm_to is a link that relm did not make" ;;
    esac
  elif [ -e "$relm_to" ]; then
    relm_no "$relm_to is not relm's: move it away, or publish with another mode"
  fi
}

relm_link() {
  relm_fits || return
  [ "$relm_now" != "$relm_tree" ] || return 0
  relm_changed=yes
  if [ -z "$relm_tree" ]; then rm -f -- "$relm_to"; return; fi
  mkdir -p -- "${relm_to%/*}" || return
  relm_new=${relm_to%/*}/.relm-new-$$
  rm -f -- "$relm_new" && ln -s -- "$relm_tree" "$relm_new" && mv -f -T -- "$relm_new" "$relm_to"
}

# relm_list PATTERNS: the files and links of the tree.
relm_list() (
  [ -n "$relm_tree" ] || exit 0
  cd -- "$relm_tree" || exit
  set -f
  IFS=$relm_nl
  relm_left=$1
  set --
  for relm_one in $relm_left; do set -- "$@" -path "./$relm_one" -prune -o; done
  # Into files, because a find that fails must not read as a tree without files.
  find . "$@" \( -name "*$relm_nl*" -o -name '*\\*' \) -print >"$relm_state/found.now" || exit
  relm_odd=$(head -n 1 "$relm_state/found.now")
  [ -z "$relm_odd" ] || relm_no "$relm_from has a name with a backslash or an end of line in it: $relm_odd" || exit
  find . "$@" \( -type f -o -type l \) -print >"$relm_state/found.now" || exit
  sort -- "$relm_state/found.now"
)

relm_copy() {
  cd -- "$relm_state" || return
  [ -e ledger ] || : >ledger || return
  relm_list "$1" >wanted.paths || return
  if [ -n "$relm_tree" ]; then (cd -- "$relm_tree" && relm_sums) <wanted.paths | sort >wanted || return; else : >wanted; fi
  [ "$(wc -l <wanted)" -eq "$(wc -l <wanted.paths)" ] || relm_no "not all of $relm_from can be read" || return
  if relm_is_linked; then rm -f -- "$relm_to" && relm_changed=yes || return; fi
  mkdir -p -- "$relm_to" || return
  relm_make_way || return
  # What stands there and is not relm's comes back when relm's goes.
  relm_paths ledger >ledger.paths || return
  sort -- wanted.paths ledger.paths ledger.paths | uniq -u >new || return
  while IFS= read -r relm_one; do
    if relm_way "$relm_to" "${relm_one#./}"; then
      relm_no "$relm_at is a link, and relm publishes nothing behind it" || relm_fault || return
    elif [ -L "$relm_to/$relm_one" ] || [ -f "$relm_to/$relm_one" ]; then
      relm_save "$relm_to/$relm_one" found "$relm_one" || relm_fault || return
    elif [ -e "$relm_to/$relm_one" ]; then
      relm_no "$relm_to/${relm_one#./} is not a file" || relm_fault || return
    else
      relm_clear found "$relm_one" || return
    fi
  done <new
  cp -- ledger ledger.old || return
  # Written down first: a file that is there and in no ledger would stay for ever.
  sort -u -- ledger wanted >ledger.new && mv -f -- ledger.new ledger || return
  (cd -- "$relm_to" && relm_sums) <wanted.paths | sort >there || return
  sort -- wanted there there | uniq -u | relm_paths >changed || return
  while IFS= read -r relm_one; do
    if relm_way "$relm_to" "${relm_one#./}"; then
      relm_no "$relm_at is a link, and relm publishes nothing behind it" || relm_fault || return
      continue
    fi
    relm_keep || relm_fault || return
    relm_lay "$relm_tree/${relm_one#./}" "$relm_to/${relm_one#./}" || relm_fault || return
  done <changed
  if [ "$relm_do" = back ]; then relm_again; fi
  case $relm_mode-$relm_do in
    mirror-*) relm_paths ledger | cat - wanted.paths wanted.paths | sort | uniq -u >gone ;;
    # Only what came with the release that is put back.
    overlay-back) { relm_paths ledger; relm_paths ledger.before; relm_paths ledger.before; cat wanted.paths wanted.paths; } | sort | uniq -u >gone ;;
    *) : >gone ;;
  esac
  relm_take_away || return
  # The ledgers stay as they are while something is left to put back.
  [ -z "$relm_failed" ] || return
  case $relm_mode-$relm_do in
    mirror-*) mv -f -- wanted ledger ;;
    overlay-back) cp -- ledger.before ledger ;;
  esac
}

# In a mirror, what was a file can be a directory now, or the reverse: the older goes first.
relm_make_way() {
  [ "$relm_mode" = mirror ] || return 0
  relm_paths ledger | cat - wanted.paths wanted.paths | sort | uniq -u >older || return
  awk 'NR == FNR { wanted[$0]; up = $0; while (sub("/[^/]*$", "", up)) above[up]; next }
    { hit = $0 in above; up = $0; while (!hit && sub("/[^/]*$", "", up)) hit = up in wanted; if (hit) print }
  ' wanted.paths older >gone || return
  relm_take_away
}

# relm_line FILE: of its lines with hashes, that of relm_one.
relm_line() {
  grep -F -e "  $relm_one" "$1" | while IFS= read -r relm_word; do
    [ "${relm_word#*  }" != "$relm_one" ] || printf '%s\n' "$relm_word"
  done
}

# Keeps what is about to be overwritten where it would be lost: what somebody edited, and what an overlay does not bring
# again. What was new has its copy in `found`.
relm_keep() {
  [ "$relm_do" = publish ] && relm_stands "$relm_to/$relm_one" || return 0
  if grep -q -x -F -e "$relm_one" new; then return; fi
  relm_line=$(relm_line there)
  if [ -z "$relm_line" ] || ! grep -q -x -F -e "$relm_line" ledger.old; then
    relm_save "$relm_to/$relm_one" "edited/$relm_name" "$relm_one" || return
    printf '%s was edited by hand; what it said is in %s\n' \
      "$relm_to/${relm_one#./}" "$relm_state/edited/$relm_name/${relm_one#./}" >&2
  elif [ "$relm_mode" = mirror ]; then return; fi
  if relm_stands "before/$relm_one"; then return; fi
  relm_save "$relm_to/$relm_one" before "$relm_one"
}

# Brings what this release overwrote.
relm_again() {
  [ -d before ] || return 0
  (cd -- before && find . \( -type f -o -type l \) -print) >again || relm_fault
  while IFS= read -r relm_one; do
    if relm_way "$relm_to" "${relm_one#./}"; then continue; fi
    relm_lay "before/$relm_one" "$relm_to/${relm_one#./}" || relm_fault
  done <again
}

# Takes away what is listed in `gone`, unless somebody has edited it.
relm_take_away() {
  (cd -- "$relm_to" && relm_sums) <gone >there || return
  while IFS= read -r relm_one; do
    relm_place=$relm_to/${relm_one#./}
    relm_line=$(relm_line there)
    # Gone already, or behind a link.
    [ -n "$relm_line" ] && ! relm_way "$relm_to" "${relm_one#./}" || continue
    if ! grep -q -x -F -e "$relm_line" ledger; then
      printf '%s was edited and is left where it is\n' "$relm_place" >&2
    elif [ -e "found/$relm_one" ] || [ -L "found/$relm_one" ]; then
      relm_lay "found/$relm_one" "$relm_place" || relm_fault || return
    else
      relm_changed=yes
      rm -f -- "$relm_place" || relm_fault || return
      relm_up=${relm_one%/*}
      while [ "$relm_up" != . ] && rmdir -- "$relm_to/$relm_up" 2>/dev/null; do relm_up=${relm_up%/*}; done
    fi
  done <gone
}

# relm_publish MODE FROM TO PATTERNS
relm_publish() {
  relm_mode=$1 relm_from=$2 relm_to=$3
  case $relm_to in "~"/*) relm_to=$HOME/${relm_to#??} ;; esac
  relm_state=$relm_base/.relm/publish/$(printf '%s' "$relm_to" | sed 's/%/%25/g; s|/|%|g')
  relm_live=none relm_of=$relm_name
  if [ -e "$relm_state/live" ]; then read -r relm_live <"$relm_state/live"; fi
  if [ "$relm_do" = back ]; then
    [ "$relm_live" = "$relm_name" ] || return 0
    read -r relm_of <"$relm_state/previous" || return
  fi
  relm_left=$4 relm_wrote=none relm_asked=
  if [ -e "$relm_state/of.new" ]; then read -r relm_wrote <"$relm_state/of.new"; fi
  case $relm_do-$relm_name in back-*) ;; *-"$relm_live"|*-"$relm_wrote") relm_asked=today ;; esac
  # A release of before is published as it was then: it may not have what is asked for today.
  if [ -e "$relm_state/of/$relm_of" ] && [ -z "$relm_asked" ]; then
    { IFS= read -r relm_from && relm_left=$(cat); } <"$relm_state/of/$relm_of" || return
  fi
  relm_place=$relm_to
  if [ "$relm_mode" = link ] || relm_is_linked; then relm_place=${relm_to%/*}; fi
  ! relm_inside "$relm_place" || relm_no "$relm_to is inside of what relm keeps itself" || return
  relm_tree=
  if [ "$relm_of" != none ]; then
    relm_tree=$relm_base/releases/$relm_of/$relm_from
    if relm_way "$relm_base/releases/$relm_of" "$relm_from/."; then
      relm_no "$relm_at is a link of the release, and relm publishes nothing behind it" || return
    elif [ ! -e "$relm_tree" ]; then
      # A release of old may have been without it; what is put back was there, unless it is written down otherwise.
      case $relm_do in
        look) relm_no "the release has no $relm_from" || return ;;
        # What is public does not vanish with a rollback to a release that never published anything there.
        publish) relm_stays="$relm_stays${relm_stays:+, }$relm_to stays as it is: $relm_name has no $relm_from"; return ;;
        back) [ -e "$relm_state/of/$relm_of" ] || relm_no "the release $relm_of has no $relm_from" || return ;;
      esac
      relm_tree=
    fi
  fi
  if [ "$relm_mode" != link ] && [ -n "$relm_tree" ] && relm_is_above; then
    relm_no "$relm_from would be written into what relm keeps itself, in $relm_home" || return
  fi
  if [ "$relm_do" = look ]; then
    if [ "$relm_mode" = link ]; then relm_fits; else [ -d "$relm_tree" ] || relm_no "$relm_from is no directory of the release"; fi
    return
  fi
  mkdir -p -- "$relm_state" || return
  if [ "$relm_do" = publish ]; then relm_write_down || return; fi
  if [ "$relm_do" = publish ] && [ "$relm_live" != "$relm_name" ]; then
    if [ -e "$relm_state/ledger" ]; then cat -- "$relm_state/ledger"; fi >"$relm_state/ledger.before" || return
    rm -rf -- "$relm_state/before" || return
    printf '%s\n' "$relm_live" >"$relm_state/previous" && printf '%s\n' "$relm_name" >"$relm_state/live.new" || return
    mv -f -- "$relm_state/live.new" "$relm_state/live" || return
  fi
  case $relm_mode in link) relm_link ;; *) relm_copy "$relm_left" ;; esac || return
  [ "$relm_do" = back ] || return 0
  printf '%s\n' "$relm_of" >"$relm_state/live" || return
  # When it is published after all, what is asked for then counts.
  [ "$relm_wrote" != "$relm_name" ] || rm -f -- "$relm_state/of/$relm_name"
}

# Writes down what the release is published with, and forgets releases that are gone.
relm_write_down() {
  mkdir -p -- "$relm_state/of" || return
  if [ "$relm_live" != "$relm_name" ]; then
    # Those of an earlier deploy of it stay when this run is put back.
    if [ ! -e "$relm_state/of/$relm_name" ]; then relm_wrote=$relm_name; fi
    [ "$relm_wrote" = "$relm_name" ] || relm_wrote=none
    printf '%s\n' "$relm_wrote" >"$relm_state/of.new" || return
    for relm_one in "$relm_state/of"/*; do
      [ -d "$relm_base/releases/${relm_one##*/}" ] || rm -f -- "$relm_one" || return
    done
  fi
  printf '%s\n' "$relm_to" >"$relm_state/place" || return
  printf '%s\n%s\n' "$relm_from" "$relm_left" >"$relm_state/now" && mv -f -- "$relm_state/now" "$relm_state/of/$relm_name"
}

relm_ends=
while [ $# -gt 0 ]; do
  relm_failed=
  relm_publish "$1" "$2" "$3" "$4" || relm_ends=1
  [ -z "$relm_ends" ] || [ "$relm_do" != publish ] || exit 1
  shift 4
done
[ -z "$relm_ends" ] || exit 1
if [ -n "$relm_stays" ]; then printf '%s\n' "$relm_stays"; exit 98; fi
[ "$relm_do" = look ] || [ -n "$relm_changed" ] || exit 90
