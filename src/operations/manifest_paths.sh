# relm_paths KIND [FILE]: the paths of that kind (d|f) in a manifest, or in lines of one on standard input, a zero byte behind each.
# Those that stand escaped are left out: what bears such a name is sent in any case.
relm_paths() {
  relm_kind=$1
  shift
  sed -e "/^$relm_kind /!d" -e '/\\/d' -e "s/^$relm_kind [0-7]* [-0-9]* [-0-9a-f]* /.\\//" "$@" | tr '\n' '\000'
}
