//! Files filled in for each host: in the release, and outside of it, where the switch takes them and takes them back.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use crate::site::{Done, Site, operation};

const OUTSIDE: &str =
    "[[templates]]\nsrc = \"templates/shop.conf\"\ndest = \"~/etc/conf.d/shop.conf\"\nmode = \"0640\"\n";

/// Two hosts with a template outside of releases, and a last step that a test can have fail.
fn site(more: &str) -> Site {
    let last = operation("last", "after_flip", "", "[ ! -e \"$SITE/broken\" ]");
    let site = Site::new("web1=web db1=db", "");
    site.write("templates/shop.conf", "of {{ host }} {{ release }}\n");
    site.configure(&format!("{OUTSIDE}{more}{last}"));
    site
}

fn conf(site: &Site, host: &str) -> Option<String> {
    fs::read_to_string(site.path(format!("hosts/{host}/etc/conf.d/shop.conf"))).ok()
}

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).expect("a file").mode() & 0o7777
}

#[test]
fn each_host_gets_its_own_and_only_hosts_with_the_role() {
    let site = site("[[templates]]\nsrc = \"templates/env\"\ndest = \"config/.env\"\nroles = [\"db\"]\n");
    site.write(
        "templates/env",
        "ENV={{ env }}\n{% if \"db\" in roles %}\nDB=yes\n{% endif %}\nAT={{ release_path }}\n",
    );
    let live = site.deploy();
    let tree = site.host("db1").release(&live);
    let env = fs::read_to_string(tree.join("config/.env")).expect("a file");
    assert_eq!(env, format!("ENV=test\nDB=yes\nAT={}\n", tree.display()));
    assert!(!site.host("web1").release(&live).join("config").exists());
    for host in ["web1", "db1"] {
        assert_eq!(conf(&site, host), Some(format!("of {host} {live}\n")));
        assert_eq!(mode(site.path(format!("hosts/{host}/etc/conf.d/shop.conf"))), 0o640);
    }
    site.relm("verify").ends(0);
}

#[test]
fn a_file_outside_is_put_back_when_the_deploy_fails_and_by_a_rollback() {
    let site = site("");
    site.write("hosts/web1/etc/conf.d/shop.conf", "of before\n");
    site.write("broken", "");
    site.relm("deploy").ends(1);
    assert_eq!(conf(&site, "web1").as_deref(), Some("of before\n"), "the first deploy failed");
    assert_eq!(conf(&site, "db1"), None);
    fs::remove_file(site.path("broken")).expect("a file");
    let first = site.deploy();
    site.write("templates/shop.conf", "another one of {{ host }}\n");
    site.write("broken", "");
    site.relm("deploy").ends(1);
    assert_eq!(conf(&site, "db1"), Some(format!("of db1 {first}\n")));
    fs::remove_file(site.path("broken")).expect("a file");
    site.relm("deploy --resume").ends(0);
    assert_eq!(conf(&site, "web1").as_deref(), Some("another one of web1\n"));
    // What a rollback began and could not end is put back too.
    site.write("broken", "");
    site.relm("rollback").ends(1);
    assert_eq!(conf(&site, "web1").as_deref(), Some("another one of web1\n"));
    fs::remove_file(site.path("broken")).expect("a file");
    site.relm("rollback").ends(0);
    assert_eq!(site.live(), first);
    assert_eq!(conf(&site, "web1"), Some(format!("of web1 {first}\n")));
    // A release without it brings back what stood there before any.
    site.configure("");
    site.deploy();
    assert_eq!(conf(&site, "web1").as_deref(), Some("of before\n"));
    assert_eq!(conf(&site, "db1"), None);
    site.relm("rollback").ends(0);
    assert_eq!(conf(&site, "db1"), Some(format!("of db1 {first}\n")));
}

#[test]
fn services_start_in_the_old_release_with_its_files() {
    let service = "[[service]]\nname = \"app\"\nkind = \"command\"\nproof = false\nroles = [\"web\"]\n\
                   restart = \"printf '%s ' \\\"$RELM_RELEASE\\\" >>\\\"$SITE/log\\\"; cat ~/etc/conf.d/shop.conf >>\\\"$SITE/log\\\"\"\n";
    let site = site(service);
    let first = site.deploy();
    site.write("broken", "");
    site.relm("deploy").ends(1);
    let log = site.take_log();
    assert_eq!(log.first(), Some(&format!("{first} of web1 {first}")));
    assert_eq!(log.last(), Some(&format!("{first} of web1 {first}")), "{log:?}");
    assert_eq!(log.len(), 3, "{log:?}");
}

