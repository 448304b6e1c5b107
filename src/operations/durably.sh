# Records that outlive a power cut.
flush() { sync "$@" 2>/dev/null || sync; }

# durably FILE LINE: the file says just this line, and at no time half of it.
durably() { printf '%s\n' "$2" >"$1.new" && flush "$1.new" && mv -f -- "$1.new" "$1" && flush "${1%/*}"; }
