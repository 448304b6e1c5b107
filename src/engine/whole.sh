# relm_is_whole FILE: it is empty, or not there, or its last line has its end, which a power cut can take. Zero bytes that a
# cut can leave are dropped by a command substitution, and then the dot stands alone.
relm_is_whole() { [ ! -s "$1" ] || [ "$(tail -c 1 "$1"; printf .)" = "$relm_nl." ]; } 2>/dev/null
relm_nl='
'