#[test]
fn what_somebody_wrote_into_one_is_kept() {
    let site = site("");
    site.deploy();
    site.write("hosts/web1/etc/conf.d/shop.conf", "by hand\n");
    site.relm("deploy --verbose").ends(0).says(&["shop.conf was edited by hand; what it said is in"]);
    let edited = format!(".relm/outside/edited/{}/home/etc/conf.d/shop.conf", site.live());
    let edited = site.host("web1").path(&edited);
    assert_eq!(fs::read_to_string(&edited).expect("a file"), "by hand\n");
    assert_eq!(conf(&site, "web1"), Some(format!("of web1 {}\n", site.live())));
    site.write("hosts/web1/etc/conf.d/shop.conf", "by hand again\n");
    site.write("broken", "");
    site.relm("deploy").ends(1);
    assert_eq!(conf(&site, "web1").as_deref(), Some("by hand again\n"), "it is put back as it was");
    assert_eq!(fs::read_to_string(&edited).expect("a file"), "by hand\n", "the older copy");
    fs::remove_file(site.path("broken")).expect("a file");
    site.configure("");
    let told = "shop.conf was edited by hand and is left where it is: no template is for it any more";
    site.relm("deploy").ends(0).says(&["! web1: ", told]);
    assert_eq!(conf(&site, "web1").as_deref(), Some("by hand again\n"));
    assert_eq!(conf(&site, "db1"), None);
}

#[test]
fn what_would_change_on_the_hosts_is_told_before_a_deploy() {
    let site = site(
        "[[templates]]\nsrc = \"templates/env\"\ndest = \"config/.env\"\nroles = [\"db\"]\n\
                     [[templates]]\nsrc = \"templates/token\"\ndest = \"config/token\"\nsecrets = [\"TOKEN\"]\n\
                     [secrets]\nTOKEN = { file = \"token\" }\n",
    );
    // What others may not read is not shown.
    site.write("Releases.toml", site.read("Releases.toml").replace("0640", "0644"));
    site.write("templates/env", "ENV={{ env }}\n");
    site.write("templates/token", "token={{ TOKEN }}\n");
    site.write("token", "s3cret-one\n");
    let none = site.relm("diff --json").ends(0).report();
    assert!(none.get("templates").is_none(), "of a first deploy all are new: {none}");
    site.deploy();
    let same = site.relm("diff --json").ends(0).report();
    assert!(same.get("templates").is_none(), "the name of the release is no change: {same}");
    site.write("templates/shop.conf", "of {{ host }} {{ release }}\nmore = yes\n");
    site.write("templates/env", "ENV={{ env }}\nMORE=yes\n");
    site.write("token", "s3cret-two\n");
    site.write("hosts/web1/etc/conf.d/shop.conf", "by hand\n");
    let told = site.relm("diff").ends(0).shows(&[
        "~/etc/conf.d/shop.conf would change on web1\n  --- ~/etc/conf.d/shop.conf now\n",
        "\n  -by hand\n",
        "~/etc/conf.d/shop.conf would change on db1\n",
        "\n  +more = yes\n",
        "config/.env would change on db1\n",
        "\n   ENV=test\n  +MORE=yes\n",
        "config/token would change; there is a secret in it on web1 db1\n",
    ]);
    assert!(!told.stdout.contains("s3cret"), "{}", told.stdout);
    let dry = site.relm("deploy --dry-run").ends(0).stdout;
    assert!(dry.contains("note: config/.env would change on db1") && dry.contains("  +MORE=yes"), "{dry}");
    let report = site.relm("diff --json").ends(0).report();
    let whats: Vec<_> = report["templates"].as_array().expect("a list").iter().map(|one| &one["what"]).collect();
    assert_eq!(whats, ["changed", "secret", "changed", "changed"]);
    // A secret that nobody has here is not asked for.
    fs::remove_file(site.path("token")).expect("a file");
    let told = site.relm("diff").ends(0).stdout;
    assert!(told.contains("config/token cannot be compared: not without the secret TOKEN on web1 db1"), "{told}");
    // What a rule of the file makes of it is not yet there.
    assert_eq!(conf(&site, "web1").as_deref(), Some("by hand\n"));
}

