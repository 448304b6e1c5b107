//! The line that stays of a step, and the words for what it did on a host.

use super::board::Board;
use super::step::Step;
use super::{Line, style, text};
use crate::event::{Outcome, Phase};

/// `done 1.2 s`, `already done`, `skipped: no requirements`.
pub(super) fn outcome(outcome: &Outcome, seconds: f64) -> String {
    match outcome {
        Outcome::Changed => format!("done {}", text::duration(seconds)),
        Outcome::AlreadyDone => "already done".to_owned(),
        Outcome::Skipped(reason) => format!("skipped: {reason}"),
        Outcome::Paused(reason) => format!("paused: {reason}"),
    }
}

/// `exited 1 after 41 s`; what took no time worth saying stands alone.
pub(super) fn failed(what: &str, after: &str, seconds: f64) -> String {
    let time = text::duration(seconds);
    if seconds.is_nan() || seconds < 1.0 {
        what.to_owned()
    } else if what.contains(':') {
        // "timed out after 30 s" would say that 30 s was the limit.
        format!("{what} ({after} {time})")
    } else {
        format!("{what} {after} {time}")
    }
}

/// How a phase is called.
pub(super) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Check => "check",
        Phase::Prepare => "prepare",
        Phase::BeforeFlip => "before the flip",
        Phase::Flip => "flip",
        Phase::AfterFlip => "after the flip",
        Phase::Finish => "finish",
    }
}

/// `✔ build_virtualenv   4 hosts   12.3 s`: all that stays on a terminal of a step that ended.
pub(super) fn finished(board: &Board, step: &Step) -> Line {
    let (mark, mark_style, words) = verdict(step);
    let ended = step.ended.map(|(at, _)| at).or(board.end.as_ref().map(|end| end.at));
    let seconds = step.began.zip(ended).map_or(0.0, |(began, ended)| text::seconds_between(began, ended));
    let name_style = if mark_style == style::DIM { style::DIM } else { anstyle::Style::new() };
    let line = Line::new().styled(mark_style, mark).text(" ").styled(name_style, &step.name);
    let words_at = 2 + board.step_width() + 3;
    let line = line.pad(words_at).styled(name_style, words);
    if mark_style == style::DIM && !matches!(step.ended, None | Some((_, false))) {
        return line;
    }
    let all = text::count(board.fleet().len(), "host").len();
    line.pad(words_at + all).text("   ").styled(style::DIM, text::duration(seconds))
}

fn verdict(step: &Step) -> (&'static str, anstyle::Style, String) {
    let all = step.hosts.len();
    let hosts = text::count(all, "host");
    let paused = step.finished().filter(|(_, outcome)| matches!(outcome, Outcome::Paused(_))).count();
    let (failed, finished) = (step.failed().count(), step.finished().count() - paused);
    let skipped: Vec<&str> = step.finished().filter_map(|(_, outcome)| reason(outcome)).collect();
    let already = step.finished().filter(|(_, outcome)| **outcome == Outcome::AlreadyDone).count();
    if failed > 0 {
        ("✘", style::BAD, format!("failed on {failed} of {hosts}"))
    } else if paused > 0 {
        ("–", style::CARE, format!("paused on {paused} of {hosts}"))
    } else if finished < all || !matches!(step.ended, Some((_, true))) {
        ("–", style::DIM, format!("not finished, done on {finished} of {hosts}"))
    } else if all > 0 && skipped.len() == all {
        ("-", style::DIM, format!("skipped: {}", skipped[0]))
    } else if all > 0 && already + skipped.len() == all {
        ("·", style::DIM, format!("already done on {hosts}"))
    } else if skipped.is_empty() {
        ("✔", style::GOOD, hosts)
    } else {
        ("✔", style::GOOD, format!("{hosts}, skipped on {}", skipped.len()))
    }
}

fn reason(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Skipped(reason) => Some(reason),
        _ => None,
    }
}
