//! Regular expressions as awk knows them. Each host has an awk of its own: only what none of them takes is told.

use std::iter::Peekable;
use std::str::Chars;

/// What is wrong with one; nothing if some awk may take it.
pub(super) fn fault(pattern: &str) -> Option<&'static str> {
    let (mut rest, mut open) = (pattern.chars().peekable(), 0_usize);
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.next().is_none() => return Some("ends with a \\"),
            '[' if !is_class(&mut rest) => return Some("has a [ without a ]"),
            '(' => open += 1,
            ')' if open == 0 => return Some("has a ) without a ("),
            ')' => open -= 1,
            _ => {}
        }
    }
    (open > 0).then_some("has a ( without a )")
}

/// Goes on to the end of a class of characters; says whether it has one.
fn is_class(rest: &mut Peekable<Chars<'_>>) -> bool {
    rest.next_if_eq(&'^');
    // The first one stands for itself.
    rest.next_if_eq(&']');
    while let Some(c) = rest.next() {
        match c {
            ']' => return true,
            '\\' => _ = rest.next(),
            '[' => {
                let Some(kind) = rest.next_if(|next| matches!(next, ':' | '.' | '=')) else { continue };
                while rest.next().is_some_and(|c| c != kind || rest.peek() != Some(&']')) {}
                rest.next();
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_awk_takes_is_a_fault() {
        for right in
            ["scrapy", "(a|b)+", r"\(", "[(]", "[]a]", "[^]a]", "[[:alpha:]]", "[[.].]]", r"[\]]", "[[]", "a{2}", "*"]
        {
            assert_eq!(fault(right), None, "{right}");
        }
        for wrong in ["(", "a)", "(a))", "[a", "[]", "[[:alpha:]", "a\\"] {
            assert!(fault(wrong).is_some(), "{wrong}");
        }
    }
}
