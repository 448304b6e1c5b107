//! `relm diff`, from the connection to the report.

use std::path::Path;

use chrono::Utc;

use super::args::Common;
use super::build;
use super::code::{self, Code};
use super::complaint::Complaint;
use super::ground::Ground;
use super::{filled, read, session, show_diff, who};
use crate::config::{Config, Environment};
use crate::engine;
use crate::release::{Changes, Commit, Manifest, Record};
use crate::source::{Manifests, Source};
use crate::tasks::diff::{self, Diff, End, Report, notes};
use crate::tasks::requirements::Files;
use crate::tasks::{Site, deploy};

pub(super) async fn diff(args: &Diff, common: &Common) -> Result<u8, Complaint> {
    let config = session::load(common)?;
    let words: Vec<String> = args.env.iter().chain(&args.other).cloned().collect();
    let words = config.joined(&words);
    let env = session::environment(&config, words.first().map(String::as_str), common)?;
    let report = match words.get(1) {
        Some(_) if !common.hosts.is_empty() => {
            return Err(Complaint::usage("--hosts would be hosts of one environment, and this compares two"));
        }
        Some(other) => {
            let other = session::environment(&config, Some(&of_same_component(other, &env)), common)?;
            with_other(&config, &env, &other, common).await?
        }
        None => with_source(&config, &env, args, common).await?,
    };
    show_diff::show(&report, common);
    Ok(0)
}

async fn with_source(config: &Config, env: &Environment, args: &Diff, common: &Common) -> Result<Report, Complaint> {
    let wanted = code::wanted(env, &args.source)?;
    let source = wanted.source.clone();
    let (code, ground) = tokio::join!(code::freeze(wanted), read::ground(config, env, false, common));
    let (mut code, ground) = (code?, ground?);
    let live = diff::live(env, &ground.survey)?;
    // Where one of them is no template, the report says so in place of what would come of them.
    let unfit = code.read_templates(env).err().map(|complaint| complaint.message().to_owned());
    let to = End {
        release: None,
        source: code.origin.source.clone(),
        reference: code.origin.reference.clone(),
        commit: code.origin.commit.clone(),
        tree: code.payload.tree.clone(),
    };
    let files = match &live {
        Some(record) => manifest(&ground, record).await.map(|before| Changes::between(&before, code.manifest())),
        None => Some(Changes::between(&Manifest::default(), code.manifest())),
    };
    let before = live.as_ref().map_or(&[][..], |live| &live.added);
    let report = compared(env, None, live.as_ref(), to, &source).await.with_files(env, files);
    let after = report.requirements.iter().filter_map(|path| Some((path.clone(), code.text(path)?))).collect();
    let report = match files_of(&ground, live.as_ref(), &report.requirements).await {
        Some(before) => report.with_packages(&before, &after),
        None => report,
    };
    let mut report = planned(report.with_added(before, &code.origin.added), config, env, &ground, &code);
    match unfit {
        Some(reason) => report.obstacle = Some(reason),
        None => report.templates = filled::changes(env, &ground, &code.reference(), &code.payload).await,
    }
    Ok(report)
}

/// With the steps that a deploy of `code` would run.
fn planned(report: Report, config: &Config, env: &Environment, ground: &Ground, code: &Code) -> Report {
    let now = Utc::now();
    let actor = who::actor("deploy", config.path.parent().unwrap_or(Path::new(".")), None, now);
    let site = Site { env, survey: &ground.survey, actor: &actor, now };
    match deploy::plan(site, &build::record(site, code, None), &code.payload) {
        Ok(plan) => Report { steps: plan.step_infos(), ..report },
        Err(refusal) => Report { obstacle: Some(refusal.reason), ..report },
    }
}

async fn with_other(
    config: &Config,
    env: &Environment,
    other: &Environment,
    common: &Common,
) -> Result<Report, Complaint> {
    if env.name == other.name {
        return Err(Complaint::usage(format!("{} is the same as itself", env.name)));
    }
    require_one_component(env, other)?;
    let (here, there) =
        tokio::join!(read::ground(config, env, false, common), read::ground(config, other, false, common));
    let (here, there) = (here?, there?);
    let live = diff::live(env, &here.survey)?;
    let Some(record) = diff::live(other, &there.survey)? else {
        return Err(Complaint::refused(format!("nothing is live in {} yet", other.name)));
    };
    let before = match &live {
        Some(live) => manifest(&here, live).await,
        None => Some(Manifest::default()),
    };
    let files = before.zip(manifest(&there, &record).await).map(|(before, after)| Changes::between(&before, &after));
    let report = compared(env, Some(other), live.as_ref(), End::of(&record), &other.source.source).await;
    let before = live.as_ref().map_or(&[][..], |live| &live.added);
    let report = report.with_files(env, files).with_added(before, &record.added);
    let before = files_of(&here, live.as_ref(), &report.requirements).await;
    Ok(match before.zip(files_of(&there, Some(&record), &report.requirements).await) {
        Some((before, after)) => report.with_packages(&before, &after),
        None => report,
    })
}

