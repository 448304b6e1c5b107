# Sets base, the environment's directory on this host, from root and env. The directory need not be there.
unset CDPATH
# shellcheck disable=SC2088 # a tilde from Releases.toml, not one of this shell
case $root in
  /*) base=$root/$env ;;
  '~/'*) base=$HOME/${root#'~/'}/$env ;;
  *) base=$(pwd -P)/$root/$env ;;
esac
if [ -d "$base" ]; then base=$(cd -- "$base" && pwd -P) || exit; fi
