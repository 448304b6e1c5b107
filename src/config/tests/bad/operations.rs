//! Mistakes of hosts and of operations.

use super::super::{LEAST, read};
use super::one;

#[test]
fn mistakes_of_hosts() {
    let cases = [
        ("web1 = { address = \"other\" }", "`web1` stands here for the second time"),
        ("w = { roles = [\"web\"] }", "host \"w\" has no `address`"),
        ("w = \"deploy@w\"", "`w` must be a table"),
        ("w = { address = \"w\", rolse = [] }", "unknown key \"rolse\" in [env.live.hosts.w]"),
        ("\"w/1\" = { address = \"w\" }", "host name \"w/1\""),
        ("\"w'1\" = { address = \"w\" }", "host name \"w'1\""),
        ("\"$(w)\" = { address = \"w\" }", "host name \"$(w)\""),
        ("\"w\\n1\" = { address = \"w\" }", "host name \"w\\n1\""),
        ("w = { address = \"\" }", "address \"\" has no usable host name"),
        ("w = { address = \"-oProxyCommand=x\" }", "no usable host name"),
        ("w = { address = \"w:99999\" }", "has a port that is no number"),
        ("w = { address = \"local:\" }", "names no directory"),
        ("w = { address = \"local:/\" }", "the whole of this machine"),
        ("w = { address = \"local:a\\nb\" }", "control character"),
        ("w = { address = \"local:x\", user = \"ada\" }", "has no user"),
        ("w = { address = \"local:x\", port = 22 }", "has no port"),
        ("w = { address = \"a@w\", user = \"b\" }", "the user stands in `address` already"),
        ("w = { address = \"w:22\", port = 22 }", "the port stands in `address` already"),
        ("w = { address = \"w\", port = 0 }", "0 is no port"),
        ("w = { address = \"w\", user = \"-l\" }", "user \"-l\" is none"),
        ("w = { address = \"w\", user = \"\" }", "user \"\" is none"),
        ("w = { address = \"WEB1:22\" }", "hosts \"web1\" and \"w\" are the same machine"),
        ("w = { address = \"eve@web1\" }", "are the same machine"),
        ("w = { address = \"w\", roles = [\"we b\"] }", "role \"we b\""),
        ("w = { address = \"w\", roles = \"web\" }", "`roles` must be an array"),
    ];
    for (host, message) in cases {
        one(&format!("{LEAST}{host}\n"), message, 5);
    }
    one(&format!("{LEAST}a = {{ address = \"local:x/./y\" }}\nb = {{ address = \"local:x/y/\" }}"), "same machine", 6);
}

#[test]
fn mistakes_of_operations() {
    let cases = [
        ("name = \"a\"\nphase = \"prepare\"", "operation \"a\" has neither `run` nor `wait`", 6),
        ("name = \"a\"\nrun = \"x\"", "[[operations]] has no `phase`", 5),
        ("phase = \"prepare\"\nrun = \"x\"", "[[operations]] has no `name`", 5),
        ("name = \"a\"\nphase = \"prepair\"\nrun = \"x\"", "`phase` cannot be \"prepair\"", 7),
        ("name = \"a\"\nphase = \"flip\"\nrun = \"x\"", "`phase` cannot be \"flip\"", 7),
        ("name = \"\"\nphase = \"prepare\"\nrun = \"x\"", "operation name \"\" is empty", 6),
        ("name = \"a/b\"\nphase = \"prepare\"\nrun = \"x\"", "operation name \"a/b\"", 6),
        ("name = \"a\\tb\"\nphase = \"prepare\"\nrun = \"x\"", "operation name \"a\\tb\"", 6),
        ("name = \"record\"\nphase = \"prepare\"\nrun = \"x\"", "a step of relm's own", 6),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"\"", "`run` is empty", 8),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"a\\u0000b\"", "a NUL character", 8),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\nundo = true", "`undo = true` has no meaning", 9),
        ("name = \"a\"\nphase = \"check\"\nrun = \"x\"\nundo = \"y\"", "`undo` has no meaning", 9),
        ("name = \"a\"\nphase = \"finish\"\nrun = \"x\"\nundo = \"y\"", "`undo` has no meaning", 9),
        ("name = \"a\"\nphase = \"after_flip\"\nrun = \"x\"\nundo = \"\"", "`undo` is empty", 9),
        ("name = \"a\"\nphase = \"after_flip\"\nrun = \"x\"\nundo = 1", "`undo` must be true or false or a text", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\ntimeout = \"10\"", "is no limit of time", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\ntimeout = \"0s\"", "is no limit of time", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\ntimeout = 10", "`timeout` must be a text", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\nonce = \"yes\"", "`once` must be true or false", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\nroles = [\"db\"]", "no host has the role \"db\"", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\nroles = [\"w;b\"]", "role \"w;b\"", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\nmax_parallel = 0", "`max_parallel` cannot be 0", 9),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\nserial = true\nmax_parallel = 2", "beside `serial`", 10),
        ("name = \"a\"\nphase = \"prepare\"\nrun = \"x\"\nenvironment = { \"A B\" = \"x\" }", "name of a variable", 9),
        ("name = \"a\"\nphase = \"prepare\"\nruns = \"x\"", "unknown key \"runs\"", 8),
    ];
    for (operation, message, line) in cases {
        one(&format!("{LEAST}[[operations]]\n{operation}\n"), message, line);
    }
    let other = "[env.other.hosts]\ndb1 = { address = \"db1\", roles = [\"db\"] }\n";
    let required = "name = \"a\"\nphase = \"prepare\"\nrequired = true\nroles = [\"db\"]\nrun = \"x\"\n";
    one(&format!("{LEAST}[[operations]]\n{required}{other}"), "\"a\" is required, and no host of live has its role", 9);
    let twice = "[[operations]]\nname = \"a\"\nphase = \"prepare\"\nrun = \"x\"\n".repeat(2);
    one(&format!("{LEAST}{twice}"), "there are two operations \"a\"", 10);
}

