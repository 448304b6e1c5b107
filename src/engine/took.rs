//! Asks hosts how long the steps of a release took on them: `steps.sh` writes it down beside the release's journal.

use futures_util::future::join_all;

use super::Machine;
use super::manifest::PATIENCE;
use crate::fleet::HostName;
use crate::release::ReleaseName;
use crate::script::Script;

const TOOK: &str = r#"[ ! -e "$record/took" ] || cat -- "$record/took""#;

/// Seconds by step, in the order in which they ended; or why a host does not tell.
pub type Took = Result<Vec<(String, f64)>, String>;

/// What each machine has written down of `release`, of each step when it ran last. Nothing where nothing is written down.
pub async fn took(machines: &[Machine], release: &ReleaseName) -> Vec<(HostName, Took)> {
    let asked = machines.iter().map(|machine| async move {
        let script = Script::new(TOOK).set("record", machine.layout.record(release));
        let told = match machine.transport.capture(&script, Some(PATIENCE)).await {
            Ok(exit) if exit.status.success() => Ok(read(&exit.stdout)),
            Ok(exit) => Err(exit.stderr.trim().to_owned()),
            Err(error) => Err(error.to_string()),
        };
        (machine.host.name.clone(), told)
    });
    join_all(asked).await
}

/// A line that is torn tells nothing, nor does one of a step over which the host was started anew.
fn read(text: &str) -> Vec<(String, f64)> {
    let mut all: Vec<(String, f64)> = Vec::new();
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        let mut second = || words.next()?.parse::<f64>().ok().filter(|second| second.is_finite());
        let Some((since, until)) = second().zip(second()) else { continue };
        let Some(step) = words.next().filter(|_| until >= since) else { continue };
        all.retain(|(other, _)| other != step);
        all.push((step.to_owned(), until - since));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_time_counts_and_a_torn_line_does_not() {
        let text = "1.00 3.50 migrate\n4.00 4.25 operation with spaces\n5.00 6.00 migrate\n9.00 1.00 restart\n7.00 8.0";
        assert_eq!(read(text), [("operation with spaces".to_owned(), 0.25), ("migrate".to_owned(), 1.0)]);
        assert_eq!(read("7.0 NaN x\n\n12.50 13.00 \u{1b}\nx"), [("\u{1b}".to_owned(), 0.5)]);
    }
}