/// Texts of files of a release that is live, from the first host that tells; none of a release that is not there.
async fn files_of(ground: &Ground, record: Option<&Record>, paths: &[String]) -> Option<Files> {
    let Some(record) = record.filter(|_| !paths.is_empty()) else { return Some(Files::new()) };
    for (host, transport) in &ground.connections.hosts {
        let Some(seen) = ground.survey.host(&host.name) else { continue };
        let files = engine::files(transport.as_ref(), &seen.layout, &record.name, paths).await;
        if files.is_some() {
            return files;
        }
    }
    None
}

/// An environment that stands beside one with a component means the same component.
pub(super) fn of_same_component(name: &str, beside: &Environment) -> String {
    match &beside.name.component {
        Some(component) if !name.contains('/') => format!("{name}/{component}"),
        _ => name.to_owned(),
    }
}

/// Releases of two applications have nothing to do with each other.
pub(super) fn require_one_component(one: &Environment, other: &Environment) -> Result<(), Complaint> {
    if one.name.component == other.name.component {
        return Ok(());
    }
    Err(Complaint::usage(format!("{} and {} are not the same application", one.name, other.name)))
}

/// Said of a release that was deployed from a directory or an archive.
pub(super) const NO_COMMIT: &str = "which was made from no commit";

/// With the commits that lie between both ends.
async fn compared(
    env: &Environment,
    other: Option<&Environment>,
    live: Option<&Record>,
    to: End,
    source: &Source,
) -> Report {
    let from = live.map(End::of);
    let ids = from.as_ref().and_then(|from| from.commit.clone()).zip(to.commit.clone());
    let (mut commits, mut lost, mut unknown) = (None, None, None);
    if let Some((old, new)) = ids {
        match between(source, &old, &new).await {
            Ok((came, went)) => (commits, lost) = (Some(came), Some(went)),
            Err(reason) => unknown = Some(reason),
        }
    } else if to.commit.is_some()
        && let Some(name) = from.as_ref().and_then(|from| from.release.as_ref())
    {
        unknown = Some(format!("{} runs {name}, {NO_COMMIT}", env.name));
    }
    Report {
        env: env.name.clone(),
        other: other.map(|other| other.name.to_string()),
        from,
        to,
        notes: notes(commits.as_deref().unwrap_or_default()),
        commits,
        lost,
        unknown,
        files: None,
        requirements: Vec::new(),
        packages: Vec::new(),
        migrations: Vec::new(),
        templates: Vec::new(),
        steps: Vec::new(),
        obstacle: None,
    }
}

/// The commits that `new` has and `old` has not, and those of the other way; or why they cannot be told.
pub(super) async fn between(source: &Source, old: &str, new: &str) -> Result<(Vec<Commit>, Vec<Commit>), String> {
    let (source, old, new) = (source.clone(), old.to_owned(), new.to_owned());
    let read = tokio::task::spawn_blocking(move || {
        let places = code::places();
        let came = source.commits(&places, &old, &new)?;
        Ok((came.unwrap_or_default(), source.commits(&places, &new, &old)?.unwrap_or_default()))
    });
    let read = read.await.map_err(|error| error.to_string())?;
    read.map_err(|error: crate::source::SourceError| error.to_string())
}

/// The manifest of a release that is live, from the cache or from a host.
async fn manifest(ground: &Ground, record: &Record) -> Option<Manifest> {
    let manifests = Manifests::new(&code::places().cache);
    if let Some(known) = manifests.get(&record.tree) {
        return Some(known);
    }
    for (host, transport) in &ground.connections.hosts {
        let Some(seen) = ground.survey.host(&host.name) else { continue };
        let asked = engine::manifest(transport.as_ref(), &seen.layout, &record.name, &record.tree).await;
        if let Some(manifest) = asked {
            manifests.keep(&manifest, &record.tree);
            return Some(manifest);
        }
    }
    None
}
