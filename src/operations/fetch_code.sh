# Fetches what would be sent, and holds it against its hash before anything is made of it; what stands behind reads it.
# In: record, sum (its hash); on standard input a link. Whoever has the link may fetch too: it is never an argument, and
# in no message.
# Exits with 97 where it cannot be had.
fetched=$record/fetched-$$
unfetched() { rm -f -- "$fetched"; printf '%s; sending it\n' "$1"; exit 97; }
rm -f -- "$record"/fetched-* || exit
IFS= read -r link || unfetched 'no link came'
nl='
'
if command -v curl >/dev/null 2>&1; then
  # 22 and the like are not worth a second attempt: a host that cannot fetch is sent what it lacks.
  said=$(printf 'url = "%s"\n' "$link" | curl -fsS --proto '=http,https' --connect-timeout 15 --speed-limit 1024 --speed-time 30 \
    -K - -o "$fetched" 2>&1)
  status=$? said=${said##*"$nl"}
  case $said in *X-Amz-*) said= ;; 'curl: '*) said=": ${said#curl: }" ;; *) said= ;; esac
  [ "$status" -eq 0 ] || unfetched "curl cannot fetch it from the store${said:-: it exited $status}"
else
  # That of busybox takes links as arguments only, which everybody on the host can read.
  case $(wget --version 2>/dev/null) in
    'GNU Wget'*) ;;
    *) unfetched "neither curl nor GNU wget is on this host" ;;
  esac
  printf '%s\n' "$link" | wget -q --tries=1 --timeout=30 -O "$fetched" -i - 2>/dev/null ||
    unfetched "wget cannot fetch it from the store: it exited $?"
fi
got=$(sha256sum <"$fetched") || exit
[ "${got%% *}" = "$sum" ] || unfetched 'what came from the store is not what was put there'
exec <"$fetched" || exit
# It lives on for whoever reads it, and leaves nothing behind.
rm -f -- "$fetched" || exit
