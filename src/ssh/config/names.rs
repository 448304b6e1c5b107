//! What the tokens of the configuration stand for.

use super::read::Asked;
use super::tokens::{self, Tokens};
use super::values::Values;

/// The names a connection goes by.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) given: String,
    pub(super) address: String,
    pub(super) port: u16,
    pub(super) user: String,
    alias: String,
    home: String,
    local_user: String,
    local_host: String,
}

impl Names {
    /// Goes by what is known by now: `Match exec` is judged in the middle of a file.
    pub(super) fn so_far(asked: &Asked<'_>, values: &Values) -> Result<Self, String> {
        let address = match values.value("hostname") {
            None => asked.host.to_owned(),
            Some(value) => {
                let name = tokens::expand(&value.arguments[0], &[('h', asked.host.to_owned())]);
                name.map_err(|reason| format!("{}: {reason}", value.place))?
            }
        };
        Ok(Self {
            given: asked.host.to_owned(),
            address,
            port: values.one("port").and_then(|port| port.parse().ok()).unwrap_or(22),
            user: values.one("user").unwrap_or(&asked.settings.local_user).to_owned(),
            alias: values.one("hostkeyalias").unwrap_or(asked.host).to_owned(),
            home: asked.settings.home.to_string_lossy().into_owned(),
            local_user: asked.settings.local_user.clone(),
            local_host: asked.settings.local_host.clone(),
        })
    }

    /// In the end ssh writes the address small; while files are read it stands as it was written.
    pub(super) fn settled(asked: &Asked<'_>, values: &Values) -> Result<Self, String> {
        let names = Self::so_far(asked, values)?;
        Ok(Self { address: names.address.to_lowercase(), ..names })
    }

    /// The few a `ProxyCommand` has.
    pub(super) fn few(&self) -> Tokens {
        vec![
            ('h', self.address.clone()),
            ('n', self.given.clone()),
            ('p', self.port.to_string()),
            ('r', self.user.clone()),
        ]
    }

    /// All that paths and `Match exec` have.
    pub(super) fn all(&self) -> Tokens {
        let port = self.port.to_string();
        let short = self.local_host.split('.').next().unwrap_or_default();
        let mut all = self.few();
        all.extend([
            ('C', tokens::connection(&self.local_host, &self.address, &port, &self.user)),
            ('d', self.home.clone()),
            ('i', rustix::process::getuid().as_raw().to_string()),
            ('k', self.alias.clone()),
            ('L', short.to_owned()),
            ('l', self.local_host.clone()),
            ('u', self.local_user.clone()),
        ]);
        all
    }
}
