# Takes secrets out of what a job has said, when it has ended. In: relm_own (its directory); arguments in pairs: a line of a
# secret, what stands for it. They are known to this shell only: awk has them by a pipe. No byte moves: whoever reads
# along goes by their number. In place, so that a full disk is no hindrance; some awks end a line at a NUL.
{
  printf '%s\n' "$@"
  LC_ALL=C tr '\000' '?' <"$relm_own/log"
} | LC_ALL=C awk -v words="$#" '
  NR <= words { word[NR] = $0; next }
  {
    rest = $0
    for (one = 1; one < words; one += 2) {
      said = ""
      while ((at = index(rest, word[one])) > 0) {
        long = length(word[one])
        mark = substr(word[one + 1], 1, long)
        while (length(mark) < long) mark = mark "*"
        said = said substr(rest, 1, at - 1) mark
        rest = substr(rest, at + long)
      }
      rest = said rest
    }
    print rest
  }' 1<>"$relm_own/log" || printf 'relm: secrets could not be taken out of this log\n'