#[test]
fn mistakes_of_waits() {
    let cases = [
        ("prepare", "wait = { max = \"5m\" }", "a wait has a `check` or a `job`, and not both", 8),
        ("prepare", "wait = { job = \"b\", max = \"5m\" }", "no operation above this one is a job \"b\"", 8),
        ("prepare", "wait = { check = \"x\" }", "has no `max`", 8),
        ("prepare", "wait = { check = \"\", max = \"5m\" }", "`check` is empty", 8),
        ("prepare", "wait = \"x\"", "`wait` must be a table", 8),
        ("prepare", "wait = { check = \"x\", max = \"5m\", evry = \"1s\" }", "unknown key \"evry\"", 8),
        ("prepare", "wait = { check = \"x\", max = \"5\" }", "is no limit of time", 8),
        ("prepare", "wait = { check = \"x\", max = \"5m\", every = \"0s\" }", "is no limit of time", 8),
        ("prepare", "wait = { check = \"x\", max = \"5m\", every = \"6m\" }", "`every` is longer than `max`", 8),
        ("prepare", "wait = { check = \"x\", max = \"5m\", factor = 0 }", "`factor` cannot be 0", 8),
        ("prepare", "wait = { check = \"x\", max = \"5m\", factor = 1.5 }", "`factor` must be a whole number", 8),
        ("prepare", "wait = { check = \"x\", max = \"5m\", on_timeout = \"stop\" }", "`on_timeout` cannot be", 8),
        ("prepare", "run = \"x\"\nwait = { check = \"x\", max = \"5m\" }", "`wait` stands beside `run`", 9),
        ("prepare", "timeout = \"1m\"\nwait = { check = \"x\", max = \"5m\" }", "`timeout` has no meaning", 8),
        ("prepare", "undo = \"y\"\nwait = { check = \"x\", max = \"5m\" }", "`undo` has no meaning beside", 8),
        ("check", "wait = { check = \"x\", max = \"5m\" }", "cannot wait in this phase", 8),
        ("before_flip", "wait = { check = \"x\", max = \"5m\" }", "cannot wait in this phase", 8),
        ("after_flip", "wait = { check = \"x\", max = \"5m\" }", "cannot wait in this phase", 8),
        ("finish", "wait = { check = \"x\", max = \"5m\", on_timeout = \"fail\" }", "cannot wait in this phase", 8),
    ];
    for (phase, rest, message, line) in cases {
        one(&format!("{LEAST}[[operations]]\nname = \"a\"\nphase = \"{phase}\"\n{rest}\n"), message, line);
    }
    let all = "[[operations]]\nname = \"a\"\nphase = \"check\"\ntimeout = \"1m\"\n\
               wait = { check = \"\", max = \"5\", every = \"x\", factor = -1 }\n";
    assert_eq!(read(&format!("{LEAST}{all}")).expect_err("all wrong").list.len(), 6);
    let good = "[[operations]]\nname = \"a\"\nphase = \"after_flip\"\n\
                wait = { check = \"x\", max = \"1h30m\", on_timeout = \"fail\" }\n";
    assert!(read(&format!("{LEAST}{good}")).is_ok());
}

