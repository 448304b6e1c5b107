#!/bin/sh
# make-dist.sh VERSION: packs DDGC-VERSION.tar.gz out of app/, as `dzil build` would.
set -eu
cd "$(dirname "$0")"
printf '%s\n' "$1" >app/VERSION
tar -czf "DDGC-$1.tar.gz" --transform "s,^app,DDGC-$1," app
rm app/VERSION
echo "DDGC-$1.tar.gz"
