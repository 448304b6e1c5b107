//! "Did you mean": the nearest of the words that would have been right.

/// Returns the one of `known` a person most probably meant by `word`, if any is near enough.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let wanted = plain(word);
    let near = |candidate: &&'k str| {
        let candidate = plain(candidate);
        let (short, long) = if wanted.len() < candidate.len() { (&wanted, &candidate) } else { (&candidate, &wanted) };
        if short.len() >= 3 && long.starts_with(short.as_str()) {
            return Some(1);
        }
        let distance = strsim::damerau_levenshtein(&wanted, &candidate);
        (distance <= long.chars().count().div_ceil(3).min(3)).then_some(distance)
    };
    let scored = known.into_iter().filter_map(|candidate| Some((near(&candidate)?, candidate)));
    scored.min().map(|(_, candidate)| candidate)
}

/// Returns a hint that names the nearest of `known`, or all of them.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> Option<String> {
    match nearest(word, known.iter().copied()) {
        Some(known) => Some(format!("did you mean `{known}`?")),
        None if known.is_empty() => None,
        None => Some(format!("there is {}", list(known))),
    }
}

/// Writes words as one would in a sentence: `a`, `b` and `c`.
pub(super) fn list(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["roles", "run", "timeout", "shared_dirs"];
        let cases = [
            ("role", Some("roles")),
            ("rolse", Some("roles")),
            ("Run", Some("run")),
            ("time_out", Some("timeout")),
            ("shared-dirs", Some("shared_dirs")),
            ("colour", None),
            ("x", None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }
}
