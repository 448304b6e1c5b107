//! Mistakes in what runs on the hosts and in how it is looked after.

use super::super::{LEAST, read};
use super::one;

/// Mistakes in services, each in a table that begins in line 5.
#[test]
fn mistakes_in_services() {
    let cases = [
        ("kind = \"supervisor\"", "[[service]] has no `name`", 5),
        ("name = \"web\"", "[[service]] has no `kind`", 5),
        ("name = \"web\"\nkind = \"runit\"", "`kind` cannot be \"runit\"", 7),
        ("name = \"a b\"\nkind = \"systemd\"", "service name \"a b\"", 6),
        ("name = \"web\"\nkind = \"systemd\"\nprogram = [\"x\"]", "unknown key \"program\" in [[service]]", 8),
        ("name = \"web\"\nkind = \"systemd\"\nprograms = [\"a b\"]", "\"a b\" is no name of a program", 8),
        ("name = \"web\"\nkind = \"systemd\"\nprograms = [\"--now\"]", "\"--now\" is no name of a program", 8),
        ("name = \"web\"\nkind = \"systemd\"\nroles = [\"wbe\"]", "no host has the role \"wbe\"", 8),
        ("name = \"web\"\nkind = \"systemd\"\nsingleton = \"web9\"", "no host \"web9\"", 8),
        ("name = \"web\"\nkind = \"systemd\"\ntimeout = \"soon\"", "\"soon\" is no limit of time", 8),
        ("name = \"web\"\nkind = \"systemd\"\ninto = \"/etc\"", "`into` stands without `templates`", 8),
        ("name = \"web\"\nkind = \"systemd\"\ntemplates = [\"none.conf\"]", "cannot read /srv/shop/none.conf", 8),
        ("name = \"web\"\nkind = \"supervisor\"\nscope = \"user\"", "`scope` has no meaning for this kind", 8),
        ("name = \"web\"\nkind = \"systemd\"\nscope = \"me\"", "`scope` cannot be \"me\"", 8),
        ("name = \"web\"\nkind = \"supervisor\"\ngroups = { a = \"x y\" }", "\"x y\" is no pattern of names", 8),
        ("name = \"web\"\nkind = \"supervisor\"\ngroups = { a = [\"x\", \"[xy]*\"] }", "\"[xy]*\" is no pattern", 8),
        ("name = \"web\"\nkind = \"supervisor\"\ngroups = { a = [\"x\", 1] }", "`a` must be a text in quotes", 8),
        ("name = \"web\"\nkind = \"supervisor\"\ngroups = { a = [] }", "the group \"a\" is empty", 8),
        ("name = \"web\"\nkind = \"supervisor\"\ngroups = { \"a b\" = \"x\" }", "group \"a b\"", 8),
        ("name = \"web\"\nkind = \"supervisor\"\ngroups = { web = \"x\" }", "a name of the whole service too", 8),
        ("name = \"web\"\nkind = \"supervisor\"\nstop = \"x\"\ngroups = { a = \"x\" }", "`stop` is for all of", 9),
        ("name = \"web\"\nkind = \"systemd\"\ngroups = { a = \"x\" }", "it has one program", 8),
        (
            "name = \"web\"\nkind = \"command\"\nrestart = \"x\"\nproof = false\ngroups = { a = \"x\" }",
            "this kind knows no programs",
            10,
        ),
        ("name = \"web\"\nkind = \"command\"\npids = \"x\"", "neither `restart` nor both", 6),
        ("name = \"web\"\nkind = \"command\"\nrestart = \"x\"", "has no `pids`", 6),
        ("name = \"web\"\nkind = \"command\"\nrestart = \"x\"\nproof = false\nstrategy = \"reload\"", "no `reload`", 6),
        ("name = \"db\"\nkind = \"command\"\nstrategy = \"none\"\nstop = \"x\"", "none of `restart`, `reload`, and", 6),
        ("name = \"web\"\nkind = \"command\"\nrestart = \" \"\nproof = false", "`restart` is empty", 8),
        ("name = \"web\"\nkind = \"systemd\"\n[[service]]\nname = \"web\"\nkind = \"systemd\"", "two services", 9),
    ];
    for (text, message, line) in cases {
        one(&format!("{LEAST}[[service]]\n{text}\n"), message, line);
    }
    let elsewhere = "db1 = { address = \"db1\" }\n[[service]]\nname = \"web\"\nkind = \"systemd\"\nroles = [\"web\"]\n";
    one(&format!("{LEAST}{elsewhere}singleton = \"db1\"\n"), "\"db1\" has none of the roles of the service", 10);
}

