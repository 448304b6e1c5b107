//! Where the time of a run went.

use super::board::Board;
use super::{Line, text};

/// Steps that are shown.
const SHOWN: usize = 10;

/// What took less is not worth a line.
const WORTH: f64 = 0.05;

/// Hosts of a step that are named, the slowest ones.
const NAMED: usize = 4;

/// The slowest steps first, and of each the slowest hosts.
pub(super) fn lines(board: &Board) -> Vec<Line> {
    let mut steps: Vec<(&str, Vec<(f64, &str)>)> = Vec::new();
    for (step, host, seconds) in board.times.iter().filter(|(_, _, seconds)| *seconds >= WORTH) {
        match steps.iter_mut().find(|(known, _)| known == step) {
            Some((_, hosts)) => hosts.push((*seconds, host.as_str())),
            None => steps.push((step, vec![(*seconds, host.as_str())])),
        }
    }
    for (_, hosts) in &mut steps {
        hosts.sort_by(|a, b| b.0.total_cmp(&a.0));
    }
    steps.sort_by(|a, b| b.1[0].0.total_cmp(&a.1[0].0));
    let width = steps.iter().take(SHOWN).map(|(step, _)| step.len()).max().unwrap_or(0).min(28);
    let line = |(step, hosts): &(&str, Vec<(f64, &str)>)| {
        let named = hosts.iter().take(NAMED).map(|(seconds, host)| format!("{host} {}", text::duration(*seconds)));
        let more = hosts.len().saturating_sub(NAMED);
        let more = (more > 0).then(|| format!("{more} more"));
        let hosts = named.chain(more).collect::<Vec<_>>().join(", ");
        Line::from(*step).pad(width + 3).text(hosts)
    };
    steps.iter().take(SHOWN).map(line).collect()
}
