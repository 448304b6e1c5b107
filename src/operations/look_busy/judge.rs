//! What is busy, told from what a host's script said. A text that makes no sense is no answer, and so counts as busy.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Condition;

/// What is going on, a line each; nothing if nothing is.
pub(super) type Seen = Result<Vec<String>, String>;

/// A pane that runs one of these, which runs nothing, waits for somebody.
const SHELLS: [&str; 12] =
    ["sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "tcsh", "csh", "ash", "login", "busybox"];

pub(super) fn scrapyd(said: &str) -> Seen {
    let line = |start: &str| said.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_default();
    let status: Value = serde_json::from_str(line("status ")).map_err(|_| "its answer is no JSON".to_owned())?;
    let (running, pending) = (count(&status, "running")?, count(&status, "pending")?);
    if running + pending == 0 {
        return Ok(Vec::new());
    }
    let jobs: Value = serde_json::from_str(line("jobs ")).unwrap_or_default();
    let of = |state: &str| jobs[state].as_array().cloned().unwrap_or_default();
    let mut seen: Vec<String> = of("running").iter().map(|job| told(job, "runs")).collect();
    seen.extend(of("pending").iter().map(|job| told(job, "waits for its turn")));
    if seen.is_empty() {
        seen.push(format!("{running} running and {pending} pending jobs"));
    }
    Ok(seen)
}

/// Old versions write numbers as texts.
fn count(status: &Value, key: &str) -> Result<u64, String> {
    let number = status[key].as_u64().or_else(|| status[key].as_str()?.parse().ok());
    number.ok_or_else(|| format!("its answer does not say how many jobs are {key}"))
}

fn told(job: &Value, does: &str) -> String {
    let text = |key: &str| job[key].as_str().unwrap_or("?").to_owned();
    let since = job["start_time"].as_str().map(|at| format!(" since {}", at.split('.').next().unwrap_or(at)));
    let project = job["project"].as_str().map(|project| format!(" of {project}")).unwrap_or_default();
    format!("spider {}{project} {does}{} (job {})", text("spider"), since.unwrap_or_default(), text("id"))
}

/// With `names`, the sessions and windows called so; else the panes that run something other than a shell.
pub(super) fn tmux(said: &str, names: &[String]) -> Seen {
    let mut seen = Vec::new();
    for line in said.lines() {
        let parts: Vec<&str> = line.splitn(6, ':').collect();
        let [children, began, session, window, program, title] = parts[..] else {
            return Err(format!("tmux said something else than its panes: {line}"));
        };
        let is_named = |name: &String| name == session || name == title;
        let waits = SHELLS.contains(&program.trim_start_matches('-'));
        if names.is_empty() && children == "hidden" && waits {
            let reason = "/proc hides the processes of other users (mount option hidepid)";
            return Err(format!("whether window {session}:{window} ({title}) runs something is not known: {reason}"));
        }
        let is_idle = children == "alone" && waits;
        if if names.is_empty() { !is_idle } else { names.iter().any(is_named) } {
            seen.push(format!("{program} in window {session}:{window} ({title}) of a session{}", since(began)));
        }
    }
    seen.dedup();
    Ok(seen)
}

pub(super) fn process(said: &str) -> Seen {
    let line = |line: &str| {
        let parts: Vec<&str> = line.splitn(4, '\t').collect();
        let [pid, user, began, command] = parts[..] else { return Err(format!("no process: {line}")) };
        Ok(format!("process {pid} of {user}{}: {}", since(began), command.trim_end()))
    };
    said.lines().map(line).collect()
}

pub(super) fn pg_activity(said: &str) -> Seen {
    let mut seen = Vec::new();
    let Some(sessions) = said.trim_end().strip_suffix("seen").filter(|rest| rest.is_empty() || rest.ends_with('\n'))
    else {
        return Err(match said.trim_end().lines().last() {
            None => "psql said nothing".to_owned(),
            Some(last) => format!("psql said something else than sessions: {last}"),
        });
    };
    for line in sessions.lines() {
        let parts: Vec<&str> = line.splitn(7, '\t').collect();
        let Some([pid, user, application, state]) = parts.get(..4).and_then(|parts| parts.first_chunk::<4>()) else {
            return Err(format!("psql said something else than sessions: {line}"));
        };
        if *state == "unknown" {
            return Err(format!("this user may not see what {user} does (pid {pid}); pg_monitor may"));
        }
        if *state == "disabled" {
            return Err(format!("track_activities is off for {user}, so nobody can see what it does (pid {pid})"));
        }
        let at = parts.get(4).copied().unwrap_or("?");
        let from = match parts.get(5).copied().unwrap_or("?") {
            "local" => "the host itself",
            address => address,
        };
        let statement = parts.get(6).copied().unwrap_or_default().trim();
        let through = if application.is_empty() { String::new() } else { format!(" with {application}") };
        seen.push(format!("{user}{through} from {from}, pid {pid}, {state} since {at} UTC: {statement}"));
    }
    Ok(seen)
}

/// The value at `path`, whose parts are keys or positions; busy if the condition holds.
pub(super) fn http_json(said: &str, path: &str, condition: &Condition) -> Seen {
    let whole: Value = serde_json::from_str(said).map_err(|_| "the answer is no JSON".to_owned())?;
    let mut value = &whole;
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let next = part.parse::<usize>().ok().and_then(|at| value.get(at)).or_else(|| value.get(part));
        value = next.ok_or_else(|| format!("there is no {path} in the answer"))?;
    }
    let holds = condition.holds(value).ok_or_else(|| format!("{path} is {value}, which is no number"))?;
    Ok(if holds { vec![format!("{path} is {value}")] } else { Vec::new() })
}

