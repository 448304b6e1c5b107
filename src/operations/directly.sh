# relm_directly ADDRESS: a host asks itself without a proxy, whatever its variables say of others.
relm_directly() {
  relm_authority=${1#*://} relm_authority=${relm_authority%%[/?#]*} relm_authority=${relm_authority##*@}
  case $relm_authority in
    localhost | localhost:* | *.localhost | *.localhost:* | 127.* | 0.0.0.0 | 0.0.0.0:* | "[::1]" | "[::1]:"*) ;;
    *) return 0 ;;
  esac
  unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
  # What a program's own settings say of a proxy, too.
  no_proxy='*' NO_PROXY='*'
  export no_proxy NO_PROXY
}