/// Files of services and secrets are filled in as templates are, and go with a service that is taken out.
#[test]
fn what_would_come_of_files_of_services_and_of_secrets_is_told() {
    let service = "[[service]]\nname = \"jobs\"\nkind = \"command\"\nrestart = \"true\"\nproof = false\n\
                   templates = [\"templates/jobs.conf\", \"templates/old.conf\"]\ninto = \"conf.d\"\nroles = [\"web\"]\n";
    let rest = "[[secret_files]]\npath = \"key\"\nsecret = \"KEY\"\n[secrets]\nKEY = { file = \"key\" }\n";
    let site = Site::new("web1 web2 db1=db", "");
    site.write("key", "s3cret-one\n");
    site.write("templates/jobs.conf", "from {{ release_path }}\n");
    site.write("templates/old.conf", "old\n");
    // A directory of the code's own is no file of a service.
    site.write("code/services/more/own.conf", "own\n");
    site.configure(&format!("{service}{rest}"));
    let none = site.relm("diff --json").ends(0).report();
    assert!(none.get("templates").is_none(), "of a first deploy all are new: {none}");
    site.deploy();
    let same = site.relm("diff --json").ends(0).report();
    assert!(same.get("templates").is_none(), "{same}");
    site.write("key", "s3cret-two\n");
    site.write("templates/jobs.conf", "from {{ release_path }}\n{% if host == 'web2' %}\nmore = yes\n{% endif %}\n");
    site.configure(&format!("{}{rest}", service.replace(", \"templates/old.conf\"", "")));
    for line in ["diff", "deploy --dry-run"] {
        let told = site.relm(line).ends(0).stdout;
        for words in [
            "key would change; there is a secret in it on web1 web2 db1\n",
            "services/jobs/jobs.conf would change on web2\n",
            "  +more = yes",
            "services/jobs/old.conf would be taken away, because no template is for it any more, on web1 web2\n",
        ] {
            assert!(told.contains(words), "{line}: {words:?} is not in {told}");
        }
        assert!(!told.contains("s3cret") && !told.contains("own.conf would"), "{told}");
    }
    // The whole service goes.
    site.configure(rest);
    let gone = site.relm("diff").ends(0).stdout;
    assert!(gone.contains("services/jobs/jobs.conf would be taken away"), "{gone}");
    site.deploy();
    assert!(site.relm("diff --json").ends(0).report().get("templates").is_none());
}

#[test]
fn what_others_may_not_read_is_not_shown() {
    let with = "[[templates]]\nsrc = \"templates/db\"\ndest = \"~/db.conf\"\nsecrets = [\"DBPW\"]\n\
                [secrets]\nDBPW = { file = \"password\" }\n";
    let site = site(with);
    site.write("templates/db", "user = shop\npassword = {{ DBPW }}\n");
    site.write("password", "hunter2\n");
    site.deploy();
    let without = site.read("Releases.toml").replace("secrets = [\"DBPW\"]\n", "");
    site.write("Releases.toml", without.replace("[secrets]\nDBPW = { file = \"password\" }\n", ""));
    site.write("templates/db", "user = shop\n");
    for line in ["deploy --dry-run", "diff", "diff --json", "deploy --dry-run --json"] {
        let told = site.relm(line).ends(0);
        assert!(!format!("{}{}", told.stdout, told.stderr).contains("hunter2"), "{line}: {told:?}");
    }
    let told = site.relm("diff").ends(0).stdout;
    let words = "~/db.conf would change; not shown, because others may not read what stands there on web1 db1\n";
    assert!(told.contains(words), "{told}");
    assert!(!told.contains("shop.conf would change"), "of what is the same nothing is told: {told}");
    site.deploy();
    site.write("templates/db", "user = shop\nmore = yes\n");
    assert!(site.relm("diff").ends(0).stdout.contains("  +more = yes"), "others may read it now");
}

