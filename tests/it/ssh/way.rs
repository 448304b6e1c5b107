//! Ways that are not direct: jump hosts, commands, and doors that want a knock.

use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use relm::ssh::{Knock, Settings, connect, machines};
use relm::transport::ConnectErrorKind;

use super::{kind, run, soon, until};
use crate::sshd::{Sshd, host, keygen, public_key, signal};

/// Writes the client's configuration: `before` and then a name for each server.
fn configure(client: &Sshd, before: &str, servers: &[(&str, &Sshd)]) {
    let block = |(name, server): &(&str, &Sshd)| {
        let folder = server.folder().display();
        format!(
            "Host {name}\n  HostName 127.0.0.1\n  Port {}\n  IdentityFile {folder}/id_ed25519\n  \
             UserKnownHostsFile {folder}/known_hosts\n  GlobalKnownHostsFile none\n",
            server.port()
        )
    };
    let text = format!("{before}\n{}", servers.iter().map(block).collect::<String>());
    fs::write(client.ssh_config(), text).unwrap();
}

fn logins(sshd: &Sshd) -> usize {
    sshd.log().matches("Accepted publickey").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_behind_a_jump_host_share_one_connection_to_it() {
    let (Some(bastion), Some(inner)) = (Sshd::start(), Sshd::start()) else { return };
    let jump = "Host web1 web2\n  ProxyJump bastion\n";
    configure(&inner, jump, &[("bastion", &bastion), ("web1", &inner), ("web2", &inner)]);
    let settings = inner.settings();
    let (web1, web2) = (host("web1"), host("web2"));
    let (one, two) = tokio::join!(connect(&web1, &settings), connect(&web2, &settings));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((logins(&bastion), logins(&inner)), (1, 2));
    let large = run(&one, "head -c 5000000 /dev/zero").await;
    assert_eq!(large.stdout.len(), 5_000_000);
    // Once the jump host is gone both are, and both come back through it.
    signal("KILL", bastion.sessions()[0]);
    until("the connections end", || inner.sessions().is_empty()).await;
    assert!(soon("a command on a new connection", run(&one, "true")).await.succeeded());
    assert!(soon("a command on the other", run(&two, "true")).await.succeeded());
    assert_eq!((logins(&bastion), logins(&inner)), (2, 4));
    drop((one, two));
    until("nobody needs the jump host", || bastion.sessions().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jump_hosts_behind_jump_hosts() {
    let (Some(first), Some(second), Some(inner)) = (Sshd::start(), Sshd::start(), Sshd::start()) else { return };
    let servers = [("first", &first), ("second", &second), ("web1", &inner)];
    for jump in
        ["Host web1\n  ProxyJump first,second\n", "Host web1\n  ProxyJump second\nHost second\n  ProxyJump first\n"]
    {
        configure(&inner, jump, &servers);
        let link = connect(&host("web1"), &inner.settings()).await.unwrap();
        assert!(run(&link, "true").await.succeeded(), "{jump}");
    }
    assert_eq!((logins(&first), logins(&second), logins(&inner)), (2, 2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_jump_host_is_checked_under_its_own_name() {
    let (Some(bastion), Some(inner)) = (Sshd::start(), Sshd::start()) else { return };
    configure(&inner, "Host web1\n  ProxyJump bastion\n", &[("bastion", &bastion), ("web1", &inner)]);
    let other = bastion.folder().join("other");
    keygen(&other, "ed25519", "");
    let changed = format!("[127.0.0.1]:{} {}\n", bastion.port(), public_key(&other));
    for (known, expected) in
        [(changed, ConnectErrorKind::WrongHostKey), (String::new(), ConnectErrorKind::UnknownHostKey)]
    {
        fs::write(bastion.known_hosts(), known).unwrap();
        let error = connect(&host("web1"), &inner.settings()).await.map(|_| ()).unwrap_err();
        assert_eq!(kind(&error), expected, "{error}");
        assert!(error.message.contains("the host key of bastion"), "{error}");
        assert!(error.details.join("\n").contains("relm trust test web1"), "{:?}", error.details);
    }
    assert_eq!((logins(&bastion), logins(&inner)), (0, 0), "nobody was told who we are");
    // What is known of the jump host says nothing of the host behind it.
    fs::write(inner.known_hosts(), "").unwrap();
    let settings = inner.settings();
    let way = machines(&host("web1"), &settings).await.unwrap();
    assert_eq!(way.iter().map(|machine| machine.name.as_str()).collect::<Vec<_>>(), ["bastion", "web1"]);
    assert!(way[1].keys().await.is_err(), "the way to it is not trusted yet");
    for machine in &way {
        for key in machine.keys().await.unwrap() {
            machine.record(&key).unwrap();
        }
    }
    connect(&host("web1"), &settings).await.unwrap();
    assert_eq!(fs::read_to_string(bastion.known_hosts()).unwrap().lines().count(), 3);
    assert_eq!(fs::read_to_string(inner.known_hosts()).unwrap().lines().count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_host_that_leads_nowhere_says_why() {
    let (Some(bastion), Some(inner)) = (Sshd::start_with("AllowTcpForwarding no\n"), Sshd::start()) else { return };
    configure(&inner, "Host web1\n  ProxyJump bastion\n", &[("bastion", &bastion), ("web1", &inner)]);
    let error = connect(&host("web1"), &inner.settings()).await.map(|_| ()).unwrap_err();
    assert_eq!(kind(&error), ConnectErrorKind::Unreachable);
    assert!(error.message.contains("bastion") && error.message.contains("AllowTcpForwarding"), "{error}");
    bastion.authorize(&[]);
    let error = connect(&host("web1"), &inner.settings()).await.map(|_| ()).unwrap_err();
    assert!(error.message.contains("bastion does not let"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_a_way_too() {
    let Some(sshd) = Sshd::start() else { return };
    sshd.configure("ProxyCommand busybox nc %h %p # to its port\n");
    let link = connect(&host("web1"), &sshd.settings()).await.unwrap();
    assert!(run(&link, "true").await.succeeded());
    signal("KILL", sshd.sessions()[0]);
    until("sshd notices", || sshd.sessions().is_empty()).await;
    assert!(soon("a command on a new connection", run(&link, "true")).await.succeeded());
    sshd.configure("ProxyCommand echo no way to %n >&2; exit 3\n");
    let error = connect(&host("web1"), &sshd.settings()).await.map(|_| ()).unwrap_err();
    assert_eq!(kind(&error), ConnectErrorKind::Unreachable);
    assert_eq!(error.details, ["no way to web1"], "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_is_knocked_at_before_every_connection() {
    let Some(sshd) = Sshd::start() else { return };
    let knocker = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, knocks) = (knocker.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = knocks.clone();
    std::thread::spawn(move || {
        for _ in knocker.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let knock = Some(Knock { ports: vec![port, nobody, port], timeout: Duration::from_secs(1) });
    let link = connect(&host("web1"), &Settings { knock, ..sshd.settings() }).await.unwrap();
    assert!(run(&link, "true").await.succeeded());
    until("both knocks are heard", || knocks.load(Ordering::SeqCst) == 2).await;
    signal("KILL", sshd.sessions()[0]);
    until("sshd notices", || sshd.sessions().is_empty()).await;
    assert!(soon("a command on a new connection", run(&link, "true")).await.succeeded());
    until("they are heard again", || knocks.load(Ordering::SeqCst) == 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_behind_a_jump_host_is_knocked_at_from_there() {
    let (Some(bastion), Some(inner)) = (Sshd::start_with("LogLevel DEBUG1\n"), Sshd::start()) else { return };
    configure(&inner, "Host web1\n  ProxyJump bastion\n", &[("bastion", &bastion), ("web1", &inner)]);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let knock = Some(Knock { ports: vec![nobody, port], timeout: Duration::from_secs(1) });
    let link = connect(&host("web1"), &Settings { knock, ..inner.settings() }).await.unwrap();
    assert!(run(&link, "true").await.succeeded());
    let asked = |port: u16| format!("port 0, target 127.0.0.1 port {port}");
    let log = bastion.log();
    let at = [nobody, port, inner.port()].map(|port| log.find(&asked(port)));
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{at:?} {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_chosen_and_bound_as_asked() {
    let Some(sshd) = Sshd::start() else { return };
    sshd.configure("BindAddress 127.0.0.1\nAddressFamily inet\n");
    connect(&host("web1"), &sshd.settings()).await.unwrap();
    for (lines, word) in [("AddressFamily inet6\n", "wanted kind"), ("BindAddress 203.0.113.1\n", "BindAddress")] {
        sshd.configure(lines);
        let error = connect(&host("web1"), &sshd.settings()).await.map(|_| ()).unwrap_err();
        assert!(error.message.contains(word), "{error}");
    }
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    sshd.configure(&format!("Port {refused}\nConnectionAttempts 3\n"));
    let start = std::time::Instant::now();
    connect(&host("web1"), &sshd.settings()).await.map(|_| ()).unwrap_err();
    assert!(start.elapsed() >= Duration::from_secs(2), "three attempts have two pauses");
}
