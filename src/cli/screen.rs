//! Which renderer shows a run, and a thread of its own for it: a slow terminal slows no host.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, stderr, stdout};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::oneshot;

use super::args::Common;
use super::change::Show;
use super::complaint::Complaint;
use super::log::Log;
use super::out;
use crate::engine::{Heard, Plan};
use crate::event::{Ending, Event, Stamped};
use crate::fleet::Scope;
use crate::survey::Survey;
use crate::ui::{Json, Lines, Plain, Renderer, Screen, Table, Terminal, tame};

/// How often a live view moves.
const BEAT: Duration = Duration::from_millis(100);

/// What is being done before the run begins, on a line of a terminal that goes away again.
pub(super) struct Doing {
    shown: bool,
}

/// Says what is being done, where somebody may be waiting for it.
pub(super) fn doing(what: &str, common: &Common) -> Doing {
    let shown = !common.json && stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    if shown {
        out::raw(format!("\r{}\x1b[K", tame(what)));
    }
    Doing { shown }
}

impl Drop for Doing {
    fn drop(&mut self) {
        if self.shown {
            out::raw("\r\x1b[K");
        }
    }
}

/// The thread that shows a run. Its end is shown when all is said that there is to say.
pub(super) struct Showing {
    thread: JoinHandle<()>,
    told: oneshot::Receiver<Told>,
    more: mpsc::Sender<Event>,
    hush: Hush,
}

/// Waits until nothing more comes to be shown, so that a question stands below all that was.
#[derive(Debug, Clone)]
pub(super) struct Hush(mpsc::Sender<oneshot::Sender<()>>);

impl Hush {
    /// Whoever calls it is what the run waits for.
    pub(super) async fn quiet(&self) {
        let (tell, told) = oneshot::channel();
        if self.0.send(tell).is_ok() {
            let _ = told.await;
        }
    }
}

/// What a run has told of itself.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// How it ended.
    pub(super) ended: Option<Event>,
    /// Every step that failed on a host.
    pub(super) failed: Vec<Event>,
}

/// Shows what happens, and writes it down.
struct Both {
    renderer: Box<dyn Renderer + Send>,
    log: Option<Log>,
}

impl Both {
    fn event(&mut self, event: &Stamped) {
        self.renderer.event(event);
        if let Some(log) = &mut self.log {
            log.write(event);
        }
    }

    /// The last event, behind what became of the log.
    fn end(&mut self, event: Event) {
        if let Some(message) = self.log.as_mut().and_then(Log::trouble) {
            self.event(&Stamped { at: Utc::now(), event: Event::Warning { host: None, message } });
        }
        self.event(&Stamped { at: Utc::now(), event });
    }
}