#[test]
fn mistakes_of_jobs() {
    let cases = [
        ("finish", "job = true", "cannot be a job in this phase", 9),
        ("prepare", "job = true\nretry = { times = 2 }", "`retry` has no meaning beside `job`", 10),
        ("prepare", "job = true\ntimeout = \"5m\"", "`timeout` has no meaning beside `job`", 10),
        ("prepare", "job = true\nmigrate = {}", "`migrate` has no meaning beside `job`", 10),
        ("prepare", "job = \"x\"", "`job` must be true or false", 9),
        ("prepare", "log_max = \"1MiB\"", "`log_max` has no meaning without `job = true`", 9),
        ("prepare", "job = true\nlog_max = 5", "`log_max` must be a text", 10),
        ("prepare", "job = true\nlog_max = \"\"", "\"\" is no size of a log", 10),
        ("prepare", "job = true\nlog_max = \"5\"", "\"5\" is no size of a log", 10),
        ("prepare", "job = true\nlog_max = \"5MB\"", "\"5MB\" is no size of a log", 10),
        ("prepare", "job = true\nlog_max = \"1KiB\"", "\"1KiB\" is no size of a log", 10),
        ("prepare", "job = true\nlog_max = \"99999999999999999999GiB\"", "is no size of a log", 10),
    ];
    for (phase, rest, message, line) in cases {
        let text = format!("{LEAST}[[operations]]\nname = \"a\"\nphase = \"{phase}\"\nrun = \"x\"\n{rest}\n");
        one(&text, message, line);
    }
    let job = "[[operations]]\nname = \"a\"\nphase = \"prepare\"\nrun = \"x\"\njob = true\nroles = [\"web\"]\n";
    let wait = |more: &str, of: &str| {
        format!("[[operations]]\nname = \"b\"\nphase = \"prepare\"\n{more}wait = {{ job = \"{of}\", max = \"5m\" }}\n")
    };
    one(
        &format!("{LEAST}{job}{}", wait("roles = [\"web\"]\n", "a")),
        "`roles` has no meaning beside a wait for a job",
        14,
    );
    one(&format!("{LEAST}{job}{}", wait("", "aa")), "no operation above this one is a job \"aa\"", 14);
    one(&format!("{LEAST}{}{job}", wait("", "a")), "no operation above this one is a job \"a\"", 8);
    let config = read(&format!("{LEAST}{job}{}", wait("", "a"))).expect("a job and its wait");
    let operations = &config.envs[0].operations;
    assert_eq!((&operations[1].targets, &operations[1].awaits), (&operations[0].targets, &Some("a".to_owned())));
}

#[test]
fn mistakes_of_conditions_and_directories() {
    let cases = [
        ("run = \"x\"\nunless = \"\"", "`unless` is empty", 9),
        ("run = \"x\"\nunless = true", "`unless` must be a text", 9),
        ("run = \"x\"\nchanged_if = \"[\"", "`changed_if` has a [ without a ]", 9),
        ("run = \"x\"\nchanged_if = \"\\\\d+ files\"", "`changed_if` has \\d", 9),
        ("run = \"x\"\nunless = \"y\"\njob = true", "`unless` has no meaning beside `job`", 9),
        ("run = \"x\"\nunless = \"y\"\ninputs = [\"a\"]", "`unless` has no meaning beside `inputs`", 9),
        ("run = \"x\"\nunless = \"y\"\nmigrate = {}", "`unless` has no meaning beside `migrate`", 9),
        ("run = \"x\"\nchanged_if = \"y\"\nmigrate = {}", "`changed_if` has no meaning beside `migrate`", 9),
        ("unless = \"y\"\nwait = { check = \"x\", max = \"5m\" }", "`unless` has no meaning beside `wait`", 8),
        ("run = \"x\"\ncwd = \"\"", "`cwd` is empty", 9),
        ("run = \"x\"\ncwd = \"a/../../b\"", "has `..` in it", 9),
        ("run = \"x\"\ncwd = \"{{ release_path }}/../b\"", "has `..` in it", 9),
        ("run = \"x\"\ncwd = \"a//b\"", "has an empty part", 9),
        ("run = \"x\"\ncwd = \"~eve/b\"", "names another user's home", 9),
        ("run = \"x\"\ncwd = \"{{ relase_path }}\"", "cwd uses \"relase_path\", which has no value", 9),
    ];
    for (rest, message, line) in cases {
        one(&format!("{LEAST}[[operations]]\nname = \"a\"\nphase = \"prepare\"\n{rest}\n"), message, line);
    }
    for cwd in ["web/app", "/srv", "~/x", "~", "{{ shared_path }}/media"] {
        let text = format!("{LEAST}[[operations]]\nname = \"a\"\nphase = \"prepare\"\nrun = \"x\"\ncwd = \"{cwd}\"\n");
        assert_eq!(read(&text).expect("a directory").envs[0].operations[0].cwd.as_deref(), Some(cwd));
    }
}

