#!/bin/sh
# serve.sh NUMBER CURRENT: as 0 gunicorn, from where CURRENT leads now; as 1 nothing, only the socket stays open.
if [ "$1" = 1 ]; then cd / && exec sleep infinity; fi
cd -P "$2" && exec "$PWD/python_env/bin/python" "$PWD/python_env/bin/gunicorn" --bind fd://0 --workers 2 summarize.wsgi
