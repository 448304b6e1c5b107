# Takes a release's files to their places outside of it, or puts back what this run has changed there.
# In: relm_base, relm_kept (the release's files, below root/ and home/), relm_name (the release), relm_before (what was live
# when the run began, or -), relm_back (not empty: put back), relm_taker (who does this, if that is another user than the login).
# In .relm/outside, or outside@USER:
#   ledger      a line a file that some release brought: its hash, "was" or "none" for what stood there before, its key
#   original/   what stood there before any release's file
#   changes     the run that changed something last (BEFORE RELEASE), then a line a file: "was" or "none", its key
#   previous/   what stood there before that run; previous.ledger, the ledger then
#   edited/     what somebody wrote into a release's file, below the name of the release that came in its place
# A key is the way below root/ or home/.
umask 077
relm_state=$relm_base/.relm/outside${relm_taker:+@$relm_taker}
# A host that ran the release before this run stays with it, and with its files.
if [ -n "$relm_back" ] && [ "$relm_before" = "$relm_name" ]; then exit 90; fi
if [ ! -d "$relm_kept" ] && [ ! -d "$relm_state" ]; then exit 90; fi
mkdir -p -- "$relm_state" && cd -- "$relm_state" || exit
# What the login wrote is to be whose it is to be before it is anywhere.
if [ -n "$relm_taker" ] && [ -z "$relm_back" ]; then
  rm -rf -- staged && mkdir -- staged || exit
  if [ -d "$relm_kept" ]; then
    cp -R -P -p -- "$relm_kept/." staged && chown -R -h -- "$(id -u):$(id -g)" staged || exit
    while read -r relm_owner relm_key; do
      [ "$relm_owner" = - ] || chown -h -- "$relm_owner" "staged/$relm_key" || exit
    done <"$relm_kept.owners" || exit
  fi
  relm_kept=$relm_state/staged
fi
relm_home=$(cd -P -- "$relm_base" && pwd -P) || exit

