//! Patterns as `ssh_config` and `known_hosts` write them: `*`, `?`, and lists with `!`.

/// Says whether `pattern` covers all of `text`. Both are taken as they are, case included.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // The last star and where the text stood there: the only place one ever has to go back to.
    let mut star = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|c| *c == '?' || *c == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Says whether a list selects `text`: one pattern must match, and none of those with `!`.
pub(super) fn selects<'p>(patterns: impl IntoIterator<Item = &'p str>, text: &str) -> bool {
    let mut selected = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(unwanted) if matches(unwanted, text) => return false,
            Some(_) => {}
            None => selected |= matches(pattern, text),
        }
    }
    selected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        let cases = [
            ("*", "", true),
            ("web*", "web1.example.org", true),
            ("web?", "web", false),
            ("web?", "web1", true),
            ("*.example.org", "example.org", false),
            ("*a*b*c", "xxaxxbxbc", true),
            ("*a*b*c", "xxaxxbxbcd", false),
            ("", "", true),
            ("", "x", false),
            ("[*]:22", "[a]:22", true),
            ("[ab]", "a", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_negated_pattern_beats_all_others_and_selects_nothing_itself() {
        assert!(selects(["web*", "!web9"], "web1"));
        assert!(!selects(["web*", "!web9"], "web9"));
        assert!(!selects(["!web9"], "web1"));
    }
}