fn since(seconds: &str) -> String {
    let at = seconds.parse().ok().and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
    at.map(|at| format!(" since {} UTC", at.format("%Y-%m-%d %H:%M:%S"))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrapyd_of_any_age() {
        assert_eq!(scrapyd("status {\"running\": 0, \"pending\": 0}\njobs "), Ok(vec![]));
        assert_eq!(scrapyd("status {\"running\": \"0\", \"pending\": \"0\"}\njobs "), Ok(vec![]));
        let said = "status {\"running\": \"1\", \"pending\": 1}\njobs ";
        assert_eq!(scrapyd(said), Ok(vec!["1 running and 1 pending jobs".to_owned()]));
        for nonsense in ["", "status {}\njobs ", "status <html>", "status {\"running\": \"many\", \"pending\": 0}"] {
            assert!(scrapyd(nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn a_sentence_instead_of_panes_or_sessions_is_no_answer() {
        assert!(tmux("lost server", &[]).is_err());
        assert!(pg_activity("NOTICE hello\nseen\n").is_err());
        assert!(pg_activity("12\tbob\t\tunknown\nseen\n").is_err(), "what is hidden may be anything");
        assert!(pg_activity("12\tbob\tnightly\tdisabled\t?\tlocal\t\nseen\n").is_err(), "it may be anything too");
        assert_eq!(pg_activity("seen\n"), Ok(Vec::new()));
        for nothing in ["", "\n", "unseen\n", "12\tann\tnightly\tactive\n"] {
            assert!(pg_activity(nothing).is_err(), "{nothing:?} does not say that anybody was asked");
        }
        assert!(process("hello").is_err());
    }

    #[test]
    fn a_shell_whose_children_are_hidden_may_run_anything() {
        let pane = |children: &str, program: &str| format!("{children}:1790000000:work:0:{program}:window");
        assert_eq!(tmux(&pane("alone", "bash"), &[]), Ok(Vec::new()));
        assert!(tmux(&pane("hidden", "bash"), &[]).is_err_and(|reason| reason.contains("window work:0")));
        assert!(tmux(&pane("hidden", "vim"), &[]).is_ok_and(|seen| seen.len() == 1));
        // What counts whatever it runs can be told.
        assert_eq!(tmux(&pane("hidden", "bash"), &["deploy".to_owned()]), Ok(Vec::new()));
    }

    #[test]
    fn a_statement_is_told_with_whoever_waits_for_it() {
        let line =
            |client: &str| format!("12\tann\tnightly\tactive\t2026-11-21 01:02:03\t{client}\tselect\t1 \nseen\n");
        let told = |from: &str| {
            Ok(vec![format!("ann with nightly from {from}, pid 12, active since 2026-11-21 01:02:03 UTC: select\t1")])
        };
        assert_eq!(pg_activity(&line("10.0.0.7")), told("10.0.0.7"));
        assert_eq!(pg_activity(&line("local")), told("the host itself"));
    }

    #[test]
    fn a_condition_on_json() {
        let json = r#"{"queue": {"waiting": 3, "state": "running"}, "list": [{"n": "4"}], "off": false}"#;
        let busy = |path: &str, condition: &str| {
            let condition = Condition::parse(condition).expect("a condition");
            http_json(json, path, &condition).map(|seen| !seen.is_empty())
        };
        assert_eq!(busy("queue.waiting", "> 0"), Ok(true));
        assert_eq!(busy("queue.waiting", "> 3"), Ok(false));
        assert_eq!(busy("queue.waiting", ">= 3"), Ok(true));
        assert_eq!(busy("queue.state", "!= idle"), Ok(true));
        assert_eq!(busy("queue.state", "== running"), Ok(true));
        assert_eq!(busy("list.0.n", "< 5"), Ok(true), "numbers as texts");
        assert_eq!(busy("off", "== true"), Ok(false));
        assert!(busy("queue.length", "> 0").is_err(), "what is missing is not 0");
        assert!(busy("queue.state", "> 0").is_err());
        assert!(http_json("<html>", "a", &Condition::parse("> 0").expect("a condition")).is_err());
    }
}
