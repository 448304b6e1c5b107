# relm_hides: says whether /proc hides the processes of others from whoever asks, as its mount option hidepid does to all but root.
# Nothing is hidden where there is no /proc of Linux.
relm_hides() { [ -e /proc/self/stat ] && ! [ -r /proc/1/stat ]; }

# relm_hidden: that in words, and what would show them.
relm_hidden() {
  printf '/proc hides the processes of other users from %s (mount option hidepid; with gid=%s beside it, or by become = "root", they are seen)' \
    "$(id -un 2>/dev/null || id -u)" "$(id -g)"
}
