//! A signal at a question ends relm, whatever is asked: nothing has been changed, and the lock is given back.

use crate::site::Site;
use crate::ssh::terminal::{CTRL_C, on_terminal, typing};

#[test]
fn a_signal_at_any_question_ends_relm_and_gives_the_lock_back() {
    let confirm = "[env.test]\nconfirm = true\n";
    let cases = [
        (confirm, "are you sure? [y/N]"),
        ("[env.test]\nconfirm = \"type:test\"\n", "Type test to go on:"),
        ("[[guards.ask]]\nname = \"texts\"\nquestion = \"Are the texts in?\"\n", "[y/N]"),
        ("[[busy]]\nname = \"spiders\"\nkind = \"command\"\nrun = \"false\"\n", "(nothing: stop)"),
    ];
    for (settings, question) in cases {
        let site = Site::new("web1", settings);
        for signal in [CTRL_C, "SIGTERM", "SIGHUP"] {
            let done = on_terminal(&site.path(""), "deploy", &[(question, signal)]).ends(130);
            let done = done.says(&["interrupted before anything was changed"]);
            assert!(!done.stderr.contains("ending what runs"), "nothing runs: {}", done.stderr);
            site.relm("lock show").ends(0).shows(&["is free"]);
        }
        assert!(site.host("web1").current().is_none());
    }
    let site = Site::new("web1", confirm);
    on_terminal(&site.path(""), "deploy", &[("are you sure?", "y")]).ends(0);
    let json = on_terminal(&site.path(""), "deploy --json", &[("are you sure?", CTRL_C)]).ends(130);
    json.says(&["\"ending\":\"interrupted\""]);
}

#[test]
fn a_signal_where_a_secret_is_asked_for_leaves_the_terminal_with_its_echo() {
    let secret = "[secrets]\nKEY = { ask = true }\n[[operations]]\nname = \"use\"\nphase = \"prepare\"\n\
                  run = 'printf %s \"$KEY\" > key'\nsecrets = [\"KEY\"]\n";
    let site = Site::new("web1", secret);
    for (signal, code) in [(CTRL_C, 130), ("p\u{e4}ss word", 0)] {
        let shell = format!("trap : INT; {} deploy; code=$?; stty -a; exit $code", env!("CARGO_BIN_EXE_relm"));
        let done = typing(&site.path(""), &shell, &[("KEY: ", signal)]).ends(code).says(&[" echo ", " icanon "]);
        assert!(!done.stderr.contains("ss word"), "{}", done.stderr);
    }
    assert_eq!(site.host("web1").read("key"), "p\u{e4}ss word");
    for signal in ["SIGTERM", "SIGHUP"] {
        let done = on_terminal(&site.path(""), "deploy", &[("KEY: ", signal)]).ends(130);
        done.says(&["interrupted before anything was changed"]);
    }
    site.relm("lock show").ends(0).shows(&["is free"]);
}
