//! Proxies in front of hosts.

use std::fs;

use crate::services::{free_port, nginx};
use crate::site::{Site, operation};

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
    // Of the first pool one would stay, of the second none.
    site.configure(&settings("[1, 2]"));
    site.relm("deploy").ends(3).says(&["pool submissions would be left with 0 of its 2 hosts while hq10 hq2 switch"]);
    assert!(site.host("hq1").releases().is_empty());
    site.configure(&settings("[1]"));
    let whole = site.read("hosts/proxy1/nginx.conf");
    site.deploy();
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
