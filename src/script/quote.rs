//! The only place where anything is quoted for a shell.

/// Quotes `value` as one word of a POSIX shell.
///
/// Inside single quotes POSIX gives no character a meaning (XCU 2.2.2), newlines included; a single quote itself
/// leaves the quotes, stands escaped, and enters them again. A NUL byte cannot stand in any argument: callers refuse
/// it where data comes in, and it is dropped here rather than cutting the script short.
pub fn quote(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('\'');
    for part in value.chars().filter(|c| *c != '\0') {
        if part == '\'' {
            quoted.push_str("'\\''");
        } else {
            quoted.push(part);
        }
    }
    quoted.push('\'');
    quoted
}

/// The same for whoever reads it: what no shell could take for anything else stands as it is.
pub fn word(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:@".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) { value.to_owned() } else { quote(value) }
}
