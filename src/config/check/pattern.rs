//! Regular expressions for the `grep -E` of any host: only what POSIX says of them means the same everywhere. What it leaves
//! open finds nothing on one host and everything on another, and a look that finds nothing lets a deploy begin.

use std::iter::Peekable;
use std::str::Chars;

/// What is wrong with one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Behind its name: `has a [ without a ]`.
    pub(super) what: String,
    /// What to write.
    pub(super) hint: String,
}

/// As often as a piece may be repeated.
const MOST: u16 = 255;

const CLASSES: [&str; 12] =
    ["alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit"];

const PLAIN: &str = "it is a regular expression as `grep -E` takes it: write [(] for a sign that stands for itself";

type Rest<'p> = Peekable<Chars<'p>>;

fn fault_of(what: impl Into<String>, hint: impl Into<String>) -> Fault {
    Fault { what: what.into(), hint: hint.into() }
}

/// What stands before a place.
#[derive(PartialEq)]
enum Before {
    /// Nothing that could be repeated, at the start or behind `(` or `|`.
    Nothing,
    /// `^` or `$`, which cannot be repeated.
    Anchor,
    /// Something that can.
    Piece,
    /// It is repeated already.
    Repeated,
}

/// What is wrong with a pattern; nothing if every host's `grep -E` takes it for the same.
pub(super) fn fault(pattern: &str) -> Option<Fault> {
    read(&mut pattern.chars().peekable()).err()
}

fn read(rest: &mut Rest<'_>) -> Result<(), Fault> {
    let (mut open, mut before) = (0_usize, Before::Nothing);
    while let Some(c) = rest.next() {
        before = match c {
            '\\' => escaped(rest.next()).map(|()| Before::Piece)?,
            '[' => class(rest).map(|()| Before::Piece)?,
            '(' if rest.peek() == Some(&'?') => return Err(group_with_a_meaning(rest)),
            '(' => {
                open += 1;
                Before::Nothing
            }
            ')' if open == 0 => return Err(fault_of("has a ) without a (", PLAIN)),
            ')' | '|' if before == Before::Nothing => return Err(empty()),
            ')' => {
                open -= 1;
                Before::Piece
            }
            '|' => Before::Nothing,
            '*' | '+' | '?' | '{' => repeated(c, rest, &before).map(|()| Before::Repeated)?,
            '^' | '$' => Before::Anchor,
            _ => Before::Piece,
        };
    }
    match before {
        _ if open > 0 => Err(fault_of("has a ( without a )", PLAIN)),
        Before::Nothing => Err(empty()),
        _ => Ok(()),
    }
}

fn empty() -> Fault {
    let hint = "a part between | or brackets must not be empty; write (a|b)? for one that may be missing";
    fault_of("has an alternative that is nothing", hint)
}

/// What other languages have behind a `\`.
fn escaped(c: Option<char>) -> Result<(), Fault> {
    const EDGE: &str = "write ([^[:alnum:]_]|$) behind a word, and (^|[^[:alnum:]_]) before it";
    let Some(c) = c else { return Err(fault_of("ends with a \\", PLAIN)) };
    let hint = match c {
        'd' => "write [0-9]",
        'D' => "write [^0-9]",
        'w' => "write [[:alnum:]_]",
        'W' => "write [^[:alnum:]_]",
        's' | 't' | 'n' | 'r' => "write [[:space:]]",
        'S' => "write [^[:space:]]",
        'A' | '`' => "write ^",
        'z' | 'Z' | '\'' => "write $",
        'b' | 'B' | '<' | '>' => EDGE,
        '0'..='9' => "what a group has matched cannot be named again: write it out",
        _ if c.is_ascii_punctuation() => return Ok(()),
        _ => "write the sign itself, without the \\",
    };
    Err(fault_of(format!("has \\{c}, which means nothing to `grep -E`, or something else on each host"), hint))
}

fn group_with_a_meaning(rest: &mut Rest<'_>) -> Fault {
    rest.next();
    let sign = rest.next().unwrap_or_default();
    let hint = match sign {
        ':' => "write ( without ?:",
        '=' | '!' | '<' => "it cannot look ahead or behind: match the whole, such as [^ ]+ up to a blank",
        _ => PLAIN,
    };
    fault_of(format!("has (?{sign}, which `grep -E` does not know"), hint)
}

fn repeated(c: char, rest: &mut Rest<'_>, before: &Before) -> Result<(), Fault> {
    match before {
        Before::Piece => {}
        Before::Repeated if matches!(c, '?' | '+') => {
            let hint = "it always takes as much as it can, and that makes no difference here: leave it out";
            return Err(fault_of(format!("has a {c} behind a repetition, which means nothing to `grep -E`"), hint));
        }
        Before::Repeated => return Err(fault_of(format!("repeats with {c} what is repeated already"), PLAIN)),
        Before::Nothing | Before::Anchor => {
            let hint = format!("write .* for anything, or [{c}] for the sign itself");
            return Err(fault_of(format!("has a {c} with nothing before it to repeat"), hint));
        }
    }
    if c != '{' {
        return Ok(());
    }
    let inner: String = std::iter::from_fn(|| rest.next_if(|c| *c != '}')).collect();
    let number = |text: &str| text.parse::<u16>().ok().filter(|number| *number <= MOST && !text.starts_with('+'));
    let is_right = match inner.split_once(',') {
        None => number(&inner).is_some(),
        Some((from, "")) => number(from).is_some(),
        Some((from, to)) => number(from).zip(number(to)).is_some_and(|(from, to)| from <= to),
    };
    if rest.next().is_some() && is_right {
        return Ok(());
    }
    let hint = format!("write {{3}}, {{3,}} or {{3,5}}, up to {MOST}; and [{{] for the sign itself");
    Err(fault_of(format!("has {{{inner}, which is no repetition"), hint))
}

