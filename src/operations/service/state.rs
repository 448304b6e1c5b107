//! How a service stands on a host: asked, and read. Changes nothing.

use serde::Serialize;

use super::Service;
use crate::engine::On;
use crate::release::ReleaseName;
use crate::script::Script;

/// One of a service's programs on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProgramSeen {
    /// What it is called there.
    pub program: String,
    /// `running`, `starting`, `stopping`, `stopped`, `failed` or `unknown`.
    pub state: String,
    /// Its main process.
    pub pid: Option<u32>,
    /// The releases that its processes run from: one, if all is well.
    pub releases: Vec<ReleaseName>,
}

impl Service {
    /// The script that tells how it stands.
    pub fn asks_for_state(&self, on: &On<'_>) -> Script {
        self.script_as("relm_stand\nrelm_tell", on)
    }
}

/// Reads the answer; lines that say nothing are left out.
pub fn read_state(answer: &str) -> Vec<ProgramSeen> {
    answer.lines().filter_map(program).collect()
}

fn program(line: &str) -> Option<ProgramSeen> {
    let mut words = line.split_whitespace();
    let (program, state, pid) = (words.next()?.to_owned(), words.next()?.to_owned(), words.next()?);
    let releases = words.filter_map(|word| word.parse().ok()).collect();
    Some(ProgramSeen { program, state, pid: pid.parse().ok(), releases })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_program() {
        let seen = read_state("shop:web running 4711 2026-11-21_02.46.01 \nbeat stopped -\nnoise\n");
        assert_eq!(seen.len(), 2);
        assert_eq!((seen[0].program.as_str(), seen[0].pid, seen[0].releases.len()), ("shop:web", Some(4711), 1));
        assert_eq!((seen[1].state.as_str(), seen[1].pid, seen[1].releases.len()), ("stopped", None, 0));
    }
}
