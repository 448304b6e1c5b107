//! What a release is: its name, where it stands on a host, what it holds, how long it stays. Pure.

mod added;
mod changes;
mod commit;
mod consent;
mod edits;
mod holder;
mod layout;
mod manifest;
mod name;
mod record;
mod retention;

pub use added::Added;
pub use changes::Changes;
pub use commit::Commit;
pub use consent::{Consent, Consents, Wanted};
pub use holder::{Holder, LockSeen};
pub use layout::Layout;
pub use manifest::{Entry, Kind, Manifest, ManifestError, escape, hex, unescape};
pub use name::{ReleaseName, ReleaseNameError};
pub use record::{Flip, FlipStage, PlannedStep, Record, State};
pub use retention::{Facts, Reason, Rules, Verdict, decide};
