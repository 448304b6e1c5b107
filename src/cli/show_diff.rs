//! What a deploy would change, as people and programs read it.

use super::args::Common;
use super::out;
use crate::release::{Commit, escape};
use crate::tasks::diff::{End, Note, Report};
use crate::tasks::filled::FilledChange;
use crate::tasks::relm;
use crate::tasks::requirements::Package;
use crate::ui::{Table, text};

/// Commits and files that a person is shown.
const SHOWN: usize = 30;

pub(super) fn show(report: &Report, common: &Common) {
    if common.json {
        return out::json(report);
    }
    out::line(heading(report));
    if report.is_same() {
        out::line("the very same code");
    }
    commits(report);
    report.notes.iter().for_each(|note| out::line(told(note)));
    files(report);
    if !report.requirements.is_empty() {
        out::line(format!("requirements: {}", report.requirements.join(", ")));
        packages(&report.packages);
    }
    if !report.migrations.is_empty() {
        out::line(format!("migrations: {}", report.migrations.join(", ")));
    }
    report.templates.iter().flat_map(FilledChange::lines).for_each(out::line);
    if let Some(obstacle) = &report.obstacle {
        out::line(format!("a deploy would not begin: {obstacle}"));
    }
    if !report.steps.is_empty() {
        let row = |step: &crate::event::StepInfo| {
            vec![step.phase.word().to_owned(), step.name.clone(), text::list(&step.hosts).replace(',', "")]
        };
        let rows = report.steps.iter().map(row);
        table(&rows.fold(Table::new(vec!["phase", "step", "hosts"]), Table::row));
    }
    if let Some(other) = &report.other
        && !report.is_same()
    {
        out::line(format!("to take it over:   {} promote {other} {}", relm(), report.env));
    }
}

/// A note as it is shown before a deploy, too.
pub(super) fn told(note: &Note) -> String {
    let lines = note.note.replace('\n', "\n      ");
    format!("note of {} {}:\n      {lines}", short(&note.commit), note.subject)
}

fn heading(report: &Report) -> String {
    let from = match &report.from {
        Some(from) => format!("{} runs {}", report.env, of(from)),
        None => format!("{} runs nothing yet", report.env),
    };
    match &report.other {
        Some(other) => format!("{from}; {other} runs {}", of(&report.to)),
        None => format!("{from}; a deploy would bring {}", of(&report.to)),
    }
}

fn of(end: &End) -> String {
    let commit = end.commit.as_deref().map(|commit| format!(" {}", short(commit))).unwrap_or_default();
    match &end.release {
        Some(release) => format!("{release} ({}{commit})", end.source),
        None => format!("{}{commit}", end.source),
    }
}

fn commits(report: &Report) {
    if let Some(reason) = &report.unknown {
        out::line(format!("commits: cannot be told: {reason}"));
    }
    let lists =
        [(("comes", "come"), &report.commits), (("is live and would go", "are live and would go"), &report.lost)];
    for (what, list) in lists {
        let list: &[Commit] = list.as_deref().unwrap_or_default();
        if list.is_empty() {
            continue;
        }
        let what = if list.len() == 1 { what.0 } else { what.1 };
        out::line(format!("{} {what}", text::count(list.len(), "commit")));
        let row = |commit: &Commit| {
            let day = commit.at.format("%Y-%m-%d").to_string();
            vec![format!("  {}", short(&commit.id)), day, commit.author.clone(), commit.subject.clone()]
        };
        table(&list.iter().take(SHOWN).map(row).fold(Table::new([""; 0]), Table::row));
        more(list.len());
    }
}

fn files(report: &Report) {
    let Some(files) = &report.files else { return out::line("files: no host can tell what is live") };
    if files.is_empty() {
        return;
    }
    let (added, changed, removed) = (files.added.len(), files.changed.len(), files.removed.len());
    out::line(format!("files: {added} added, {changed} changed, {removed} removed"));
    // Of a first deploy all are new.
    if report.from.is_none() {
        return;
    }
    let lines = files.lines();
    let row = |(what, path): &(&str, &str)| vec![format!("  {what}"), escape(path)];
    table(&lines.iter().take(SHOWN).map(row).fold(Table::new([""; 0]), Table::row));
    more(lines.len());
}

fn packages(packages: &[Package]) {
    let row = |package: &Package| {
        let (what, asks) = match (&package.before, &package.after) {
            (Some(before), Some(after)) => ("changed", format!("{before} → {after}")),
            (None, after) => ("added", after.clone().unwrap_or_default()),
            (before, None) => ("removed", before.clone().unwrap_or_default()),
        };
        vec![format!("  {what}"), escape(&package.name), escape(&asks)]
    };
    table(&packages.iter().take(SHOWN).map(row).fold(Table::new([""; 0]), Table::row));
    more(packages.len());
}

fn more(count: usize) {
    if count > SHOWN {
        out::line(format!("  and {} more; --json has all of them", count - SHOWN));
    }
}

fn table(rows: &Table) {
    let colour = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
    out::text_only(rows.render(colour));
}

fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}
