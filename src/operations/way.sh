# relm_way DIRECTORY PATH: says whether a part of the way from one to the other is a link; relm_at is that part then.
relm_way() {
  relm_at=$1 relm_rest=$2
  while :; do
    case $relm_rest in */*) relm_at=$relm_at/${relm_rest%%/*} relm_rest=${relm_rest#*/} ;; *) return 1 ;; esac
    [ ! -L "$relm_at" ] || return 0
  done
}
