//! What a host may open here: nothing, but an agent that it is lent.

use std::sync::{Arc, Mutex};

use relm::ssh::{Settings, connect};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, VerifiedPublicKey, run_stream};
use russh::{Channel, ChannelId};
use tokio::net::TcpListener;

use super::{hear, run, soon};
use crate::sshd::{Agent, Sshd, host, keygen, public_key};

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_lent_only_where_both_files_say_so() {
    let Some(sshd) = Sshd::start() else { return };
    let agent = Agent::start(sshd.folder());
    let key = sshd.folder().join("lent");
    keygen(&key, "ed25519", "");
    agent.add(&key);
    let settings = |lends_agent| Settings { agent: Some(agent.socket()), lends_agent, ..sshd.settings() };
    let other = format!("ForwardAgent {}\nIdentityAgent none\n", agent.socket().display());
    for (lines, lends, is_lent) in [
        ("ForwardAgent yes\n", true, true),
        ("ForwardAgent yes\n", false, false),
        ("", true, false),
        ("ForwardAgent no\n", true, false),
        (&other, true, true),
    ] {
        sshd.configure(&format!("Host *\n  {lines}"));
        let link = connect(&host("web1"), &settings(lends)).await.unwrap();
        let said = run(&link, "ssh-add -L 2>&1; echo \"${SSH_AUTH_SOCK:+a socket}\"").await.text();
        assert_eq!(said.contains(&public_key(&key)), is_lent, "{lines}{lends}: {said}");
        assert_eq!(said.contains("a socket"), is_lent, "{lines}{lends}: {said}");
    }
}

/// An sshd that opens whatever it can, and notes what it got.
struct Greedy(Arc<Mutex<Vec<(&'static str, bool)>>>);

impl Handler for Greedy {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, _: &str, _: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(&mut self, id: ChannelId, _: &[u8], session: &mut Session) -> Result<(), russh::Error> {
        session.channel_success(id)?;
        let (handle, got) = (session.handle(), Arc::clone(&self.0));
        tokio::spawn(async move {
            let opened = [
                ("agent", handle.channel_open_agent().await.is_ok()),
                ("session", handle.channel_open_session().await.is_ok()),
                ("x11", handle.channel_open_x11("127.0.0.1", 6000).await.is_ok()),
                ("forwarded", handle.channel_open_forwarded_tcpip("127.0.0.1", 22, "127.0.0.1", 22).await.is_ok()),
                ("socket", handle.channel_open_forwarded_streamlocal("/run/docker.sock").await.is_ok()),
                ("direct", handle.channel_open_direct_tcpip("127.0.0.1", 22, "127.0.0.1", 22).await.is_ok()),
                ("file", handle.channel_open_direct_streamlocal("/run/docker.sock").await.is_ok()),
            ];
            got.lock().unwrap().extend(opened);
            let _ = handle.exit_status_request(id, 0).await;
            let _ = handle.close(id).await;
        });
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_opens_nothing_here() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["host", "id_ed25519"] {
        keygen(&path(name), "ed25519", "");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let keys = vec![russh::keys::load_secret_key(path("host"), None).unwrap()];
    let (config, got) = (Arc::new(Config { keys, ..Config::default() }), Arc::<Mutex<Vec<_>>>::default());
    let greedy = Greedy(Arc::clone(&got));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = run_stream(config, stream, greedy).await.unwrap().await;
    });
    std::fs::write(path("known"), format!("[127.0.0.1]:{port} {}\n", public_key(&path("host")))).unwrap();
    let lines = format!(
        "HostName 127.0.0.1\nPort {port}\nIdentityFile {}\nUserKnownHostsFile {}\nGlobalKnownHostsFile none\n",
        path("id_ed25519").display(),
        path("known").display()
    );
    std::fs::write(path("config"), lines).unwrap();
    let settings = Settings { config_file: Some(path("config")), ..Settings::new("test", folder.path(), "me") };
    let link = connect(&host("web1"), &settings).await.unwrap();
    let channel = link.open("true").await.unwrap();
    assert!(soon("the end", hear(channel)).await.succeeded());
    let got = got.lock().unwrap().clone();
    assert_eq!(got.len(), 7);
    assert!(got.iter().all(|(_, is_open)| !is_open), "{got:?}");
}