/// Goes on to the end of a class of characters.
fn class(rest: &mut Rest<'_>) -> Result<(), Fault> {
    let open = || fault_of("has a [ without a ]", PLAIN);
    let is_bare_name = rest.peek() == Some(&':');
    let (mut last, mut length) = ('[', 0);
    rest.next_if_eq(&'^');
    // The first one stands for itself.
    rest.next_if_eq(&']');
    while let Some(c) = rest.next() {
        match c {
            ']' if is_bare_name && last == ':' && length > 1 => {
                let hint = "write [[:digit:]] with two brackets".to_owned();
                return Err(fault_of("names a class outside of [ ]", hint));
            }
            ']' => return Ok(()),
            '\\' => in_class(rest.peek().copied())?,
            '[' => {
                let Some(kind) = rest.next_if(|next| matches!(next, ':' | '.' | '=')) else { continue };
                let mut name = String::new();
                loop {
                    let c = rest.next().ok_or_else(open)?;
                    if c == kind && rest.next_if_eq(&']').is_some() {
                        break;
                    }
                    name.push(c);
                }
                if kind == ':' && !CLASSES.contains(&name.as_str()) {
                    return Err(fault_of(format!("has [:{name}:], and there is no such class"), CLASSES.join(", ")));
                }
            }
            _ => {}
        }
        (last, length) = (c, length + 1);
    }
    Err(open())
}

/// There a `\` stands for itself, which is seldom what was meant.
fn in_class(next: Option<char>) -> Result<(), Fault> {
    let Some(c) = next.filter(|c| c.is_ascii_alphanumeric() || *c == ']') else { return Ok(()) };
    let hint = match c {
        'd' => "write 0-9",
        'w' => "write [:alnum:]_",
        's' | 't' | 'n' => "write [:space:]",
        ']' => "a ] that stands for itself comes first: []a]",
        _ => "put a \\ that stands for itself first, before another sign",
    };
    Err(fault_of(format!("has \\{c} between [ and ], where a \\ is an ordinary sign"), hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_posix_has_is_taken() {
        for right in [
            "scrapy",
            "(a|b)+",
            r"\(",
            "[(]",
            "[]a]",
            "[^]a]",
            "[[:alpha:]]",
            "[[.].]]",
            "[[]",
            "a{2}",
            "a{2,}",
            "(ab){2,255}",
            "^sleep 333$",
            r"run\.py",
            r"a\-b/c",
            "[[:digit:]_]+$",
            "a.*b",
            "[[=a=]]",
            "[:]",
            "[:a]",
            r"[\.]",
            "}",
            "(^a|b$)",
        ] {
            assert_eq!(fault(right), None, "{right}");
        }
    }

    #[test]
    fn what_hosts_take_for_something_else_is_a_fault() {
        for (wrong, what) in [
            ("(", "( without a )"),
            ("a)", ") without a ("),
            ("(a))", ") without a ("),
            ("[a", "[ without a ]"),
            ("[]", "[ without a ]"),
            ("[[:alpha:]", "[ without a ]"),
            ("[[:alpha", "[ without a ]"),
            ("a\\", "ends with a \\"),
            (r"\d+", r"has \d"),
            (r"a\b", r"has \b"),
            (r"\bworker", r"has \b"),
            (r"\w", r"has \w"),
            (r"a\sb", r"has \s"),
            (r"\<a\>", r"has \<"),
            (r"(a)\1", r"has \1"),
            (r"[\d]", r"has \d between"),
            (r"[\]]", r"has \] between"),
            ("(?:a)", "has (?:"),
            ("(?=a)", "has (?="),
            ("(?<!a)b", "has (?<"),
            ("(?i)a", "has (?i"),
            (".*?a", "behind a repetition"),
            ("a++", "behind a repetition"),
            ("a**", "is repeated already"),
            ("*.py", "nothing before it"),
            ("(+a)", "nothing before it"),
            ("^*", "nothing before it"),
            ("a{,3}", "no repetition"),
            ("a{3", "no repetition"),
            ("a{4,3}", "no repetition"),
            ("a{256}", "no repetition"),
            ("awk {print}", "no repetition"),
            ("a||b", "is nothing"),
            ("a|", "is nothing"),
            ("()", "is nothing"),
            ("[:digit:]", "outside of [ ]"),
            ("[[:digits:]]", "no such class"),
        ] {
            let fault = fault(wrong).unwrap_or_else(|| panic!("{wrong} was taken"));
            assert!(fault.what.contains(what) && !fault.hint.is_empty(), "{wrong}: {fault:?}");
        }
    }
}