# relm_place KEY: where it belongs.
relm_place() {
  case $1 in root/*) relm_path=/${1#root/} ;; *) relm_path=$HOME/${1#home/} ;; esac
}

# relm_sum PATH
relm_sum() {
  if [ -L "$1" ] || [ ! -f "$1" ]; then printf 'other'; return; fi
  relm_word=$(sha256sum <"$1") && printf '%s' "${relm_word%% *}"
}

# relm_known KEY: says whether a release's file stands there as it came, whichever release's it is.
relm_known() {
  relm_is=$(relm_sum "$relm_path")
  # The older ledger too: a run that was cut short may have written down what it did not bring.
  grep -q -x -F -e "$relm_is was $1" -e "$relm_is none $1" ledger previous.ledger
}

# relm_line KEY: what finds its line in the ledger.
relm_line() { printf '[^ ]* [^ ]* %s' "$(printf '%s' "$1" | sed 's/[][\.*^$]/\\&/g')"; }

# relm_ledger KEY WORD: writes its line anew, or none. All or nothing: on a full disk the ledger stays as it was.
relm_ledger() {
  relm_rest=$(grep -v -x -e "$(relm_line "$1")" ledger) || [ "$?" -eq 1 ] || return
  { { [ -z "$relm_rest" ] || printf '%s\n' "$relm_rest"; } &&
    { [ -z "$2" ] || printf '%s %s\n' "$2" "$1"; }; } >ledger.new && mv -f -- ledger.new ledger
}

relm_run="$relm_before $relm_name"
relm_last=
if [ -e changes ]; then IFS= read -r relm_last <changes; fi
# A run that goes on with another finds its release live already.
if [ "$relm_before" = "$relm_name" ]; then
  case $relm_last in *" $relm_name") relm_run=$relm_last ;; esac
fi

if [ -n "$relm_back" ]; then
  [ "$relm_last" = "$relm_run" ] || exit 90
  relm_count=$(wc -l <changes)
  relm_failed=
  { IFS= read -r relm_entry
    while IFS= read -r relm_entry; do
      relm_key=${relm_entry#* }
      relm_place "$relm_key"
      if [ "${relm_entry%% *}" = was ]; then relm_bring "previous/$relm_key" "$relm_path"; else rm -f -- "$relm_path"; fi || {
        printf '%s is not as it was before\n' "$relm_path" >&2
        relm_failed=yes
      }
    done; } <changes || exit
  # What is left to put back stays written down.
  [ -z "$relm_failed" ] || exit 1
  if [ -e previous.ledger ]; then mv -f -- previous.ledger ledger || exit; fi
  rm -rf -- changes previous
  if [ "$relm_count" -gt 1 ]; then exit 0; else exit 90; fi
fi

[ -e ledger ] || : >ledger || exit
if [ "$relm_last" != "$relm_run" ]; then
  rm -rf -- changes previous && cp -- ledger previous.ledger || exit
  printf '%s\n' "$relm_run" >changes.new && mv -f -- changes.new changes || exit
fi

# relm_remember KEY: before its place is changed for the first time in this run.
relm_remember() {
  grep -q -x -F -e "was $1" -e "none $1" changes && return
  relm_stood=none
  if relm_stands "$relm_path"; then relm_stood=was; relm_save "$relm_path" previous "$1" || return; fi
  printf '%s %s\n' "$relm_stood" "$1" >>changes
}

relm_found=
if [ -d "$relm_kept" ]; then relm_found=$(cd -- "$relm_kept" && find . -type f) || exit; fi
relm_wanted=$(printf '%s\n' "$relm_found" | sed 's|^\./||' | sort) || exit
printf '%s\n' "$relm_wanted" | while IFS= read -r relm_key; do
  [ -n "$relm_key" ] || continue
  relm_place "$relm_key"
  if relm_inside "${relm_path%/*}"; then
    printf '%s is inside of what relm keeps itself\n' "$relm_path" >&2
    exit 1
  fi
  relm_old=$(grep -x -e "$(relm_line "$relm_key")" ledger) || [ "$?" -eq 1 ] || exit
  relm_what=${relm_old#* } relm_what=${relm_what%% *}
  relm_hash=$(relm_sum "$relm_kept/$relm_key")
  if [ "$relm_hash" = "$(relm_sum "$relm_path")" ] && [ -n "$relm_old" ] &&
    [ "$(stat -c '%a %u %g' "$relm_kept/$relm_key")" = "$(stat -c '%a %u %g' "$relm_path")" ]; then
    # A run that was cut short may have written down what it did not bring.
    [ "${relm_old%% *}" = "$relm_hash" ] || relm_ledger "$relm_key" "$relm_hash $relm_what" || exit
    continue
  fi
  relm_remember "$relm_key" || exit
  if [ -n "$relm_old" ]; then
    if relm_stands "$relm_path" && ! relm_known "$relm_key"; then
      relm_save "$relm_path" "edited/$relm_name" "$relm_key" || exit
      printf '%s was edited by hand; what it said is in %s\n' "$relm_path" "$relm_state/edited/$relm_name/$relm_key" >&2
    fi
  else
    relm_what=none
    if relm_stands "$relm_path"; then relm_what=was; relm_save "$relm_path" original "$relm_key" || exit
    else relm_clear original "$relm_key" || exit; fi
  fi
  (umask 022 && mkdir -p -- "${relm_path%/*}") || exit
  # Written down first: a file that is there and in no ledger would stay for ever.
  relm_ledger "$relm_key" "$relm_hash $relm_what" && relm_bring "$relm_kept/$relm_key" "$relm_path" || exit
done || exit

relm_nl='
'
# What a person should know: files that no template is for any more.
relm_told=
relm_tell() { relm_told="$relm_told${relm_told:+; }$1"; }
cp -- ledger ledger.now || exit
while IFS= read -r relm_entry; do
  relm_key=${relm_entry#* } relm_what=${relm_key%% *} relm_key=${relm_key#* }
  case $relm_nl$relm_wanted$relm_nl in *"$relm_nl$relm_key$relm_nl"*) continue ;; esac
  relm_place "$relm_key"
  if relm_stands "$relm_path" && ! relm_known "$relm_key"; then
    relm_tell "$relm_path was edited by hand and is left where it is: no template is for it any more"
  else
    relm_remember "$relm_key" || exit
    if [ "$relm_what" = was ]; then
      relm_bring "original/$relm_key" "$relm_path" || exit
      relm_tell "$relm_path is as it was before any template: none is for it any more"
    elif relm_stands "$relm_path"; then
      rm -f -- "$relm_path" || exit
      relm_tell "$relm_path was taken away: no template is for it any more"
    fi
  fi
  relm_ledger "$relm_key" '' || exit
done <ledger.now || exit
if [ -n "$relm_told" ]; then printf '%s\n' "$relm_told"; exit 98; fi
[ "$(wc -l <changes)" -gt 1 ] || exit 90