/// Starts showing what is heard.
pub(super) fn start(heard: Heard, common: &Common, show: Show, log: Option<Log>) -> Showing {
    let renderer = renderer(common, show, log.as_ref());
    let mut both = Both { renderer, log };
    let ((tell, told), (more, last), (hush, hushed)) = (oneshot::channel(), mpsc::channel(), mpsc::channel());
    let thread = std::thread::spawn(move || {
        let mut all = Told::default();
        while all.ended.is_none() {
            match heard.within(BEAT) {
                Ok(Stamped { event, .. }) if matches!(event, Event::RunEnded { .. }) => all.ended = Some(event),
                Ok(event) => {
                    both.event(&event);
                    all.failed.extend(Some(event.event).filter(|event| matches!(event, Event::HostFailed { .. })));
                }
                Err(RecvTimeoutError::Timeout) => {
                    both.renderer.tick(Utc::now());
                    for told in hushed.try_iter() {
                        let _: Result<(), ()> = oneshot::Sender::send(told, ());
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let ended = all.ended.clone();
        let _ = tell.send(all);
        loop {
            match last.recv_timeout(BEAT) {
                Ok(event) => both.event(&Stamped { at: Utc::now(), event }),
                Err(RecvTimeoutError::Timeout) => both.renderer.tick(Utc::now()),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Some(event) = ended {
            both.end(event);
        }
    });
    Showing { thread, told, more, hush: Hush(hush) }
}

impl Showing {
    /// Waits until the run has told all of itself.
    pub(super) async fn told(&mut self) -> Told {
        (&mut self.told).await.unwrap_or_default()
    }

    /// Adds what a person should know before the end is shown.
    pub(super) fn note(&self, message: String) {
        let _ = self.more.send(Event::Warning { host: None, message });
    }

    /// For whoever has to ask something meanwhile.
    pub(super) fn hush(&self) -> Hush {
        self.hush.clone()
    }

    /// Waits until everything has been shown.
    pub(super) async fn finish(self) {
        drop(self.more);
        let _ = tokio::task::spawn_blocking(|| self.thread.join()).await;
    }
}

fn renderer(common: &Common, show: Show, log: Option<&Log>) -> Box<dyn Renderer + Send> {
    if common.json {
        return Box::new(Json::new(stdout()));
    }
    let log = log.map(|log| log.path.display().to_string());
    let colour = anstream::AutoStream::choice(&stderr()) != anstream::ColorChoice::Never;
    match show {
        Show::Lines => return Box::new(Lines::new(stdout(), stderr())),
        Show::Bare => return Box::new(Lines::new(stdout(), stderr()).bare()),
        Show::Steps => {}
    }
    match terminal_size::terminal_size_of(stderr()) {
        Some((terminal_size::Width(width), terminal_size::Height(height)))
            if stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb") =>
        {
            let screen = Screen { width: width.into(), height: height.into(), colour };
            Box::new(Terminal::new(stderr(), screen, common.verbose).logged(log))
        }
        _ => Box::new(Plain::new(stderr(), common.verbose).logged(log)),
    }
}

/// Shows a plan and nothing else.
pub(super) fn dry_run(plan: &Plan, common: &Common) -> u8 {
    if common.json {
        let steps = plan.step_infos();
        let (task, env, release) = (plan.task.clone(), plan.env.clone(), plan.release.clone());
        say(Event::RunStarted { task, env, release, steps, dry_run: true });
        for message in &plan.notes {
            say(Event::Warning { host: None, message: message.clone() });
        }
        let (ending, exit_code, hosts, unread) = (Ending::NothingChanged, 0, BTreeMap::new(), Vec::new());
        let (behind, reason, next) = (plan.behind.clone(), None, Vec::new());
        say(Event::RunEnded { ending, exit_code, hosts, unread, behind, reason, next });
        return 0;
    }
    let release = plan.release.as_ref().map(|release| format!(", release {release}")).unwrap_or_default();
    out::line(format!("{} {}{release}: this would be done", plan.task, plan.env));
    let mut table = Table::new(vec!["phase", "step", "hosts"]);
    for step in &plan.steps {
        let hosts: Vec<&str> = step.left().map(crate::fleet::HostName::as_str).collect();
        let hosts = match hosts.is_empty() {
            true if step.hosts.is_empty() => "nobody has its role".to_owned(),
            true => "done already".to_owned(),
            false => hosts.join(" "),
        };
        let hosts = match step.operation.gives() {
            Some(gives) if step.builds() => format!("{hosts} from {}", gives.host()),
            _ => hosts,
        };
        let hosts = match plan.at_once(step) {
            Some(few) if step.left().nth(1).is_some() => format!("{hosts} ({few} at a time)"),
            _ => hosts,
        };
        table = table.row(vec![step.phase.word().to_owned(), step.name(), hosts]);
    }
    out::text_only(table.render(false));
    let commands = plan.steps.iter().filter_map(|step| Some((step.name(), step.operation.command()?.to_owned())));
    for (name, command) in commands.filter(|_| common.verbose) {
        for line in command.trim().lines() {
            out::line(format!("{name}: {line}"));
        }
    }
    for line in &plan.batch_lines {
        out::line(line);
    }
    for note in &plan.notes {
        out::line(format!("note: {note}"));
    }
    if let Some(question) = &plan.question {
        out::line(format!("asks: {question}"));
    }
    for step in plan.steps.iter().filter(|step| step.operation.asks()) {
        out::line(format!("asks, if {} fails: put all hosts back?", step.name()));
    }
    0
}

/// Tells whoever reads JSON that a task was refused.
pub(super) fn refused(task: &str, env: &Scope, seen: Option<&Survey>, complaint: &Complaint) {
    say(Event::RunStarted {
        task: task.to_owned(),
        env: env.clone(),
        release: None,
        steps: Vec::new(),
        dry_run: false,
    });
    let seen = seen.cloned().unwrap_or_default();
    say(Event::RunEnded {
        ending: match complaint.code {
            130 => Ending::Interrupted,
            75 => Ending::Paused,
            _ => Ending::NothingChanged,
        },
        exit_code: complaint.code,
        hosts: seen.hosts.iter().map(|(host, seen)| (host.clone(), seen.live().cloned())).collect(),
        unread: seen.silent.iter().map(|(host, _)| host.clone()).collect(),
        behind: Vec::new(),
        reason: Some(complaint.message().to_owned()),
        next: complaint.next_commands().to_vec(),
    });
}

fn say(event: Event) {
    Json::new(stdout()).event(&Stamped { at: Utc::now(), event });
}
