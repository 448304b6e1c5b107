# Services of which only the file's own commands know anything.

kind_states() { printf '%s unknown -\n' "$relm_service"; }
kind_stop() { relm_fail 'there is no command that stops it'; }
kind_before() { :; }
kind_changed() { :; }
kind_start() { relm_fail 'there is no command that starts it'; }
kind_lasts() { :; }
kind_reload() { relm_fail 'there is no command that reloads it'; }
kind_why() { :; }
