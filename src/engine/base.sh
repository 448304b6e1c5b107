# Sets base, the environment's directory on this host, from root and env. The directory need not be there.
unset CDPATH
# `cd -P` tells where that is, as `pwd -P` does, and needs no process.
cd -P . || exit
relm_home=$PWD
# shellcheck disable=SC2088 # a tilde from Releases.toml, not one of this shell
case $root in
  /*) base=$root/$env ;;
  '~/'*) base=$HOME/${root#'~/'}/$env ;;
  *) base=$relm_home/$root/$env ;;
esac
if [ -d "$base" ]; then cd -P -- "$base" && base=$PWD && cd -- "$relm_home" || exit; fi
