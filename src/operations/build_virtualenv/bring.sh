# Takes a uv that is sent: its hash on a line, then the program, packed. What does not run here is not kept.
# In: tools (its directory).
IFS= read -r sum || { printf 'no uv came\n' >&2; exit 1; }
mkdir -p -- "$tools" && rm -f -- "$tools"/new-* || exit
new=$tools/new-$$
gzip -dc >"$new" && chmod 755 -- "$new" || exit
exec </dev/null
got=$(sha256sum <"$new") || exit
if [ "${got%% *}" != "$sum" ]; then rm -f -- "$new"; printf 'the uv arrived damaged or cut short\n' >&2; exit 1; fi
if "$new" --version >/dev/null 2>&1; then
  rm -f -- "$tools"/uv-* && mv -- "$new" "$tools/uv-$sum" || exit
else
  rm -f -- "$new"
  printf 'the uv that was brought does not run on this host: bring a static build for %s\n' "$(uname -sm)"
fi
