//! `relm manage`: the command of `[manage]`, with the words that are typed.

use crate::site::Site;

/// A `manage.py` that says where it is and with what words, one a line.
const MANAGE: &str = "#!/bin/sh\nif [ \"$1\" = fail ]; then echo broken >&2; exit 3; fi\n\
    echo \"$RELM_HOST ${PWD##*/} ${TOKEN-}\"\nfor word in \"$@\"; do printf '<%s>\\n' \"$word\"; done\n";

fn site(more: &str) -> Site {
    let site = Site::new("web1=web db1=db,app db2=app", &format!("[manage]\nrun = \"sh ./manage.py\"\n{more}"));
    site.write("code/manage.py", MANAGE);
    site
}

#[test]
fn it_runs_on_the_first_host_of_its_roles_in_the_live_release() {
    let site = site("roles = [\"app\"]\n");
    site.relm("manage test check").ends(3).says(&["nothing is live"]);
    let live = site.deploy();
    // As it would be written to a file: no host's name in front.
    assert_eq!(site.relm("manage test check").ends(0).stdout, format!("db1 {live} \n<check>\n"));
    assert_eq!(site.relm("manage check").ends(0).stdout, format!("db1 {live} \n<check>\n"));
    assert_eq!(site.relm("manage test --roles web check").ends(0).stdout, format!("web1 {live} \n<check>\n"));
    let on_two = site.relm("manage test --hosts web1,db2 check").ends(0).stdout;
    assert!(on_two.contains(&format!("web1 | web1 {live}")) && on_two.contains("db2  | db2"), "{on_two}");
    site.write("code/app.txt", "two\n");
    let old = live;
    assert_ne!(site.deploy(), old);
    assert!(site.relm(&format!("manage test --release {old} check")).ends(0).stdout.contains(&old));
}

#[test]
fn words_arrive_exactly_and_options_behind_the_environment_are_the_commands() {
    let site = site("");
    let live = site.deploy();
    let odd = ["shell", "-c", "print('a  b')", "--json", "-v", "$HOME", "`id`", "*", "", "--", "it's;"];
    let done = site.relm_with(["manage", "test"].into_iter().chain(odd)).ends(0);
    let words: String = odd.iter().map(|word| format!("<{word}>\n")).collect();
    assert_eq!(done.stdout, format!("web1 {live} \n{words}"));
}

#[test]
fn a_long_line_comes_out_whole() {
    let site = site("");
    let long = "if [ \"$1\" = long ]; then head -c 300000 /dev/zero | tr '\\0' x; echo; echo next; exit; fi\n";
    site.write("code/manage.py", MANAGE.replacen('\n', &format!("\n{long}"), 1));
    site.deploy();
    let line = "x".repeat(300_000);
    assert!(site.relm("manage test long").ends(0).stdout == format!("{line}\nnext\n"));
    let events = site.relm("manage --json test long").ends(0).json();
    let said: Vec<_> = events.iter().filter(|event| event["event"] == "output").collect();
    let cut = |event: &&&serde_json::Value| event["cut"] == true;
    assert_eq!(said.iter().map(|event| event["line"].as_str().expect("text")).collect::<String>(), line + "next");
    assert_eq!(said.iter().filter(cut).count(), said.len() - 2, "the end of the line, and the next");
    assert!(said.len() > 4);
}

#[test]
fn what_it_exited_with_is_told_and_relm_exits_with_1() {
    let site = site("");
    site.deploy();
    let done = site.relm("manage test fail").ends(1).says(&["broken", "exited 3"]);
    assert_eq!(done.stdout, "");
    let ending = site.relm("manage --json test fail").ends(1).ending();
    assert_eq!(ending["ending"], "nothing_changed");
}

#[test]
fn it_gets_its_secrets_and_nothing_shows_them() {
    let site = site("secrets = [\"TOKEN\"]\n[secrets]\nTOKEN = { file = \"token\" }\n");
    site.write("token", "wonderful-8841\n");
    let live = site.deploy();
    assert_eq!(site.relm("manage test check").ends(0).stdout, format!("web1 {live} [TOKEN]\n<check>\n"));
    std::fs::remove_file(site.path("token")).expect("a file");
    site.relm("manage test check").ends(2).says(&["TOKEN"]);
}

#[test]
fn a_check_tells_where_it_cannot_run_as_whom_it_should() {
    let site = site("become = \"app\"\n");
    site.shadow("sudo", "echo 'nobody is called app' >&2; exit 1");
    let check = site.relm("check").ends(3).stdout;
    assert!(check.contains("manage: ") && check.contains("nobody is called app"), "{check}");
    // A deploy has nothing to do with it.
    site.deploy();
}

#[test]
fn environments_are_never_guessed_and_one_without_the_table_says_so() {
    let site = site("");
    site.relm("manage tset flush").ends(2).says(&["there is no environment \"tset\"; did you mean test?"]);
    site.relm("manage").ends(2);
    site.relm("manage migrate -v 2").ends(2).says(&[
        "-v behind \"migrate\"",
        "name the environment",
        "relm manage test",
    ]);
    site.configure("");
    site.deploy();
    site.relm("manage test check").ends(3).says(&["test has no [manage]", "run = "]);
}

#[test]
fn the_command_alone_is_enough() {
    let site = Site::new("web1=web db1=db", "");
    let text = format!("manage = \"sh ./manage.py\"\n{}", site.read("Releases.toml"));
    site.write("code/manage.py", MANAGE);
    site.write("Releases.toml", &text);
    let live = site.deploy();
    assert_eq!(site.relm("manage test check").ends(0).stdout, format!("web1 {live} \n<check>\n"));
    // An environment lays its say over it, as over a table.
    site.write(
        "Releases.toml",
        text.replace("[env.test.hosts]", "[env.test.manage]\nroles = [\"db\"]\n[env.test.hosts]"),
    );
    assert_eq!(site.relm("manage test check").ends(0).stdout, format!("db1 {live} \n<check>\n"));
    let whole = site.relm("config").ends(0).stdout;
    assert!(whole.contains("run = \"sh ./manage.py\""), "{whole}");
}