#[test]
fn a_file_that_no_template_is_for_any_more_is_told() {
    let site = site("");
    site.write("hosts/web1/etc/conf.d/shop.conf", "of before\n");
    site.deploy();
    site.configure("");
    for line in ["deploy --dry-run", "diff"] {
        let told = site.relm(line).ends(0).stdout;
        for words in [
            "~/etc/conf.d/shop.conf would be as it was before any template, because none is for it any more, on web1\n",
            "~/etc/conf.d/shop.conf would be taken away, because no template is for it any more, on db1\n",
        ] {
            assert!(told.contains(words), "{line}: {told}");
        }
    }
    site.relm("deploy").ends(0).says(&[
        "! web1: ",
        "etc/conf.d/shop.conf is as it was before any template: none is for it any more",
        "etc/conf.d/shop.conf was taken away: no template is for it any more",
    ]);
    assert_eq!((conf(&site, "web1").as_deref(), conf(&site, "db1")), (Some("of before\n"), None));
    assert!(!site.relm("deploy --dry-run").ends(0).stdout.contains("any more"), "once");
    assert!(!site.relm("deploy").ends(0).stderr.contains("any more"), "once");
}

#[test]
fn a_file_that_its_check_refuses_is_put_nowhere() {
    let sudoers = "[[templates]]\nsrc = \"templates/sudoers\"\ndest = \"~/sudoers.d/shop\"\nmode = \"0440\"\n\
                   check = \"visudo -cf {file}\"\nroles = [\"web\"]\n";
    let site = site(sudoers);
    site.write("templates/sudoers", "deploy ALL = NOPASSWD: /usr/bin/systemctl restart shop\n");
    let first = site.deploy();
    let there = site.path("hosts/web1/sudoers.d/shop");
    assert_eq!(mode(&there), 0o440);
    site.write("templates/sudoers", "deploy ALL = NOPASSWD /usr/bin/systemctl\n");
    let refused = site.relm("deploy").ends(1);
    refused.says(&["write_templates", "syntax error", "the check of ~/sudoers.d/shop failed (exit code 1)"]);
    assert_eq!(site.live(), first);
    assert!(fs::read_to_string(&there).expect("a file").contains("NOPASSWD: "));
}

#[test]
fn secrets_stand_in_a_file_for_its_owner_and_nowhere_else() {
    let more = "[secrets]\nPASSWORD = { env = \"MY_PASSWORD\" }\n[[templates]]\nsrc = \"templates/db\"\n\
                dest = \"config/db\"\nsecrets = [\"PASSWORD\"]\ncheck = \"cat {file}; false\"\nroles = [\"db\"]\n";
    let site = site(more);
    site.write("templates/db", "password={{ PASSWORD }}\n");
    let run = |line: &str| {
        let mut command = site.command(line.split(' '));
        Done::from(command.env("MY_PASSWORD", "it's $HOME s3cret").output().expect("a process"))
    };
    site.relm("deploy").ends(2).says(&["PASSWORD"]);
    let refused = run("deploy --verbose").ends(1).says(&["password=[PASSWORD]"]);
    assert!(!refused.stderr.contains("s3cret"), "{}", refused.stderr);
    let file = site.read("Releases.toml").replace("cat {file}; false", "grep -q s3cret {file}");
    site.write("Releases.toml", file);
    run("deploy --resume").ends(0);
    let host = site.host("db1");
    assert_eq!(host.read("config/db"), "password=it's $HOME s3cret\n");
    assert_eq!(mode(host.path("current/config/db")), 0o600);
    let found = std::process::Command::new("grep").args(["-rl", "s3cret"]).arg(&host.base).output().expect("grep");
    let found = String::from_utf8(found.stdout).expect("text");
    assert_eq!(found.lines().count(), 1, "{found}");
}

#[test]
fn no_link_of_the_code_leads_one_elsewhere() {
    let site = site("[[templates]]\nsrc = \"templates/shop.conf\"\ndest = \"config/app\"\n");
    symlink(site.path("home"), site.path("code/config")).expect("a link");
    site.relm("deploy").ends(1).says(&["config is a link in this release, so the template config/app"]);
    assert!(!site.path("home/app").exists());
    fs::remove_file(site.path("code/config")).expect("a link");
    let inside = site.read("Releases.toml").replace("~/etc/conf.d/shop.conf", "~/www/test/current/x");
    site.write("Releases.toml", inside);
    site.relm("deploy").ends(1).says(&["is inside of what relm keeps itself"]);
    symlink(site.host("web1").path(""), site.path("hosts/web1/app")).expect("a link");
    let inside = site.read("Releases.toml").replace("~/www/test/current/x", "~/app/.relm/new/x");
    site.write("Releases.toml", &inside);
    site.relm("deploy").ends(1).says(&["app/.relm/new/x is inside of what relm keeps itself"]);
    site.write("Releases.toml", inside.replace("~/app/.relm/new/x", "~/etc/x "));
    site.relm("deploy").ends(2).says(&["begins or ends with a blank", "write \"~/etc/x\""]);
}

