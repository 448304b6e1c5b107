# Can this host flip? Leaves nothing behind.
# In: base, target and expected (releases/NAME or nothing), record (of the target).
cannot() { printf '%s\n' "$1" >&2; exit 1; }
cd -- "$base" || exit
if [ -L "$target" ] || ! [ -d "$target" ]; then cannot "$base/$target is not there"; fi
word=
{ read -r word _ <"$record/state"; } 2>/dev/null
case $word in
  complete|bad) ;;
  *) cannot "the record of ${target#releases/} does not say that it is complete" ;;
esac
relm_live_link || exit
if [ "$now" != "$expected" ] && [ "$now" != "$target" ]; then
  cannot "current points to \"$now\" and not to \"$expected\" any more: somebody else has changed it"
fi
# What the flip needs: a link beside `current`, and room for a few lines in the records.
link=.current-$$-check room=.relm/.room-$$
ln -s -- "$target" "$link" && printf '%4096s' '' >"$room"
able=$?
rm -f -- "$link" "$room" || exit
[ "$able" -eq 0 ] || cannot "a link and a few lines cannot be written below $base"
