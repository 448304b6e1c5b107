//! Reads a host's answer to the survey script: one fact a line, a keyword first, `end` last.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{Current, HostSeen, Migrated, ReleaseSeen, steps};
use crate::fleet::HostName;
use crate::release::{Flip, FlipStage, Layout, LockSeen, Record, ReleaseName, State};

/// Says what is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the survey's answer {0}")]
pub struct SurveyError(String);

#[expect(clippy::struct_excessive_bools, reason = "one for each file that is there or not")]
#[derive(Default)]
struct Parts<'a> {
    record: Option<&'a str>,
    state: Option<&'a str>,
    lived: bool,
    finished: bool,
    keep: Option<&'a str>,
    has_tree: bool,
    journal: Vec<&'a str>,
    used_by: Option<u32>,
    unreadable: bool,
}

/// How it is said that `current` names a release that is not there any more.
pub const IS_GONE: &str = "which is not there";

/// Reads one host's answer.
pub fn parse(answer: &str) -> Result<HostSeen, SurveyError> {
    let mut lines = answer.lines();
    if lines.next_back() != Some("end") {
        return Err(SurveyError("is cut short".to_owned()));
    }
    let mut seen = HostSeen {
        layout: Layout::new(""),
        user: String::new(),
        clock: DateTime::UNIX_EPOCH,
        free_kilobytes: None,
        free_files: None,
        missing_tools: Vec::new(),
        lacks: Vec::new(),
        has_zstd: false,
        lock: LockSeen::default(),
        current: Current::Nothing,
        releases: Vec::new(),
        history: Vec::new(),
        notes: Vec::new(),
        maintenance: None,
        stopped: BTreeMap::new(),
        drained: BTreeMap::new(),
        alone: BTreeSet::new(),
        service_files: BTreeMap::new(),
        published: BTreeSet::new(),
        strangers: Vec::new(),
        damage: Vec::new(),
        damaged_history: 0,
        migrations: Vec::new(),
    };
    let mut releases: BTreeMap<ReleaseName, Parts<'_>> = BTreeMap::new();
    let mut history = Lines::default();
    let mut link = None;
    let mut in_notes = false;
    for line in lines {
        if in_notes {
            take_note(&mut seen, line);
            continue;
        }
        let (keyword, rest) = line.split_once(' ').unwrap_or((line, ""));
        match keyword {
            "base" => seen.layout = Layout::new(rest),
            "user" => rest.clone_into(&mut seen.user),
            "clock" => seen.clock = rest.parse().ok().and_then(|s| DateTime::from_timestamp(s, 0)).unwrap_or_default(),
            "free" => seen.free_kilobytes = rest.parse().ok(),
            "files" => seen.free_files = rest.parse().ok(),
            "missing" => seen.missing_tools.push(rest.to_owned()),
            "lacks" => seen.lacks.push(rest.to_owned()),
            "can" if rest == "zstd" => seen.has_zstd = true,
            "link" => link = Some(rest),
            "foreign" => seen.current = Current::Foreign(rest.to_owned()),
            "history" => history.take(rest),
            "notes" => in_notes = true,
            "migrated" => seen.migrations.extend(Migrated::read(rest)),
            "lock" => _ = seen.lock.take(rest),
            "maintenance" => seen.maintenance = rest.split(' ').next().map(str::to_owned),
            "stopped" => take_stopped(&mut seen, rest),
            "drained" => take_drained(&mut seen, rest),
            "alone" => _ = seen.alone.insert(rest.to_owned()),
            "published" => _ = seen.published.insert(rest.to_owned()),
            "service" => take_service(&mut seen, rest),
            "damage" => seen.damage.push(rest.to_owned()),
            "tree" | "record" | "state" | "keep" | "lived" | "finished" | "step" | "used" | "unreadable" => {
                take_release(&mut seen, &mut releases, keyword, rest);
            }
            _ => return Err(SurveyError(format!("has a line nobody understands: {line:?}"))),
        }
    }
    if seen.layout.base().is_empty() {
        return Err(SurveyError("names no directory".to_owned()));
    }
    if let Some(link) = link {
        seen.current = current(&seen.layout, link, &releases);
    }
    if let Current::Release(name) = &seen.current
        && !history.tells_of(name)
    {
        seen.damage.push(format!("the history does not tell how {name} went live"));
    }
    seen.damaged_history += history.damaged.len();
    seen.history = history.flips.into_iter().map(|(_, flip)| flip).collect();
    for (name, parts) in releases {
        finish(&mut seen, name, &parts);
    }
    seen.releases.sort_by_key(|release| (release.record.created, release.name.clone()));
    Ok(seen)
}