/// Mistakes in pools, each in a table that begins in line 5 with its name and roles.
#[test]
fn mistakes_in_pools() {
    let cases = [
        ("min_healthy = 1", "neither `nginx` nor `drain` and `undrain`", 6),
        ("nginx = \"/etc/x\"", "`nginx` needs `proxies` beside it", 8),
        ("drain = \"x\"", "`drain` and `undrain` belong together", 8),
        ("nginx = \"/etc/x\"\nproxies = [\"web\"]\ndrain = \"x\"", "a command stands beside `nginx`", 10),
        ("drain = \"x\"\nundrain = \"y\"\nmin_healthy = -1", "`min_healthy` cannot be -1", 10),
        ("drain = \"x\"\nundrain = \"y\"\nserver = \"{{ hots }}\"", "server uses \"hots\"", 10),
        ("drain = \"x\"\nundrain = \"y\"\nproxies = [\"prox\"]", "no host has the role \"prox\"", 10),
    ];
    for (text, message, line) in cases {
        one(&format!("{LEAST}[[pool]]\nname = \"web\"\nroles = [\"web\"]\n{text}\n"), message, line);
    }
    one(&format!("{LEAST}[[pool]]\nname = \"web\"\ndrain = \"x\"\nundrain = \"y\"\n"), "no `roles`", 5);
}

/// Mistakes in health checks, each in a table that begins in line 5 with its name.
#[test]
fn mistakes_in_health_checks() {
    let cases = [
        ("within = \"1m\"", "none of `http`, `tcp`, `file` and `command`", 6),
        ("http = \"http://x/\"\ntcp = \"x:1\"", "`tcp` stands beside `http`", 8),
        ("http = \"localhost:80\"", "\"localhost:80\" is no address for http", 7),
        ("http = \"http://x/{{ hots }}\"", "http uses \"hots\", which has no value", 7),
        ("http = \"http://x/\"\nexpect = 99", "`expect` cannot be 99", 8),
        ("http = \"http://x/\"\ncontains = \"{% if\"", "contains: ", 8),
        ("tcp = \"x\"", "\"x\" is no host with a port", 7),
        ("tcp = \"x:1\"\nexpect = 200", "`expect` has no meaning beside `tcp`", 8),
        ("file = \"x\"\nphase = \"prepare\"", "`phase` cannot be \"prepare\"", 8),
        ("file = \"x\"\non_failure = \"put_back\"", "`on_failure` has no meaning in this phase", 8),
        ("command = \" \"", "`command` is empty", 7),
        ("file = \"x\"\nwithin = \"0s\"", "\"0s\" is no limit of time", 8),
    ];
    for (text, message, line) in cases {
        one(&format!("{LEAST}[[health]]\nname = \"well\"\n{text}\n"), message, line);
    }
}

/// A look comes before what would disturb: an operation, or a turn of a service.
#[test]
fn looks_know_what_an_environment_runs() {
    let look = |name: &str| {
        let service = "[[service]]\nname = \"db\"\nkind = \"systemd\"\n";
        format!(
            "{LEAST}{service}[[busy]]\nname = \"x\"\nkind = \"tmux\"\nwhen = [\"before:{name}\"]\nonly_if = \"{name}\"\n"
        )
    };
    read(&look("restart:db")).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(read(&look("restart:web")).expect_err("there is no such service").list.len(), 2);
}
