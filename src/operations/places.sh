# What is known of places outside of releases, whatever is brought there.
# In: relm_base; relm_home (where it really is).

# relm_stands PATH: says whether anything stands there.
relm_stands() { [ -e "$1" ] || [ -L "$1" ]; }

# relm_inside PATH: says whether it leads into what relm keeps itself, whatever links lead there.
relm_inside() {
  case $1/ in "$relm_base"/shared/*) return 1 ;; "$relm_base"/*) return 0 ;; esac
  relm_up=$1
  while [ -n "$relm_up" ] && [ ! -d "$relm_up" ]; do relm_up=${relm_up%/*}; done
  relm_real=$(cd -P -- "${relm_up:-/}" && pwd -P) || return 0
  case $relm_real/ in "$relm_home"/shared/*) return 1 ;; "$relm_home"/*) return 0 ;; esac
  return 1
}

# relm_clear DIRECTORY PATH: makes room for a copy. An older one can be a link on the way there.
relm_clear() {
  relm_at=$1 relm_rest=${2#./}
  while :; do
    case $relm_rest in */*) relm_at=$relm_at/${relm_rest%%/*} relm_rest=${relm_rest#*/} ;; *) break ;; esac
    if [ -L "$relm_at" ] || [ ! -d "$relm_at" ]; then rm -f -- "$relm_at" || return; fi
  done
  rm -rf -- "${1:?}/${2#./}"
}

# relm_save FROM DIRECTORY PATH: a copy of what stands at FROM.
relm_save() {
  relm_clear "$2" "$3" && mkdir -p -- "$2/${3%/*}" && cp -P -p -- "$1" "$2/$3"
}

# relm_bring FILE PLACE: a likeness of it, which is never there by half.
relm_bring() {
  if [ -d "$2" ] && [ ! -L "$2" ]; then
    printf '%s is a directory\n' "$2" >&2
    return 1
  fi
  relm_new=${2%/*}/.relm-new-$$
  rm -f -- "$relm_new" && cp -P -p -- "$1" "$relm_new" && mv -f -T -- "$relm_new" "$2" || {
    rm -f -- "$relm_new"
    return 1
  }
}
