//! `relm run`: one command in a release.

use crate::site::{Site, operation};

/// Lines of output in the order of hosts' names.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_command_runs_in_the_live_release_of_each_host() {
    let site = Site::new("web1 db1=db,app", "");
    let name = site.deploy();
    let done = site.relm("run -- cat app.txt").ends(0);
    assert_eq!(sorted(&done.stdout), ["db1  | one", "web1 | one"]);
    let done = site.relm("run test --roles app -- env").ends(0);
    for line in [
        format!("RELM_RELEASE={name}"),
        "RELM_HOST=db1".into(),
        "RELM_ROLES=app db".into(),
        "RELM_ENV=test".into(),
        "RELM_REF=dir code".into(),
    ] {
        assert!(done.stdout.lines().any(|said| said.ends_with(&format!("| {line}"))), "{line}:\n{}", done.stdout);
    }
}

#[test]
fn arguments_arrive_exactly() {
    let site = Site::new("web1", "");
    site.deploy();
    let odd = ["a  b", "it's", "\"q\"", "$HOME", "`id`", "*", "", "-n", "--", "\\n", "é☃", ";", "|", "new\nline"];
    let args = ["run", "--", "sh", "-c", r#"for a in "$@"; do printf '<%s>' "$a"; done > "$SITE/args""#, "sh"];
    site.relm_with(args.into_iter().chain(odd)).ends(0);
    assert_eq!(site.read("args"), odd.map(|arg| format!("<{arg}>")).concat());
}

#[test]
fn its_hosts_can_be_chosen() {
    let site = Site::new("web1=web web2=web db1=db", "");
    site.deploy();
    let cases = [
        ("run --roles web -- true", "web1 web2"),
        ("run --roles db,web -- true", "db1 web1 web2"),
        ("run --roles web --once -- true", "web1"),
        ("run --once -- true", "web1"),
        ("run --hosts web2,db1 -- true", "db1 web2"),
        ("run --hosts web2,db1 --once -- true", "web2"),
    ];
    for (line, hosts) in cases {
        let line = line.replace("true", "sh $SITE/say").replace("$SITE", site.path("").to_str().expect("UTF-8"));
        site.write("say", "echo here");
        let done = site.relm(&line).ends(0);
        let mut said: Vec<&str> = done.stdout.lines().map(|line| line.split(' ').next().expect("a host")).collect();
        said.sort_unstable();
        assert_eq!(said.join(" "), hosts, "{line}");
    }
    site.relm("run --hosts web9 -- true").ends(2).says(&["web9", "web1", "web2", "db1"]);
    site.relm("run --roles nobody -- true").ends(2).says(&["nobody"]);
}

#[test]
fn a_release_can_be_named() {
    let site = Site::new("web1", "");
    let old = site.deploy();
    site.write("code/app.txt", "two\n");
    site.deploy();
    let done = site.relm(&format!("run --release {old} -- cat app.txt")).ends(0);
    assert_eq!(done.stdout, "web1 | one\n");
    site.relm("run --release 2001-01-01_00.00.00 -- true").ends(3).says(&["web1"]);
    site.relm("run --release nonsense -- true").ends(2);
}

#[test]
fn a_failing_command_is_a_failure_and_says_where() {
    let site = Site::new("web1 web2 web3", "");
    site.deploy();
    let script = "echo \"words of $RELM_HOST\" >&2; [ $RELM_HOST != web2 ]";
    let done = site.relm_with(["run", "--", "sh", "-c", script]).ends(1);
    assert!(done.stderr.contains("web2") && done.stderr.contains("words of web2"), "{}", done.stderr);
    site.relm("run -- no-such-command").ends(1);
    let live = site.live();
    let done = site.relm_with(["run", "--json", "--", "sh", "-c", script]).ends(1);
    assert_eq!(done.ending()["hosts"]["web3"], live.as_str());
}

#[test]
fn it_changes_no_release_and_no_record() {
    let site = Site::new("web1", "");
    let name = site.deploy();
    let steps = site.host("web1").record_file(&name, "steps");
    let before = std::fs::read_to_string(&steps).expect("steps");
    site.relm("run -- true").ends(0);
    site.relm(&format!("run --release {name} -- true")).ends(0);
    assert_eq!(std::fs::read_to_string(&steps).expect("steps"), before);
    assert_eq!(site.host("web1").releases(), [name]);
}

#[test]
fn without_a_release_or_a_command_it_is_refused() {
    let site = Site::new("web1", "");
    site.relm("run -- true").ends(3).says(&["nothing is live"]);
    site.relm("run").ends(2);
    site.relm("run --").ends(2);
}

#[test]
fn no_line_of_a_long_output_is_lost() {
    let site = Site::new("web1", "");
    site.deploy();
    let done = site.relm_with(["run", "--", "sh", "-c", "i=0; while [ $i -lt 60000 ]; do i=$((i + 1)); echo $i; done"]);
    let done = done.ends(0);
    assert_eq!(done.stdout.lines().count(), 60_000);
    assert!(done.stdout.ends_with("web1 | 60000\n"), "{:?}", done.stdout.lines().last());
}

/// What is live has it: there is nothing to go back to.
#[test]
fn an_operation_that_fails_on_one_host_is_not_taken_back_on_the_others() {
    let more = "undo = 'echo \"$RELM_HOST undone\" >> \"$SITE/did\"'";
    let run =
        "[ $RELM_HOST != web2 ] || [ ! -e \"$SITE/breaks\" ] || exit 7; echo \"$RELM_HOST done\" >> \"$SITE/did\"";
    let site = Site::new("web1 web2", &operation("mark", "prepare", more, run));
    site.deploy();
    site.write("did", "");
    site.write("breaks", "");
    site.relm("run --operation mark").ends(1);
    assert_eq!(site.read("did"), "web1 done\n");
}

#[test]
fn one_operation_of_the_file_runs_again_where_it_belongs() {
    let secret = "[secrets]\nKEY = { env = \"KEY\" }\n";
    let run = "echo \"$RELM_HOST $KEY $(cat app.txt)\" >>\"$SITE/log\"";
    let more = "roles = [\"db\"]\nonce = true\nsecrets = [\"KEY\"]";
    let site = Site::new("web1 db1=db db2=db", &format!("{secret}{}", operation("purge", "finish", more, run)));
    let with_key = |line: &str| {
        let output = site.command(line.split_whitespace()).env("KEY", "secret").output();
        crate::site::Done::from(output.expect("a process"))
    };
    site.relm("run --operation purge").ends(2).says(&["KEY"]);
    with_key("deploy").ends(0);
    let first = site.live();
    site.write("code/app.txt", "two\n");
    with_key("deploy").ends(0);
    site.take_log();
    let done = with_key("run test --operation purge").ends(0);
    assert!(done.stderr.contains("-- purge: ") || done.stderr.contains("-- purge "), "{}", done.stderr);
    assert!(!done.stderr.contains("prepare"), "it is no phase of a deploy: {}", done.stderr);
    assert_eq!(site.take_log(), ["db1 secret two"]);
    with_key(&format!("run --operation purge --release {first}")).ends(0);
    assert_eq!(site.take_log(), ["db1 secret one"]);
    with_key("run --operation purge --roles web").ends(0);
    assert!(site.take_log().is_empty(), "no host of these has its role");
    with_key("run --operation prune").ends(3).says(&["test has no operation \"prune\": it has purge"]);
    site.relm("run --operation purge -- true").ends(2);
    site.relm("run").ends(2);
}
