use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::error::SourceError;

/// Paths left out by `exclude`, in the language of `.gitignore`.
#[derive(Debug, Clone)]
pub(super) struct Exclude(Gitignore);

impl Exclude {
    pub(super) fn new(patterns: &[String]) -> Result<Self, SourceError> {
        let mut builder = GitignoreBuilder::new("");
        for pattern in patterns {
            let complain =
                |error: ignore::Error| SourceError::Exclude { pattern: pattern.clone(), words: error.to_string() };
            builder.add_line(None, pattern).map_err(complain)?;
        }
        let complain =
            |error: ignore::Error| SourceError::Exclude { pattern: patterns.join(" "), words: error.to_string() };
        Ok(Self(builder.build().map_err(complain)?))
    }

    /// Tells whether the path or a directory above it is left out.
    ///
    /// From the top down: as in git, what lies below an excluded directory cannot be taken back in.
    pub(super) fn covers(&self, path: &Path, is_dir: bool) -> bool {
        let mut above: Vec<_> = path.ancestors().skip(1).filter(|dir| !dir.as_os_str().is_empty()).collect();
        above.reverse();
        above.into_iter().any(|dir| self.matches(dir, true)) || self.matches(path, is_dir)
    }

    fn matches(&self, path: &Path, is_dir: bool) -> bool {
        self.0.matched(path, is_dir).is_ignore()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_that_of_gitignore() {
        for (patterns, path, is_dir, covered) in [
            (&["*.pyc"][..], "a/b.pyc", false, true),
            (&["*.pyc"], "a/b.py", false, false),
            (&["/docs"], "docs/x", false, true),
            (&["/docs"], "a/docs", true, false),
            (&["docs/"], "docs", false, false),
            (&["docs/"], "a/docs/x", false, true),
            (&["*.log", "!keep.log"], "keep.log", false, false),
            (&["log/", "!log/keep"], "log/keep", false, true),
            (&["a/**/z"], "a/b/c/z", false, true),
            (&["# words", ""], "a", false, false),
            (&["ä b"], "ä b", false, true),
            (&[], "a", false, false),
        ] {
            let patterns: Vec<_> = patterns.iter().map(ToString::to_string).collect();
            let exclude = Exclude::new(&patterns).unwrap();
            assert_eq!(exclude.covers(Path::new(path), is_dir), covered, "{patterns:?} {path}");
        }
    }

    #[test]
    fn a_broken_pattern_is_named() {
        let error = Exclude::new(&["[z-a]".into()]).unwrap_err().to_string();
        assert!(error.starts_with("exclude pattern `[z-a]`: "), "{error}");
    }
}
