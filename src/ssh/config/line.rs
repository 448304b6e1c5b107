//! One line of `ssh_config`: a keyword and its arguments.

/// A line with something on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// In small letters.
    pub(super) keyword: String,
    /// Without their quotes.
    pub(super) arguments: Vec<String>,
    /// All that follows the keyword, as it stands: what a command is.
    pub(super) rest: String,
}

/// Reads one line; comments and blank lines are none.
///
/// Follows `strdelim` and `argv_split` of OpenSSH: one `=` may stand after the keyword, `#` starts a comment only
/// where an argument could start, quotes may stand anywhere, a backslash escapes quotes, itself and a blank.
pub(super) fn read(text: &str) -> Result<Option<Line>, String> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(text.len());
    let (keyword, rest) = text.split_at(end);
    let rest = rest.trim_start();
    if keyword.is_empty() {
        return Err("there is no keyword".to_owned());
    }
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
    Ok(Some(Line {
        keyword: keyword.trim_matches('"').to_ascii_lowercase(),
        arguments: arguments(rest)?,
        rest: rest.to_owned(),
    }))
}

fn arguments(text: &str) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    let mut chars = text.trim().chars().peekable();
    while let Some(first) = chars.peek() {
        if first.is_whitespace() {
            chars.next();
        } else if *first == '#' {
            break;
        } else {
            all.push(argument(&mut chars)?);
        }
    }
    Ok(all)
}

fn argument(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    let mut word = String::new();
    let mut quote = None;
    while let Some(c) = chars.next_if(|c| quote.is_some() || !c.is_whitespace()) {
        match c {
            '\\' => match chars.next_if(|next| "'\"\\".contains(*next) || (quote.is_none() && *next == ' ')) {
                Some(escaped) => word.push(escaped),
                None => word.push(c),
            },
            '"' | '\'' if quote.is_none() => quote = Some(c),
            _ if quote == Some(c) => quote = None,
            _ => word.push(c),
        }
    }
    match quote {
        None => Ok(word),
        Some(quote) => Err(format!("a {quote} is never closed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_as_ssh_reads_them() {
        let cases: [(&str, &str, &[&str]); 9] = [
            ("  HostName web.example.org \r", "hostname", &["web.example.org"]),
            ("Port=2222", "port", &["2222"]),
            ("Port = 2222 # why", "port", &["2222"]),
            ("user\tdeploy", "user", &["deploy"]),
            ("IdentityFile \"a b\" c'd e'f", "identityfile", &["a b", "cd ef"]),
            ("Host a#b c", "host", &["a#b", "c"]),
            (r"IdentityFile a\ b\\c\d", "identityfile", &["a b\\c\\d"]),
            ("HostName ==x", "hostname", &["=x"]),
            ("Host", "host", &[]),
        ];
        for (text, keyword, arguments) in cases {
            let line = read(text).unwrap().unwrap();
            assert_eq!(
                (line.keyword.as_str(), line.arguments),
                (keyword, arguments.iter().map(|a| (*a).to_owned()).collect()),
                "{text}"
            );
        }
    }

    #[test]
    fn nothing_and_broken_lines() {
        assert_eq!(read("   # Host x"), Ok(None));
        assert_eq!(read(""), Ok(None));
        assert!(read("HostName \"x").is_err());
    }
}
