//! Canned logs through every renderer, as snapshots; and what must hold for any log whatever.

mod log;
mod samples;
mod tty;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;

use self::log::Log;
use self::tty::Tty;
use super::*;
use crate::event::Event;

/// A writer whose text can be read while a renderer owns it.
#[derive(Debug, Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("text")
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn plain(events: &[Stamped], verbose: bool) -> String {
    let paper = Paper::default();
    let mut renderer = Plain::new(paper.clone(), verbose);
    for event in events {
        renderer.event(event);
    }
    paper.text()
}

const SCREEN: Screen = Screen { width: 80, height: 24, colour: false };

fn terminal(events: &[Stamped], screen: Screen, verbose: bool) -> String {
    let paper = Paper::default();
    let mut renderer = Terminal::new(paper.clone(), screen, verbose);
    for event in events {
        renderer.event(event);
        renderer.tick(event.at + TimeDelta::milliseconds(100));
    }
    paper.text()
}

/// What stands on the screen at the end.
fn shown(events: &[Stamped], screen: Screen, verbose: bool) -> String {
    Tty::show(&terminal(events, screen, verbose), screen.width).join("\n")
}

#[test]
fn plain_text_of_every_sample() {
    for (name, events) in samples::all() {
        insta::assert_snapshot!(format!("plain-{name}"), plain(&events, false));
    }
}

#[test]
fn last_screen_of_every_sample() {
    for (name, events) in samples::all() {
        insta::assert_snapshot!(format!("terminal-{name}"), shown(&events, SCREEN, false));
    }
}

#[test]
fn verbose_tells_what_hosts_say() {
    let events = samples::good().events;
    insta::assert_snapshot!("plain-verbose", plain(&events, true));
    insta::assert_snapshot!("terminal-verbose", shown(&events, SCREEN, true));
}

#[test]
fn colours_of_a_terminal() {
    let screen = Screen { colour: true, ..SCREEN };
    let visible = |text: &str| text.replace('\u{1b}', "␛");
    let text = terminal(&samples::failed_in_prepare().events, screen, false);
    insta::assert_snapshot!("colour-failed_in_prepare", visible(&text));
    let text = terminal(&samples::mixed().events, screen, false);
    let ending = text.rsplit_once("\u{1b}[J").map(|(_, after)| after);
    insta::assert_snapshot!("colour-mixed-ending", visible(ending.expect("a block was erased")));
}

/// The screen after each event that changed it, for one part of a run.
fn film(log: &Log, screen: Screen, part: std::ops::Range<usize>) -> String {
    let frames = part.map(|end| shown(&log.events[..end], screen, false));
    let mut frames: Vec<String> = frames.collect();
    frames.dedup();
    frames.join("\n────\n")
}

#[test]
fn the_live_view_while_code_is_uploaded() {
    insta::assert_snapshot!(film(&samples::good(), SCREEN, 9..32));
}

#[test]
fn the_live_view_of_thirty_hosts_fits_a_small_screen() {
    let screen = Screen { height: 12, width: 60, ..SCREEN };
    insta::assert_snapshot!(film(&samples::thirty(), screen, 45..52));
}

#[test]
fn without_colours_no_colour_is_written() {
    for (name, events) in samples::all() {
        let text = terminal(&events, SCREEN, true) + &plain(&events, true);
        let colour = text.split('\u{1b}').skip(1).find(|rest| {
            let end = rest.find(|c: char| c.is_ascii_alphabetic());
            end.is_some_and(|end| rest[end..].starts_with('m'))
        });
        assert_eq!(colour, None, "{name}");
    }
}

#[test]
fn every_host_is_named_when_something_fails() {
    for (name, events) in samples::all() {
        let Some(Event::RunEnded { exit_code: 1.., .. }) = events.last().map(|last| &last.event) else {
            continue;
        };
        let mut board = Board::default();
        for event in &events {
            board.take(event);
        }
        let summary: String = ending::lines(&board, 80).iter().map(|line| line.render(false) + "\n").collect();
        for host in board.fleet() {
            let is_part = |c: char| !c.is_ascii_alphanumeric();
            assert!(
                summary.split(is_part).any(|word| word == host.as_str()),
                "{name}: {host} is missing in\n{summary}"
            );
        }
    }
}