/// The history as it was read: whether each line could be understood.
#[derive(Default)]
struct Lines {
    flips: Vec<(usize, Flip)>,
    damaged: Vec<usize>,
    read: usize,
}

impl Lines {
    fn take(&mut self, line: &str) {
        self.read += 1;
        let Ok(flip) = serde_json::from_str::<Flip>(line) else { return self.damaged.push(self.read) };
        // Only what happened counts. An intent without a result happened if `current` says so; the flip that follows
        // it then repeats it, and the doubled line changes nothing.
        if flip.stage == FlipStage::Done {
            let intent = |other: &Flip| other.stage == FlipStage::Intent && other.at == flip.at && other.to == flip.to;
            self.flips.retain(|(_, other)| !intent(other));
        }
        self.flips.push((self.read, flip));
    }

    /// Says whether the history still tells how `current` went live, and so what it replaced. Then lines damaged
    /// before that do no harm, and neither does the last one of all, which a power cut may tear.
    fn tells_of(&self, current: &ReleaseName) -> bool {
        let went_live = self.flips.iter().rev().find(|(_, flip)| flip.to.as_ref() == Some(current));
        went_live.is_some_and(|(at, _)| self.damaged.iter().all(|damaged| damaged < at || *damaged == self.read))
    }
}

fn take_release<'a>(
    seen: &mut HostSeen,
    releases: &mut BTreeMap<ReleaseName, Parts<'a>>,
    keyword: &str,
    rest: &'a str,
) {
    let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
    let Ok(name) = ReleaseName::parse(name) else {
        if keyword == "tree" {
            seen.strangers.push(rest.to_owned());
        }
        return;
    };
    let parts = releases.entry(name).or_default();
    match keyword {
        "tree" => parts.has_tree = true,
        "record" => parts.record = Some(value),
        "state" => parts.state = Some(value),
        "keep" => parts.keep = Some(value),
        "lived" => parts.lived = true,
        "finished" => parts.finished = true,
        "used" => parts.used_by = value.parse().ok(),
        "unreadable" => parts.unreadable = true,
        _ => parts.journal.push(value),
    }
}

/// A note never counts as a change of what is live, whatever its line says.
fn take_note(seen: &mut HostSeen, line: &str) {
    match serde_json::from_str::<Flip>(line) {
        Ok(note) if note.stage == FlipStage::Note => seen.notes.push(note),
        _ if line.is_empty() => {}
        _ => seen.damaged_history += 1,
    }
}

fn take_service(seen: &mut HostSeen, rest: &str) {
    if let Some((name, path)) = rest.split_once(' ') {
        seen.service_files.entry(name.to_owned()).or_default().insert(path.to_owned());
    }
}

fn take_stopped(seen: &mut HostSeen, rest: &str) {
    let (name, by) = rest.split_once(' ').unwrap_or((rest, ""));
    seen.stopped.insert(name.to_owned(), by.to_owned());
}

fn take_drained(seen: &mut HostSeen, rest: &str) {
    let (what, by) = rest.split_once(' ').unwrap_or((rest, ""));
    let named = what.split_once('/').and_then(|(pool, host)| Some((pool.to_owned(), HostName::new(host).ok()?)));
    seen.drained.extend(named.map(|named| (named, by.to_owned())));
}

