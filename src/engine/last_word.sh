# Stands behind a host's last step: "live TARGET" or "unread", and "free" when the lock has been given back.
if relm_target=$(relm_current); then printf 'live %s\n' "$relm_target"; else printf 'unread\n'; fi
if [ -n "$relm_lock" ] && relm_give_back; then printf 'free\n'; fi
exit 0
