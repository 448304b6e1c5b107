# Writes into a release which one it is.
# In: release; file, a path inside it; text.
cd -- "$release" || exit
at=. rest=$file
# The source may hold a link that leads out of the release, or into what other releases see.
while :; do
  case $rest in */*) at=$at/${rest%%/*} rest=${rest#*/} ;; *) break ;; esac
  if [ -L "$at" ]; then
    printf '%s is a link in this release, so the version file %s would not be inside the release\n' "${at#./}" "$file" >&2
    exit 1
  fi
  [ -d "$at" ] || mkdir -- "$at" || exit
done
if [ -d "./$file" ] && [ ! -L "./$file" ]; then
  printf '%s is a directory in this release, so no version file can be written there\n' "$file" >&2
  exit 1
fi
new=$at/.relm-version-$$
rm -f -- "$new"
# $(…) of whoever sets it would take the end of the line away.
(set -C && printf '%s\n' "${text%
}" >"$new") && chmod 644 -- "$new" && mv -f -T -- "$new" "./$file" || {
  rm -f -- "$new"
  exit 1
}
