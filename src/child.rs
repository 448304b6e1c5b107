//! Commands of this machine, each in a group of its own with all that it starts: none of them outlives relm.

use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, test_kill_process_group, waitpgid};

/// For what is told to end, before it is killed.
const ENDING: Duration = Duration::from_secs(2);

/// For what is killed, to be gone.
const KILLING: Duration = Duration::from_millis(200);

/// Those that run.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// The group of a command that runs. Dropped before the command has ended, it is ended with all in it.
#[derive(Debug)]
pub struct Group(Option<Pid>);

impl Group {
    /// The group that the process of this number leads, if it still has one; whoever has started it has said so.
    pub fn led_by(process: impl Into<Option<u32>>) -> Self {
        let leader = process.into().and_then(|process| Pid::from_raw(i32::try_from(process).ok()?));
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).extend(leader);
        Self(leader)
    }

    /// The command has come to its end; what it has left in the background is not relm's.
    pub fn has_ended(mut self) {
        self.0.take().into_iter().for_each(forget);
    }

    /// Kills all in it.
    pub fn kill(self) {
        if let Some(leader) = self.0 {
            let _ = kill_process_group(leader, Signal::KILL);
        }
        self.has_ended();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0.take() {
            forget(leader);
            end(&[leader]);
        }
    }
}

fn forget(leader: Pid) {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| *known != leader);
}

/// Ends all that still runs, because relm does.
pub fn end_all() {
    let running = std::mem::take(&mut *RUNNING.lock().unwrap_or_else(PoisonError::into_inner));
    end(&running);
}

fn end(groups: &[Pid]) {
    send(groups, Signal::TERM);
    if !are_gone_within(groups, ENDING) {
        send(groups, Signal::KILL);
        // Not for long: what is dead and waited for by nobody still passes for a member of its group.
        are_gone_within(groups, KILLING);
    }
}

fn send(groups: &[Pid], signal: Signal) {
    for group in groups {
        let _ = kill_process_group(*group, signal);
    }
}

fn are_gone_within(groups: &[Pid], limit: Duration) -> bool {
    let latest = Instant::now() + limit;
    let lives = |group: &Pid| {
        // A leader that has ended and is not waited for would pass for one that lives.
        let _ = waitpgid(*group, WaitOptions::NOHANG);
        test_kill_process_group(*group).is_ok()
    };
    while groups.iter().any(lives) {
        if Instant::now() > latest {
            return false;
        }
        sleep(Duration::from_millis(20));
    }
    true
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn start(script: &str) -> Child {
        let mut sh = Command::new("sh");
        sh.args(["-c", script]).process_group(0).stdout(Stdio::piped()).spawn().expect("a shell")
    }

    fn lives(process: u32) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
    }

    fn line(child: &mut Child) -> u32 {
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("a line");
        line.trim().parse().expect("a process")
    }

    #[test]
    fn a_group_that_is_let_go_of_ends_with_all_in_it_however_stubborn() {
        for script in ["sleep 600 & echo $!; wait", "trap '' TERM; sleep 600 & echo $!; wait; sleep 600"] {
            let mut child = start(script);
            let group = Group::led_by(child.id());
            let below = line(&mut child);
            assert!(lives(below));
            drop(group);
            assert!(!lives(below) && !lives(child.id()), "{script}");
        }
    }

    #[test]
    fn what_a_command_has_left_behind_is_left() {
        let mut child = start("sleep 600 & echo $!");
        let group = Group::led_by(child.id());
        let below = line(&mut child);
        child.wait().expect("an end");
        let leader = group.0.expect("a group");
        assert!(RUNNING.lock().expect("a list").contains(&leader));
        group.has_ended();
        // Other tests run what stands there too: it is not for this one to end all.
        assert!(!RUNNING.lock().expect("a list").contains(&leader) && lives(below));
        kill_process_group(leader, Signal::KILL).expect("a group");
    }
}
