//! An agent that holds a security key, as one with a FIDO token does; the token is played by the agent.

use std::io::{Read, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use data_encoding::BASE64;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_key::Signature;
use russh::keys::ssh_key::private::Ed25519Keypair;
use sha2::{Digest as _, Sha256};

const KIND: &[u8] = b"sk-ssh-ed25519@openssh.com";
const APPLICATION: &[u8] = b"ssh:";

/// Listens until the process ends.
#[derive(Debug)]
pub(crate) struct SecurityKey {
    socket: PathBuf,
    public: Vec<u8>,
    /// Whether somebody touches it when it is asked for a signature.
    signed: Arc<AtomicU32>,
}

impl SecurityKey {
    /// Without a touch the token signs and says that nobody was there.
    pub(crate) fn start(socket: PathBuf, is_touched: bool) -> Self {
        let pair = Ed25519Keypair::from_seed(&Sha256::digest(socket.as_os_str().as_encoded_bytes()).into());
        let mut public = Vec::new();
        for part in [KIND, &pair.public.0, APPLICATION] {
            put(&mut public, part);
        }
        let listener = UnixListener::bind(&socket).unwrap();
        let signed = Arc::<AtomicU32>::default();
        let (key, count) = (public.clone(), Arc::clone(&signed));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve(stream, &pair, &key, is_touched, &count);
            }
        });
        Self { socket, public, signed }
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// As `authorized_keys` has it.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", String::from_utf8_lossy(KIND), BASE64.encode(&self.public))
    }

    /// How many signatures it has made.
    pub(crate) fn signed(&self) -> u32 {
        self.signed.load(Ordering::SeqCst)
    }
}

fn put(into: &mut Vec<u8>, bytes: &[u8]) {
    into.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    into.extend(bytes);
}

fn take(from: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// draft-ietf-sshm-ssh-agent, as little as there has to be: 11 asks for the keys, 13 for a signature.
fn serve(
    mut stream: UnixStream,
    pair: &Ed25519Keypair,
    public: &[u8],
    is_touched: bool,
    signed: &AtomicU32,
) -> std::io::Result<()> {
    loop {
        let asked = take(&mut stream)?;
        let mut answer = Vec::new();
        match asked[0] {
            11 => {
                answer.extend([12, 0, 0, 0, 1]);
                put(&mut answer, public);
                put(&mut answer, b"a token");
            }
            13 => {
                let mut rest = &asked[1..];
                let (key, text) = (take(&mut rest)?, take(&mut rest)?);
                if key == public {
                    let counter = signed.fetch_add(1, Ordering::SeqCst) + 1;
                    answer.push(14);
                    put(&mut answer, &signature(pair, &text, u8::from(is_touched), counter));
                } else {
                    answer.push(5);
                }
            }
            _ => answer.push(5),
        }
        let mut message = Vec::new();
        put(&mut message, &answer);
        stream.write_all(&message)?;
    }
}

/// PROTOCOL.u2f of OpenSSH.
fn signature(pair: &Ed25519Keypair, text: &[u8], flags: u8, counter: u32) -> Vec<u8> {
    let mut of_token = Sha256::digest(APPLICATION).to_vec();
    of_token.push(flags);
    of_token.extend(counter.to_be_bytes());
    of_token.extend(Sha256::digest(text));
    let made: Signature = pair.try_sign(&of_token).unwrap();
    let mut all = Vec::new();
    put(&mut all, KIND);
    put(&mut all, made.as_bytes());
    all.push(flags);
    all.extend(counter.to_be_bytes());
    all
}
