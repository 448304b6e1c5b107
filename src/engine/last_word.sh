# Stands behind a host's last step: "live TARGET" or "unread", and "free" when the lock has been given back.
# In: base, relm_stays (not empty: the lock is not given back here).
if relm_target=$(relm_current); then printf 'live %s\n' "$relm_target"; else printf 'unread\n'; fi
if [ -n "$relm_lock" ] && [ -z "$relm_stays" ] && relm_give_back; then printf 'free\n'; fi
exit 0
