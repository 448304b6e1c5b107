//! `relm promote`, from the connection to the one environment to the deploy to the other.

use super::args::Common;
use super::change::Change;
use super::code::Code;
use super::complaint::Complaint;
use super::diff::{of_same_component, require_one_component};
use super::{read, session};
use crate::fleet::Scope;
use crate::release::Record;
use crate::source::Source;
use crate::tasks::deploy::{self, SourceArgs};
use crate::tasks::promote::{self, Promote};

/// Deploys to one environment what is live in another.
pub(super) async fn promote(args: &Promote, common: &Common) -> Result<u8, Complaint> {
    session::whole("promote", common)?;
    let config = session::load(common)?;
    let from = session::environment(&config, Some(&args.from), common)?;
    let to = session::environment(&config, Some(&of_same_component(&args.to, &from)), common)?;
    if from.name == to.name {
        return Err(Complaint::usage(format!("{} cannot be promoted to itself", from.name)));
    }
    require_one_component(&from, &to)?;
    let seen = read::surveyed(&config, &from, false, common).await?;
    let record = promote::choose(&from, &seen, args.release.as_ref())?;
    let is_git = matches!(to.source.source, Source::Git { .. });
    let reference = record.commit.clone().filter(|_| is_git && args.archive.is_none());
    let source = SourceArgs { reference, archive: args.archive.clone(), ..SourceArgs::default() };
    let message = args.message.clone().unwrap_or_else(|| format!("{} of {}", record.name, from.name));
    let change =
        Change::new("deploy", &config, to, common).because(Some(&message)).dry(args.dry_run).sparing_in_switch();
    let whose = format!("{} of {}", record.name, from.name);
    Box::pin(change.of(Promoted { from: from.name, whose, record }).build(&source, None, deploy::plan)).await
}

/// What is promoted: whose release it was, and its record there.
#[derive(Debug)]
pub(super) struct Promoted {
    pub(super) from: Scope,
    pub(super) whose: String,
    pub(super) record: Record,
}

impl Promoted {
    /// The source must have come to the very tree; it is called what it was called there.
    pub(super) fn require(&self, code: &mut Code) -> Result<(), Complaint> {
        if code.payload.tree == self.record.tree {
            code.origin.source.clone_from(&self.record.source);
            code.origin.reference = Some(self.record.reference.clone());
            return Ok(());
        }
        let short = |tree: &str| tree.get(..12).unwrap_or(tree).to_owned();
        Err(Complaint::refused(format!(
            "{} is not what would be deployed: it has the tree {}, and {} comes to {}",
            self.whose,
            short(&self.record.tree),
            code.origin.source,
            short(&code.payload.tree),
        ))
        .next("both environments need one [source] with one `exclude`; a directory or an archive must be as it was"))
    }
}
