use std::io;
use std::path::{Path, PathBuf};

use super::names::shown;

/// Says why a source gives no tree.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Git itself could not be started.
    #[error("git cannot be started ({0}); a git source needs it on this machine")]
    NoGit(io::Error),
    /// Git failed; its own words follow.
    #[error("git cannot {what}: {words}")]
    Git {
        /// What was tried, as a verb with its object.
        what: String,
        /// What git printed.
        words: String,
    },
    /// The reference names nothing in the repository.
    #[error("{location} has no branch, tag or commit `{reference}`{}", did_you_mean(near))]
    UnknownReference {
        /// The repository.
        location: String,
        /// What was asked for.
        reference: String,
        /// Names that resemble it.
        near: Vec<String>,
    },
    /// A branch and a tag share the name and differ.
    #[error(
        "`{reference}` is both a branch and a tag of {location}; say refs/heads/{reference} or refs/tags/{reference}"
    )]
    AmbiguousReference {
        /// The repository.
        location: String,
        /// What was asked for.
        reference: String,
    },
    /// A patch does not apply to the commit.
    #[error("the patch {name} does not apply: {words}")]
    Patch {
        /// As the file names it.
        name: String,
        /// What git said.
        words: String,
    },
    /// Patches for what is no commit.
    #[error("patches go on top of a commit, and this source is no git repository")]
    PatchesWithoutGit,
    /// The directory of another repository is there already.
    #[error("the source has {path} itself, so {what} cannot be put there")]
    PlaceTaken {
        /// The directory.
        path: String,
        /// What was to be put there.
        what: String,
    },
    /// The repository holds no commit.
    #[error("{location} has no commit yet")]
    NoCommit {
        /// The repository.
        location: String,
    },
    /// A submodule could not be had.
    #[error("submodule {path}: {cause}")]
    Submodule {
        /// Where it stands in the tree.
        path: String,
        /// What went wrong.
        #[source]
        cause: Box<SourceError>,
    },
    /// A submodule of which `.gitmodules` does not say where it comes from.
    #[error(".gitmodules has no usable entry for it; add one, or exclude the path")]
    UnlistedSubmodule,
    /// Files whose content git-lfs should have brought.
    #[error("{}: a pointer of Git LFS in place of the content; is git-lfs installed on this machine?", .0.join(", "))]
    LfsPointers(Vec<String>),
    /// Something of the source could not be read.
    #[error("cannot read {}: {error}", shown_path(path))]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A path that has no place in a release.
    #[error("{path} {why}")]
    Refused {
        /// The path, made printable.
        path: String,
        /// What is wrong with it.
        why: Refusal,
    },
    /// A pattern of `exclude` that is none.
    #[error("exclude pattern `{pattern}`: {words}")]
    Exclude {
        /// As written.
        pattern: String,
        /// What is wrong with it.
        words: String,
    },
    /// No file at all.
    #[error("{what} holds no file to release{hint}")]
    Empty {
        /// The source.
        what: String,
        /// What may be the cause; starts with a separator or is empty.
        hint: &'static str,
    },
    /// An archive of no known kind.
    #[error("{} is no archive relm reads (.tar, .tar.gz, .tgz, .tar.zst, .zip)", shown_path(.0))]
    UnknownArchive(PathBuf),
    /// An archive that cannot be read to its end.
    #[error("{} is damaged: {words}", shown_path(path))]
    Damaged {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        words: String,
    },
    /// The temporary copy on this machine failed.
    #[error("cannot keep a temporary copy on this machine: {0}")]
    Scratch(io::Error),
    /// The cache of repositories on this machine failed.
    #[error("cannot use the cache {}: {error}", shown_path(path))]
    Cache {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl SourceError {
    /// Refuses a path of a tree.
    pub(super) fn refused(path: &[u8], why: Refusal) -> Self {
        Self::Refused { path: shown(path), why }
    }

    /// Names the file that could not be read.
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |error| Self::Read { path: path.to_owned(), error }
    }
}

/// What is wrong with a path of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not UTF-8.
    #[error("has a name that is not UTF-8")]
    NotUtf8,
    /// A zero byte.
    #[error("has a zero byte in its name")]
    ZeroByte,
    /// No name at all.
    #[error("is an entry without a name")]
    Nameless,
    /// A component that no Linux file system takes.
    #[error("has a component longer than 255 bytes")]
    LongComponent,
    /// A path or link target that Linux does not take.
    #[error("is longer than Linux allows")]
    LongPath,
    /// A place that relm keeps for itself on the hosts.
    #[error("belongs to relm on the hosts; rename or exclude it")]
    Reserved,
    /// An absolute path in an archive.
    #[error("is an absolute path")]
    Absolute,
    /// A path that climbs.
    #[error("leads out of the archive with `..`")]
    Climbs,
    /// A path below something that is no directory.
    #[error("lies below a link or file of the same tree")]
    BelowNoDirectory,
    /// Two entries for one path.
    #[error("stands in the archive twice")]
    Twice,
    /// A device, FIFO or socket.
    #[error("is neither file, directory nor link (a device, FIFO or socket)")]
    Special,
    /// A kind of entry that relm cannot read.
    #[error("is of a kind relm does not read (sparse, encrypted, multi-volume or larger than its header can say)")]
    UnreadableKind,
    /// A hard link without its file.
    #[error("is a hard link to a file that does not stand before it in the archive, or is excluded")]
    DanglingHardLink,
    /// A link to nothing.
    #[error("is a link without a target")]
    NoTarget,
    /// A Windows separator in a zip.
    #[error("has backslashes where a zip must have slashes")]
    Backslash,
    /// More content than an archive of this size can honestly hold.
    #[error("takes the archive over what relm unpacks (20 GiB, or 1000 times its own size if that is over 1 GiB)")]
    TooMuch,
    /// More entries than any release has.
    #[error("is entry number 1,000,001 of the archive; relm unpacks a million")]
    TooMany,
}

fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() {
        return String::new();
    }
    let names: Vec<_> = near.iter().map(|name| format!("`{name}`")).collect();
    format!("; did you mean {}?", names.join(" or "))
}

fn shown_path(path: &Path) -> String {
    shown(path.as_os_str().as_encoded_bytes())
}