fn current(layout: &Layout, link: &str, releases: &BTreeMap<ReleaseName, Parts<'_>>) -> Current {
    let inside = link.strip_prefix(layout.base()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(link);
    let name = inside.strip_prefix("releases/").and_then(|name| ReleaseName::parse(name.trim_end_matches('/')).ok());
    match name {
        None => Current::Foreign(format!("is a link to {link:?}, which is no release of this environment")),
        Some(name) if releases.get(&name).is_some_and(|parts| parts.has_tree) => Current::Release(name),
        Some(name) => Current::Foreign(format!("is a link to release {name}, {IS_GONE}")),
    }
}

fn finish(seen: &mut HostSeen, name: ReleaseName, parts: &Parts<'_>) {
    if parts.unreadable {
        return seen.damage.push(format!("the record of {name} cannot be read"));
    }
    let Some(text) = parts.record else {
        if parts.state.is_some() {
            seen.damage.push(format!("the record of {name} has no release.json"));
        } else {
            seen.strangers.push(name.to_string());
        }
        return;
    };
    let record = match serde_json::from_str::<Record>(text) {
        Ok(record) if record.name == name => record,
        _ => return seen.damage.push(format!("the record of {name} is damaged")),
    };
    let Some((state, since)) = parts.state.and_then(read_state) else {
        return seen.damage.push(format!("the state of {name} is damaged"));
    };
    // Unreadable means stop: what is kept must not be taken for what may go.
    let Ok(longer) = parts.keep.map(DateTime::parse_from_rfc3339).transpose() else {
        return seen.damage.push(format!("until when {name} is kept cannot be read"));
    };
    let kept_until = longer.map(|until| until.to_utc()).max(record.keep_until);
    let state = match state {
        _ if seen.current == Current::Release(name.clone()) => State::Live,
        State::Complete if parts.lived => State::Retired,
        State::Complete if record.private => State::Private,
        other => other,
    };
    seen.releases.push(ReleaseSeen {
        name,
        has_tree: parts.has_tree,
        record,
        state,
        since,
        steps: steps::replay(parts.journal.iter().copied()),
        used_by: parts.used_by,
        is_finished: parts.finished,
        is_back: steps::is_back(&parts.journal),
        kept_until,
    });
}

fn read_state(text: &str) -> Option<(State, Option<DateTime<Utc>>)> {
    let (word, since) = text.split_once(' ').unwrap_or((text, ""));
    let state = match word {
        "building" => State::Building,
        "complete" => State::Complete,
        "failed" => State::Failed,
        "bad" => State::Bad,
        _ => return None,
    };
    Some((state, DateTime::parse_from_rfc3339(since).ok().map(|since| since.to_utc())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: &str = "2026-11-20_14.30.05";
    const TWO: &str = "2026-11-21_09.00.00";

    fn record(name: &str, more: &str) -> String {
        format!(
            "record {name} {{\"name\":\"{name}\",\"created\":\"2026-11-20T14:30:05Z\",\"by\":\"ada\",\"machine\":\"desk\",\
             \"source\":\"main of shop\",\"ref\":\"main\",\"tree\":\"\"{more}}}"
        )
    }

    fn answer(lines: &[&str]) -> String {
        let lines: Vec<&str> = [&["base /srv/www/test"], lines, &["end"]].concat();
        lines.join("\n") + "\n"
    }

    fn whole() -> String {
        let (one, two) = (record(ONE, ""), record(TWO, ",\"private\":true"));
        answer(&[
            "user deploy",
            "clock 1790000000",
            "missing tar",
            "can zstd",
            "free 1000",
            &format!("link releases/{ONE}"),
            &format!("tree {ONE}"),
            &format!("tree {TWO}"),
            "tree lost+found",
            &one,
            &format!("state {ONE} complete 2026-11-20T14:31:00Z"),
            &format!("lived {ONE}"),
            &format!("step {ONE} done 00ff prepare upload_code"),
            &two,
            &format!("state {TWO} complete 2026-11-21T09:01:00Z"),
            &format!("used {TWO} 4711"),
            &went_live(ONE),
            "history {}",
        ])
    }

    fn went_live(name: &str) -> String {
        let at = "2026-11-20T14:32:00Z";
        let flip = format!(
            "{{\"at\":\"{at}\",\"run\":\"{at}\",\"stage\":\"done\",\"task\":\"deploy\",\"from\":null,\"to\":\"{name}\",\"by\":\"ada\",\"machine\":\"m\"}}"
        );
        format!("history {flip}")
    }

    /// Without knowing how the live release went live nobody knows what a rollback needs.
    #[test]
    fn a_history_that_lost_the_live_release_is_damage() {
        let live = |history: &[&str]| {
            let record = record(ONE, "");
            let (link, tree) = (format!("link releases/{ONE}"), format!("tree {ONE}"));
            let state = format!("state {ONE} complete 2026-11-20T14:31:00Z");
            let lines = [link.as_str(), &tree, &record, &state].iter().chain(history).copied().collect::<Vec<_>>();
            parse(&answer(&lines)).expect("an answer").damage.is_empty()
        };
        let flip = went_live(ONE);
        assert!(live(&[&flip]));
        assert!(live(&["history {torn", &flip]), "older lines do no harm");
        assert!(live(&[&flip, "history {torn"]), "a power cut may tear the last one");
        assert!(!live(&[&flip, "history {torn", "history {torn"]));
        assert!(!live(&[]));
        assert!(!live(&["history {\"at\":\"x\""]));
        assert!(!live(&[&went_live(TWO)]));
    }

    #[test]
    fn a_whole_answer() {
        let seen = parse(&whole()).expect("an answer");
        assert_eq!((seen.layout.base(), seen.user.as_str()), ("/srv/www/test", "deploy"));
        assert_eq!((seen.clock.timestamp(), seen.free_kilobytes), (1_790_000_000, Some(1000)));
        assert_eq!((seen.missing_tools, seen.strangers), (vec!["tar".to_owned()], vec!["lost+found".to_owned()]));
        assert_eq!((seen.damage, seen.damaged_history, seen.has_zstd), (Vec::new(), 1, true));
        let states: Vec<_> = seen.releases.iter().map(|release| (release.name.as_str(), release.state)).collect();
        // Both were asked for in the same second of their records, so the name decides.
        assert_eq!(states, [(ONE, State::Live), (TWO, State::Private)]);
        assert_eq!(seen.releases[0].steps, [("upload_code".to_owned(), "00ff".to_owned())]);
        assert_eq!(seen.releases[1].used_by, Some(4711));
    }

    #[test]
    fn what_current_is() {
        let foreign = |text: &str| Current::Foreign(text.to_owned());
        let tree = format!("tree {ONE}");
        let cases = [
            (format!("link releases/{ONE}"), Current::Release(ReleaseName::parse(ONE).expect("a name"))),
            (format!("link /srv/www/test/releases/{ONE}/"), Current::Release(ReleaseName::parse(ONE).expect("a name"))),
            (format!("link releases/{TWO}"), foreign(&format!("is a link to release {TWO}, which is not there"))),
            (
                format!("link /srv/www/testing/releases/{ONE}"),
                foreign(&format!(
                    "is a link to \"/srv/www/testing/releases/{ONE}\", which is no release of this environment"
                )),
            ),
            ("foreign is a directory, not a link".to_owned(), foreign("is a directory, not a link")),
            ("user deploy".to_owned(), Current::Nothing),
        ];
        for (line, current) in cases {
            assert_eq!(parse(&answer(&[&tree, &line])).expect("an answer").current, current, "{line}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_damage_and_never_a_release() {
        let (good, other) =
            (record(ONE, ""), record(TWO, "").replace(&format!("record {TWO}"), &format!("record {ONE}")));
        let state = format!("state {ONE} complete 2026-11-20T14:31:00Z");
        let cases = [
            vec![good.clone(), format!("unreadable {ONE}")],
            vec![state.clone()],
            vec![format!("record {ONE} {{"), state.clone()],
            vec![other, state],
            vec![good.clone()],
            vec![good, format!("state {ONE} splendid")],
        ];
        for lines in cases {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let seen = parse(&answer(&lines)).expect("an answer");
            assert_eq!((seen.damage.len(), seen.releases.len()), (1, 0), "{lines:?}");
        }
    }

    #[test]
    fn an_unknown_line_or_no_directory_is_an_error() {
        assert!(parse(&answer(&["motd hello"])).is_err());
        assert!(parse(&answer(&["can fly"])).is_err());
        assert!(parse("user deploy\nend\n").is_err());
    }

    proptest! {
        #[test]
        fn a_cut_answer_is_an_error(at in any::<prop::sample::Index>()) {
            let whole = whole();
            // Without its last newline an answer is still whole: `end` stands there.
            let cut = &whole[..at.index(whole.len() - 1)];
            prop_assert!(parse(cut).is_err(), "{cut}");
        }

        #[test]
        fn no_text_makes_it_panic(text in "(?s).*") {
            let _ = parse(&text);
        }

        #[test]
        fn no_answer_makes_it_panic(lines in prop::collection::vec(line(), 0..12)) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let _ = parse(&answer(&lines));
        }
    }

    /// A line with a known keyword and anything behind it.
    fn line() -> impl Strategy<Value = String> {
        let keywords = vec![
            "base",
            "user",
            "clock",
            "free",
            "files",
            "link",
            "foreign",
            "history",
            "damage",
            "tree",
            "record",
            "state",
            "keep",
            "lived",
            "step",
            "used",
            "stopped",
            "drained",
            "alone",
            "unreadable",
        ];
        let rest =
            prop_oneof!["\\PC{0,20}", Just(ONE.to_owned()), "2026-11-20_14\\.30\\.05 \\PC{0,20}", "-?[0-9]{0,25}"];
        (prop::sample::select(keywords), rest).prop_map(|(keyword, rest)| format!("{keyword} {rest}"))
    }
}
