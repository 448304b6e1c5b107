//! Proxies in front of hosts.

use std::fs;

use crate::services::{free_port, nginx};
use crate::site::{Site, logged, operation};

/// *A pool without servers.* Hosts stood in two upstreams, and the last batch was all there was of one of them
/// (commcare-cloud PR #6094, PR #6098). *The wrong host.* `hqdjango1` was also found in `hqdjango10`
/// (commcare-hq-deploy `fab/operations/supervisor.py`).
#[test]
fn every_pool_keeps_a_host_and_only_the_one_that_switches_is_taken_out() {
    let site = Site::new("hq1=web hq10=web,mobile hq2=web,mobile proxy1=proxy", "");
    let port = free_port();
    let server = |host: &str| format!("server 127.0.0.{}:9 max_fails=0;\n", &host[2..]);
    let upstream = |name: &str, hosts: &[&str]| {
        format!("upstream {name} {{\n{}}}\n", hosts.iter().map(|host| server(host)).collect::<String>())
    };
    let upstreams = upstream("commcare", &["hq1", "hq10", "hq2"]) + &upstream("submissions", &["hq10", "hq2"]);
    let front = format!("server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://commcare; }} }}\n");
    let _nginx = nginx(&site, "proxy1", port, &(upstreams + &front));
    let command = "/usr/sbin/nginx -c \"$HOME/nginx.conf\"";
    let pool = |name: &str, role: &str| {
        format!(
            "[[pool]]\nname = \"{name}\"\nroles = [\"{role}\"]\nproxies = [\"proxy\"]\nnginx = \"nginx.conf\"\n\
             server = \"127.0.0.{{{{ host[2:] }}}}\"\ntest = '{command} -t'\nreload = '{command} -s reload'\nwait = \"1s\"\n"
        )
    };
    let look = operation(
        "look",
        "after_flip",
        "roles = [\"web\"]",
        "cp \"$SITE/hosts/proxy1/nginx.conf\" \"$SITE/seen-$RELM_HOST\"",
    );
    let settings = |batches: &str| {
        format!("[release]\nbatches = {batches}\n{}{}{look}", pool("commcare", "web"), pool("submissions", "mobile"))
    };
    // Of the first pool one would stay, of the second none: its hosts switch one after the other.
    site.configure(&settings("[1, 2]"));
    let batches = ["batch 1 of 3: hq1", "batch 2 of 3: hq10 (pool submissions keeps 1)", "batch 3 of 3: hq2 proxy1"];
    for told in [site.relm("deploy --dry-run").ends(0), site.relm("check").ends(0)] {
        let lines: Vec<&str> = told.stdout.lines().filter(|line| line.starts_with("batch ")).collect();
        assert_eq!(lines, batches, "{}", told.stdout);
    }
    let whole = site.read("hosts/proxy1/nginx.conf");
    site.relm("deploy").ends(0).says(&["hosts switch in 3 batches: pool submissions keeps 1"]);
    for host in ["hq1", "hq10", "hq2"] {
        let seen = site.read(&format!("seen-{host}"));
        let mut out: Vec<&str> = whole.lines().filter(|line| !seen.lines().any(|other| other == *line)).collect();
        out.dedup();
        assert_eq!(out, [server(host).trim_end()], "{host}:\n{seen}");
        // It is out of each of its pools.
        let times =
            |text: &str| text.lines().filter(|line| line.trim_start().starts_with(server(host).trim_end())).count();
        assert_eq!((times(&seen), times(&whole)), (0, if host == "hq1" { 1 } else { 2 }), "{seen}");
    }
    assert_eq!(fs::read_to_string(site.path("hosts/proxy1/nginx.conf")).expect("a file"), whole);
}

/// Pools that share hosts, told of by what happens to them: a line for each host that leaves or comes in again.
fn telling_pools(batches: &str, pools: &[(&str, &str, usize)]) -> String {
    let table = |(name, role, keeps): &(&str, &str, usize)| {
        let say = |sign: &str| format!("echo \"{sign} {name} $RELM_HOST\" >>\"$SITE/moves\"");
        format!(
            "[[pool]]\nname = \"{name}\"\nroles = [\"{role}\"]\nmin_healthy = {keeps}\nwait = \"0s\"\n\
             drain = '{}'\nundrain = '{}'\n",
            say("-"),
            say("+")
        )
    };
    let tables: Vec<String> = pools.iter().map(table).collect();
    format!("[release]\nbatches = {batches}\n{}{}", logged("late", "after_flip", ""), tables.concat())
}

/// *The last batch was a whole pool* once more, moment by moment: also when a deploy fails in its last batch and every host
/// goes back.
#[test]
fn no_moment_of_a_switch_or_of_the_way_back_empties_a_pool() {
    let hosts = ["w1", "w2", "w3", "w4", "w5"];
    let roles = "w1=web,mobile w2=web w3=web,mobile,api w4=web,api w5=web,mobile,api db1=db";
    let pools = [("main", "web", 3), ("mobile", "mobile", 1), ("api", "api", 2)];
    let site = Site::new(roles, &telling_pools("[\"50%\", \"100%\"]", &pools));
    let in_pool = |pool: &str, host: &str| match pool {
        "mobile" => ["w1", "w3", "w5"].contains(&host),
        "api" => ["w3", "w4", "w5"].contains(&host),
        _ => hosts.contains(&host),
    };
    let moves = || {
        let told = site.read("moves");
        site.write("moves", "");
        let mut away = std::collections::BTreeSet::new();
        for line in told.lines() {
            let [sign, pool, host] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let is_news = if sign == "-" { away.insert((pool, host)) } else { away.remove(&(pool, host)) };
            // A host that is put back leaves its pools again, wherever it has come in.
            assert!(is_news || sign == "+", "{line}:\n{told}");
            for (name, _, keeps) in pools {
                let stays = |host: &&&str| in_pool(name, host) && !away.contains(&(name, **host));
                let left = hosts.iter().filter(stays).count();
                assert!(left >= keeps, "{left} of {name} are left after {line}:\n{told}");
            }
        }
        assert!(away.is_empty(), "{away:?} did not come in again:\n{told}");
        told.lines().filter(|line| line.starts_with('-')).count()
    };
    let first = site.deploy();
    assert_eq!(moves(), 5 + 3 + 3, "every host was out of each of its pools once");
    site.write("broken-late-w5", "");
    site.relm("deploy").ends(1);
    assert_eq!(site.live(), first);
    assert!(moves() > 5 + 3 + 3, "nobody was taken out on the way back");
    fs::remove_file(site.path("broken-late-w5")).expect("a file");
    let second = site.deploy();
    site.relm("rollback").ends(0);
    assert!(second != first && site.live() == first && moves() > 0);
}

#[test]
fn a_pool_that_can_spare_nobody_stops_everything_before_it_begins() {
    let site = Site::new("w1 w2 a1=api", &telling_pools("[1]", &[("main", "web", 1), ("api", "api", 1)]));
    let said = "pool api has 1 host (a1) and 1 must stay in it: none of its hosts could ever switch";
    site.relm("deploy").ends(3).says(&[said, "[[pool]] min_healthy = 0"]);
    site.relm("deploy --dry-run").ends(3).says(&[said]);
    let checked = site.relm("check").ends(3);
    assert!(checked.stdout.contains(said) && checked.stdout.contains("a deploy cannot start"), "{}", checked.stdout);
    assert!(site.host("w1").releases().is_empty());
}