#[test]
fn a_log_is_read_back_as_it_was_written() {
    for (name, events) in samples::all() {
        let paper = Paper::default();
        let mut json = Json::new(paper.clone());
        for event in &events {
            json.event(event);
        }
        let text = paper.text();
        assert!(!text.contains('\u{1b}'), "{name}");
        let read: Vec<Stamped> = read_log(text.as_bytes()).collect::<Result<_, _>>().expect("a log");
        assert_eq!(read, events, "{name}");
        let again = Paper::default();
        play(text.as_bytes(), &mut Plain::new(again.clone(), false)).expect("a log");
        assert_eq!(again.text(), plain(&events, false));
    }
}

#[test]
fn a_bad_line_of_a_log_is_named() {
    let error = read_log("\n{\"event\": \"tea_time\"}\n".as_bytes()).find_map(Result::err).expect("an error");
    assert!(error.to_string().starts_with("line 2 of the log is no event"), "{error}");
}

#[test]
fn nothing_a_host_says_reaches_the_terminal_as_a_command() {
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}5A\u{8}rm\nnext";
    let text = |event: Event| Stamped { at: DateTime::UNIX_EPOCH, event };
    let mut events = samples::good().events;
    let ended = events.pop().expect("an end");
    let said = vec![evil.to_owned()];
    let failure = crate::event::Failure { what: evil.to_owned(), command: Some(evil.to_owned()), said };
    let (step, host) = (evil.to_owned(), log::host("web1"));
    events.push(text(Event::StepStarted { step: step.clone(), phase: crate::event::Phase::Finish }));
    events.push(text(Event::HostFailed { step: step.clone(), host: host.clone(), failure, seconds: 1.0 }));
    events.push(text(Event::StepFinished { step, ok: false }));
    events.push(text(Event::Warning { host: Some(host), message: evil.to_owned() }));
    let mut end = ended;
    if let Event::RunEnded { exit_code, reason, next, .. } = &mut end.event {
        (*exit_code, *reason, *next) = (1, Some(evil.to_owned()), vec![evil.to_owned()]);
    }
    events.push(end);
    // `Tty` panics at every sequence and control character that is not the live view's own.
    let screen = shown(&events, SCREEN, true);
    assert!(screen.contains("rm"), "{screen}");
    let plain = plain(&events, true);
    assert!(!plain.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{plain:?}");
}

/// Any events of the samples, in any order, cut anywhere, at any time.
fn any_log() -> impl Strategy<Value = Vec<Stamped>> {
    let pool: Vec<Stamped> = samples::all().into_iter().flat_map(|(_, events)| events).collect();
    let event = (any::<prop::sample::Index>(), -5_000_i64..5_000);
    prop::collection::vec(event, 0..60).prop_map(move |picks| {
        let stamp = |(index, millis): (prop::sample::Index, i64)| {
            let mut event = index.get(&pool).clone();
            event.at += TimeDelta::milliseconds(millis);
            event
        };
        picks.into_iter().map(stamp).collect()
    })
}

proptest! {
    #[test]
    fn any_log_can_be_shown(events in any_log(), width in 0_usize..90, height in 0_usize..30, verbose: bool) {
        let screen = Screen { width, height, colour: true };
        let text = terminal(&events, screen, verbose);
        let rows = Tty::show(&text, width.max(2));
        if let Some(end) = events.iter().position(|event| matches!(event.event, Event::RunEnded { .. })) {
            // Without a block, what is shown is the kept lines and nothing else, and the cursor stands below them.
            prop_assert!(text.ends_with('\n'));
            let spinner = |row: &String| row.chars().next().is_some_and(|c| ('⠀'..='⣿').contains(&c));
            prop_assert!(!rows.iter().any(spinner), "{}", rows.join("\n"));
            prop_assert_eq!(plain(&events, verbose), plain(&events[..=end], verbose), "something was said after the end");
        }
        plain(&events, verbose);
    }
}
