//! What is agreed with a host before anything is asked of it, and what it may ask of us: the host key, the end.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{ChannelOpenHandle, Config, DisconnectReason, Handler, Msg, Session};
use russh::keys::PublicKeyOrCertificate;
use russh::{Channel, Preferred, cipher, compression, kex, mac};
use tokio::sync::watch;

use super::agent::Lent;
use super::config::Destination;
use super::host_key::HostKeys;
use crate::transport::ConnectError;

/// A connection with its guard.
pub(super) type Handle = russh::client::Handle<Guard>;

/// Says why a connection has ended; `None` while it lives.
pub(super) type Gone = watch::Receiver<Option<String>>;

/// Decides on a host key.
pub(super) type Judge = Arc<dyn Fn(&PublicKeyOrCertificate) -> Result<(), ConnectError> + Send + Sync>;

/// Listens to what the host says to the connection as a whole.
///
/// russh tells `check_server_key` no host name, so the judge brings along what is known of the host.
pub(super) struct Guard {
    judge: Judge,
    gone: watch::Sender<Option<String>>,
    lent: Option<Lent>,
}

impl Guard {
    /// Makes a guard and the way to learn of the connection's end.
    pub(super) fn new(judge: Judge, lent: Option<Lent>) -> (Self, Gone) {
        let (gone, learn) = watch::channel(None);
        (Self { judge, gone, lent }, learn)
    }
}

/// Says why a connection broke.
#[derive(Debug)]
pub(super) enum Broken {
    /// We did not want this host.
    Refused(ConnectError),
    /// The network or the protocol.
    Protocol(russh::Error),
}

impl From<russh::Error> for Broken {
    fn from(error: russh::Error) -> Self {
        Self::Protocol(error)
    }
}

/// A host has no business opening channels here, and russh would take every one. Dropping the reply refuses.
macro_rules! refuse {
    ($($opening:ident($($told:ty),*);)*) => {$(
        async fn $opening(
            &mut self,
            _: Channel<Msg>,
            $(_: $told,)*
            _: ChannelOpenHandle,
            _: &mut Session,
        ) -> Result<(), Broken> {
            Ok(())
        }
    )*};
}

impl Handler for Guard {
    type Error = Broken;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Broken> {
        (self.judge)(key).map(|()| true).map_err(Broken::Refused)
    }

    refuse! {
        server_channel_open_session();
        server_channel_open_x11(&str, u32);
        server_channel_open_forwarded_tcpip(&str, u32, &str, u32);
        server_channel_open_forwarded_streamlocal(&str);
        server_channel_open_direct_tcpip(&str, u32, &str, u32);
        server_channel_open_direct_streamlocal(&str);
    }

