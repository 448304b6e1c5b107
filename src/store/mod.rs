//! A store that hosts fetch from by themselves: S3, or whatever speaks its language.
//!
//! An object is named after the hash of its content. Whoever has a link to it may fetch it until the link expires, so
//! links are secrets, and no error holds one.

mod error;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Weak;
use std::time::Duration;

use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, SendBody};

pub use error::StoreError;

/// How long a link can be used: longer than a slow host needs to begin, since what has begun is not cut short.
const LINK: Duration = Duration::from_secs(600);
/// What the program itself does next begins at once.
const SOON: Duration = Duration::from_secs(60);
/// A store that does not move for this long is not worth waiting for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    /// What stands before every name in it; nothing, or text that ends with a slash.
    pub prefix: String,
    /// The address of its server; Amazon's for the region if left out.
    pub endpoint: Option<String>,
    /// The region it is in.
    pub region: String,
}

/// Who may put things there.
#[derive(Clone)]
pub struct Access {
    /// The key's name.
    pub key: String,
    /// The key.
    pub secret: String,
    /// What goes with keys that expire.
    pub token: Option<String>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

/// A store.
pub struct Store {
    bucket: Bucket,
    prefix: String,
    credentials: Credentials,
    agent: Agent,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("bucket", &self.bucket).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Store {
    /// Nothing is asked of it yet.
    pub fn new(place: &Place, access: Access) -> Result<Self, StoreError> {
        let amazon = || format!("https://s3.{}.amazonaws.com", place.region);
        let endpoint = place.endpoint.clone().unwrap_or_else(amazon);
        // Servers of one's own seldom have a name for each bucket; and no certificate is for names with more dots.
        let in_path = place.endpoint.is_some() || place.bucket.contains('.');
        let style = if in_path { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let address = endpoint.parse().map_err(|_| StoreError::Address(endpoint.clone()))?;
        let bucket = Bucket::new(address, style, place.bucket.clone(), place.region.clone())
            .map_err(|_| StoreError::Address(endpoint))?;
        let Access { key, secret, token } = access;
        let credentials = match token {
            Some(token) => Credentials::new_with_token(key, secret, token),
            None => Credentials::new(key, secret),
        };
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_resolve(Some(PATIENCE))
            .timeout_connect(Some(PATIENCE))
            .timeout_per_write(Some(PATIENCE))
            .timeout_recv_response(Some(3 * PATIENCE))
            .build()
            .new_agent();
        Ok(Self { bucket, prefix: place.prefix.clone(), credentials, agent })
    }

    /// Puts a file there under a name, unless an equal one is there. Blocks; gives up when nobody `waits` any more.
    pub fn put(&self, name: &str, file: &File, waits: Weak<()>) -> Result<(), StoreError> {
        let (key, size) = (self.key(name), file.metadata()?.len());
        let head = self.bucket.head_object(Some(&self.credentials), &key).sign(SOON);
        let there = self.agent.head(head.as_str()).call()?;
        let length = there.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
        if there.status() == 200 && length == Some(size) {
            return Ok(());
        }
        let mut content = Content { file, at: 0, waits };
        let put = self.bucket.put_object(Some(&self.credentials), &key).sign(SOON);
        let request = self.agent.put(put.as_str()).header("content-length", size.to_string());
        answered(request.send(SendBody::from_reader(&mut content))?)
    }

    /// A link by which a host can fetch what has that name.
    pub fn link(&self, name: &str) -> String {
        self.bucket.get_object(Some(&self.credentials), &self.key(name)).sign(LINK).into()
    }

    /// Takes what has that name away, if it is there. Blocks.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        let key = self.key(name);
        let delete = self.bucket.delete_object(Some(&self.credentials), &key).sign(SOON);
        answered(self.agent.delete(delete.as_str()).call()?)
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// What came of a request that changes something.
fn answered(mut answer: ureq::http::Response<ureq::Body>) -> Result<(), StoreError> {
    if answer.status().is_success() {
        return Ok(());
    }
    let body = answer.body_mut().with_config().limit(64 << 10).read_to_string().unwrap_or_default();
    Err(StoreError::Refused { status: answer.status().as_u16(), code: error::code(&body) })
}

/// A file as it is sent, while somebody waits for that. Others read the same file at other places.
struct Content<'a> {
    file: &'a File,
    at: u64,
    waits: Weak<()>,
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt as _;
        if self.waits.strong_count() == 0 {
            return Err(io::Error::other("nobody waits for it any more"));
        }
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
