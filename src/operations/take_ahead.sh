# What was copied ahead (see copy_ahead.sh), as the beginning of a release.
ahead=$base/releases/.ahead-$relm_token

# ahead_is_whole: waits for the copy, and says whether it is one of what the release is built upon.
ahead_is_whole() {
  [ -n "$relm_token" ] && [ -d "$ahead" ] && ahead_comes "$ahead/of" && read -r of <"$ahead/of" && [ "$of" = "${from##*/}" ]
}

# ahead_become: makes of it what the manifest says, with what was sent, and moves it to the release's place.
ahead_become() {
  # Cut short and begun again, this is not to go on with what is half changed by then.
  : >"$ahead/of" && cd -- "$ahead/tree" || return
  # What was sent tells the way.
  [ ! -e "$record/.relm-manifest.files" ] || xargs -0 rm -f -- <"$record/.relm-manifest.files" || return
  [ ! -e "$record/.relm-manifest.gone" ] || xargs -0 rmdir -- <"$record/.relm-manifest.gone" || return
  [ ! -e "$record/.relm-manifest.made" ] || xargs -0 mkdir -p -- <"$record/.relm-manifest.made" || return
  cd -- "$release" || return
  if has * .[!.]* ..?*; then
    # Both names are the same file only until the other goes.
    cp -RPl -- . "$ahead/tree" && rm -rf -- * .[!.]* ..?* || return
  fi
  mv -T -- "$ahead/tree" "$release" && cd -- "$release" && printf '%s\n' "$ahead" >"$record/manifest.ahead" || return
}