    /// But to an agent that it is lent.
    async fn server_channel_open_agent_forward(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Broken> {
        if let Some(lent) = &self.lent {
            lent.open(channel, reply).await;
        }
        Ok(())
    }

    /// The only place where the reason of an end is told; channels just fall silent.
    async fn disconnected(&mut self, reason: DisconnectReason<Broken>) -> Result<(), Broken> {
        let words = match reason {
            DisconnectReason::ReceivedDisconnect(last) if last.message.is_empty() => CLOSED.to_owned(),
            DisconnectReason::ReceivedDisconnect(last) => format!("{CLOSED}: {}", last.message.trim()),
            DisconnectReason::Error(Broken::Refused(refusal)) => refusal.message,
            DisconnectReason::Error(Broken::Protocol(error)) => in_words(&error),
        };
        self.gone.send_replace(Some(words));
        Ok(())
    }
}

const CLOSED: &str = "the host closed the connection";

/// Says what went wrong without the words of the protocol where plain ones exist.
pub(super) fn in_words(error: &russh::Error) -> String {
    match error {
        russh::Error::KeepaliveTimeout | russh::Error::InactivityTimeout => "the host no longer answers".to_owned(),
        russh::Error::HUP | russh::Error::Disconnect | russh::Error::SendError | russh::Error::RecvError => {
            CLOSED.to_owned()
        }
        russh::Error::IO(error) if error.kind() == ErrorKind::UnexpectedEof => CLOSED.to_owned(),
        russh::Error::IO(error) => error.to_string(),
        other => other.to_string(),
    }
}

/// Says whether the other side just closed the connection, without a word on why.
pub(super) fn is_hang_up(error: &russh::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error {
        russh::Error::HUP | russh::Error::Disconnect | russh::Error::SendError | russh::Error::RecvError => true,
        russh::Error::IO(error) => {
            matches!(error.kind(), UnexpectedEof | ConnectionReset | BrokenPipe | ConnectionAborted)
        }
        _ => false,
    }
}

/// Returns what we offer.
pub(super) fn offer(destination: &Destination, host_keys: &HostKeys) -> Arc<Config> {
    let agreed = &destination.algorithms;
    let patience = destination.alive_interval * u32::try_from(destination.alive_count + 3).unwrap_or(6);
    Arc::new(Config {
        nodelay: true,
        // Ours is the receiving window; with russh's usual 2 MiB a far host sends slower than to OpenSSH.
        window_size: 8 << 20,
        maximum_packet_size: 32 * 1024,
        channel_buffer_size: 100,
        keepalive_interval: Some(destination.alive_interval),
        keepalive_max: destination.alive_count,
        // For a host that stops reading while we write: then no keep-alive is sent any more. Longer than all
        // keep-alives together, because alone it would end quiet commands.
        inactivity_timeout: Some(patience.max(Duration::from_secs(90))),
        preferred: Preferred {
            kex: key_exchanges(agreed.key_exchange.as_deref()).into(),
            key: host_keys.plain.clone().into(),
            host_key_certificates: host_keys.certificates.clone().into(),
            cipher: named(agreed.ciphers.as_deref(), ciphers, |name| cipher::Name::try_from(name).ok()).into(),
            mac: named(agreed.macs.as_deref(), macs, |name| mac::Name::try_from(name).ok()).into(),
            compression: vec![compression::NONE].into(),
        },
        ..Config::default()
    })
}

fn named<T>(names: Option<&[String]>, usual: impl Fn() -> Vec<T>, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
    names.map_or_else(usual, |names| names.iter().filter_map(|name| read(name)).collect())
}

/// What ssh offers too, and the marks of the protocol's extensions.
fn key_exchanges(names: Option<&[String]>) -> Vec<kex::Name> {
    let usual = || {
        let nist = [kex::ECDH_SHA2_NISTP256, kex::ECDH_SHA2_NISTP384, kex::ECDH_SHA2_NISTP521];
        let first = [kex::MLKEM768X25519_SHA256, kex::CURVE25519, kex::CURVE25519_PRE_RFC_8731];
        let groups = [kex::DH_GEX_SHA256, kex::DH_G16_SHA512, kex::DH_G18_SHA512, kex::DH_G14_SHA256];
        first.into_iter().chain(nist).chain(groups).collect()
    };
    let mut all: Vec<kex::Name> = named(names, usual, |name| kex::Name::try_from(name).ok());
    all.extend([kex::EXTENSION_SUPPORT_AS_CLIENT, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT]);
    all
}

fn macs() -> Vec<mac::Name> {
    let first = [mac::HMAC_SHA256_ETM, mac::HMAC_SHA512_ETM, mac::HMAC_SHA256, mac::HMAC_SHA512];
    first.into_iter().chain([mac::HMAC_SHA1_ETM, mac::HMAC_SHA1]).collect()
}

/// AES-GCM is about twice as fast as the rest, where the processor helps with it.
fn ciphers() -> Vec<cipher::Name> {
    let rest = [cipher::AES_256_CTR, cipher::AES_192_CTR, cipher::AES_128_CTR];
    let first = if aes_in_hardware() {
        [cipher::AES_128_GCM, cipher::AES_256_GCM, cipher::CHACHA20_POLY1305]
    } else {
        [cipher::CHACHA20_POLY1305, cipher::AES_128_GCM, cipher::AES_256_GCM]
    };
    first.into_iter().chain(rest).collect()
}

fn aes_in_hardware() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("aes");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    false
}