#[test]
fn mistakes_of_attempts_and_of_inputs() {
    let cases = [
        ("prepare", "retry = { every = \"1s\" }", "has no `times`", 9),
        ("prepare", "retry = { times = 1 }", "`times` cannot be 1", 9),
        ("prepare", "retry = { times = 3, every = \"0s\" }", "is no limit of time", 9),
        ("prepare", "retry = { times = 3, factor = 0 }", "`factor` cannot be 0", 9),
        ("prepare", "retry = { times = 3, evry = \"1s\" }", "unknown key \"evry\"", 9),
        ("prepare", "inputs = []", "`inputs` names no file", 9),
        ("prepare", "inputs = [\"../x\"]", "has `..` in it", 9),
        ("prepare", "outputs = [\"x\"]", "`outputs` stands without `inputs`", 9),
        ("prepare", "inputs = [\"a\"]\noutputs = [\"x*\"]", "is a pattern", 10),
        ("prepare", "inputs = [\"a\"]\noutputs = [\"python_env\"]", "the release's virtualenv", 10),
        ("prepare", "inputs = [\"a\"]\noutputs = [\"b\"]\nbecome = \"root\"", "cannot stand beside `become`", 10),
        ("after_flip", "inputs = [\"a\"]", "`inputs` has no meaning in this phase", 9),
        ("check", "migrate = {}", "`migrate` has no meaning in this phase", 9),
        ("prepare", "migrate = { pending = \"\" }", "`pending` is empty", 9),
        ("prepare", "migrate = { penidng = \"x\" }", "unknown key \"penidng\"", 9),
        ("prepare", "migrate = { sql = \"/sql\" }", "is absolute", 9),
        ("prepare", "migrate = { sql = \"a\", pending = \"x\" }", "`pending` has no meaning beside `sql`", 9),
        ("prepare", "become = \"root\"\nmigrate = { sql = \"a\" }", "`become` cannot stand beside `sql`", 9),
        ("prepare", "retry = { times = 2 }\nmigrate = { sql = \"a\" }", "`retry` cannot stand beside `sql`", 9),
        ("prepare", "inputs = [\"a\"]\nmigrate = {}", "`inputs` has no meaning beside `migrate`", 9),
        ("prepare", "migrate = { stop = [] }", "`stop` needs an operation of one host", 9),
        ("after_flip", "once = true\nmigrate = { stop = [] }", "`stop` has no meaning in this phase", 10),
        ("prepare", "once = true\nmigrate = { stop = [\"w\"] }", "`stop`: there is no service \"w\"", 10),
    ];
    for (phase, rest, message, line) in cases {
        one(&format!("{LEAST}[[operations]]\nname = \"a\"\nphase = \"{phase}\"\nrun = \"x\"\n{rest}\n"), message, line);
    }
    let wait = "[[operations]]\nname = \"a\"\nphase = \"prepare\"\nwait = { check = \"x\", max = \"5m\" }\n";
    one(&format!("{LEAST}{wait}retry = {{ times = 3 }}\n"), "`retry` has no meaning beside `wait`", 9);
    one(&format!("{LEAST}{wait}inputs = [\"a\"]\n"), "`inputs` has no meaning beside `wait`", 9);
}