const OF_RELEASE: &str = "[[templates]]\nsrc = \"release:deploy/shop.conf\"\ndest = \"~/etc/conf.d/shop.conf\"\n\
    check = \"[ ! -e $SITE/refuse ] || grep -q never {file}\"\n";

#[test]
fn a_template_that_stands_in_the_code_goes_with_it() {
    let site = site("");
    let last = operation("last", "prepare", "", "[ ! -e \"$SITE/broken\" ]");
    site.configure(&format!("{OF_RELEASE}{last}"));
    site.write("code/deploy/shop.conf", "first of {{ host }}\n");
    site.deploy();
    assert_eq!(conf(&site, "db1").as_deref(), Some("first of db1\n"));
    assert_eq!(site.host("db1").read("deploy/shop.conf"), "first of {{ host }}\n", "the code stays what it is");
    site.write("code/deploy/shop.conf", "second of {{ host }} {{ release }}\n");
    // A run that has the code on all hosts reads it again for what is left to fill in, and only for that.
    site.write("refuse", "");
    site.relm("deploy").ends(1).says(&["write_templates", "the check of ~/etc/conf.d/shop.conf failed"]);
    fs::remove_file(site.path("refuse")).expect("a file");
    site.write("broken", "");
    site.relm("deploy --resume").ends(1);
    fs::rename(site.path("code"), site.path("away")).expect("a name");
    fs::remove_file(site.path("broken")).expect("a file");
    site.relm("deploy --resume").ends(0);
    assert_eq!(conf(&site, "web1"), Some(format!("second of web1 {}\n", site.live())));
    site.relm("rollback").ends(0);
    assert_eq!(conf(&site, "web1").as_deref(), Some("first of web1\n"));
}

#[test]
fn a_template_of_the_code_that_cannot_be_filled_in_stops_before_any_host_is_touched() {
    let site = site("");
    site.configure(OF_RELEASE);
    site.relm("deploy").ends(3).says(&["the template deploy/shop.conf of", "there is no such text"]);
    site.write("code/deploy/shop.conf", "{{ hots }}\n");
    site.relm("deploy").ends(3).says(&["it uses \"hots\", which has no value"]);
    site.write("code/deploy/shop.conf", "one\n{{ host\n");
    site.relm("deploy").ends(3).says(&["line 2: syntax error"]);
    assert_eq!(site.host("web1").releases(), Vec::<String>::new());
}

/// Only root gives files away; whoever is not gets told so.
#[test]
fn a_file_belongs_to_whom_the_file_says() {
    let site = site(
        "[[templates]]\nsrc = \"templates/shop.conf\"\ndest = \"~/etc/given\"\nowner = \"nobody\"\ngroup = \"daemon\"\n",
    );
    let is_root = fs::metadata("/proc/self").expect("a process").uid() == 0;
    let done = site.relm("deploy");
    if is_root {
        done.ends(0);
        let id = |flag: &str, file: &str| {
            let all = fs::read_to_string(file).expect("accounts");
            let line = all.lines().find(|line| line.starts_with(&format!("{flag}:"))).expect("an account").to_owned();
            line.split(':').nth(2).and_then(|id| id.parse().ok()).expect("a number")
        };
        let given = fs::metadata(site.path("hosts/web1/etc/given")).expect("a file");
        let wanted: (u32, u32) = (id("nobody", "/etc/passwd"), id("daemon", "/etc/group"));
        assert_eq!((given.uid(), given.gid()), wanted);
    } else {
        done.ends(1).says(&["may not give ~/etc/given to nobody:daemon: only root gives files away"]);
        assert!(!site.path("hosts/web1/etc/given").exists());
    }
}
