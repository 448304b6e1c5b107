//! Failures that other deploy tools had in earnest, each with the name of what went wrong there and where that is told.
//!
//! Three tools are meant: the Fabric deploy of `CommCareHQ` (`dimagi/commcare-hq-deploy`, later in `dimagi/commcare-cloud`),
//! the salt-ssh deploys of the Open Contracting Partnership (`open-contracting/deploy`), and the release script of
//! `DuckDuckGo`'s community platform (`duckduckgo/community-platform`, `script/ddgc_release.sh`).

mod apart;
mod cleaning;
mod going_back;
mod hosts;
mod interrupted;
mod resuming;
mod switching;

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::site::{Done, Site};

/// Runs a command line on a terminal, where somebody types `keys`. Everything said is in `stdout`.
fn at_a_terminal(site: &Site, line: &str, keys: &str) -> Done {
    let relm = site.command(line.split_whitespace());
    let typed = format!("{} {line}", relm.get_program().display());
    // `script` has a terminal for it.
    let mut terminal = Command::new("script");
    terminal.args(["-qefc", &typed, "/dev/null"]).current_dir(site.path("")).env_clear();
    terminal.envs(relm.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TERM", "dumb");
    let mut terminal = terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script");
    let mut keyboard = terminal.stdin.take().expect("its input");
    // The terminal keeps what is typed until it is read.
    keyboard.write_all(keys.as_bytes()).expect("keys");
    let output = terminal.wait_with_output().expect("an end");
    drop(keyboard);
    Done::from(output)
}

/// *Declined, and taken for a success.* `exit` without a number after "Continue deployment [y/N]?" let `dzil release` go
/// on to its tag (community-platform fbef6231); `exit()` and an index that was not ready ended with 0 (commcare-hq-deploy
/// `fab/fabfile.py`); salt-ssh hung at a question nobody could see (open-contracting/deploy 98f45188).
#[test]
fn declining_a_question_or_a_busy_check_is_no_success_and_nobody_is_waited_for() {
    let settings = "[[busy]]\nname = \"backup\"\nkind = \"command\"\nrun = '''[ ! -e \"$SITE/busy\" ]'''\n";
    let question = "[[guards.ask]]\nname = \"texts\"\nquestion = \"Are the texts in?\"\n";
    let site = Site::new("web1", &(settings.to_owned() + question));
    site.relm("deploy").ends(3).says(&["Are the texts in?"]);
    assert!(at_a_terminal(&site, "deploy", "n\n").ends(3).stdout.contains("declined; nothing was changed"));
    at_a_terminal(&site, "deploy", "y\n").ends(0);
    let first = site.live();
    site.write("busy", "");
    site.relm("deploy --yes").ends(3).says(&["backup is busy on web1"]);
    let said = at_a_terminal(&site, "deploy", "y\n\n").ends(3).stdout;
    assert!(said.contains("Who agreed to go on, and why?") && said.contains("declined"), "{said}");
    assert_eq!((site.live(), site.host("web1").releases().len()), (first, 1));
    at_a_terminal(&site, "deploy", "y\nAnn: it is a dry one\n").ends(0);
    let history = site.relm("history --json").ends(0).report();
    let consents = history["entries"][0]["consents"].as_array().expect("a list").iter();
    let words: Vec<&str> = consents.filter_map(|consent| consent["words"].as_str()).collect();
    assert_eq!(words, ["answered with yes", "Ann: it is a dry one"]);
}
