//! Lists of algorithms: ssh's language for them, and the names it knows.

use crate::ssh::pattern;

/// The names of one kind.
#[derive(Debug)]
pub(super) struct Kind {
    /// What relm can do and offers where nothing is said, the best first.
    pub(super) usual: &'static [&'static str],
    /// What it can do and offers only where it is asked to.
    pub(super) weak: &'static [&'static str],
    /// What ssh knows and relm cannot do.
    pub(super) foreign: &'static [&'static str],
}

/// What is agreed with a host; `None` means the usual.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::ssh) struct Algorithms {
    /// `KexAlgorithms`.
    pub(in crate::ssh) key_exchange: Option<Vec<String>>,
    /// `Ciphers`.
    pub(in crate::ssh) ciphers: Option<Vec<String>>,
    /// `MACs`.
    pub(in crate::ssh) macs: Option<Vec<String>>,
    /// `HostKeyAlgorithms`.
    pub(in crate::ssh) host_keys: Option<Vec<String>>,
    /// Whether the order of `HostKeyAlgorithms` is the person's own, and not to be changed by what is known.
    pub(in crate::ssh) host_keys_in_order: bool,
    /// `PubkeyAcceptedAlgorithms`.
    pub(in crate::ssh) own_keys: Option<Vec<String>>,
    /// `CASignatureAlgorithms`.
    pub(in crate::ssh) authorities: Option<Vec<String>>,
}

const KEY_EXCHANGE: Kind = Kind {
    usual: &[
        "mlkem768x25519-sha256",
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512",
        "diffie-hellman-group14-sha256",
    ],
    weak: &["diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1", "diffie-hellman-group-exchange-sha1"],
    foreign: &["sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com"],
};

const CIPHERS: Kind = Kind {
    usual: &[
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "chacha20-poly1305@openssh.com",
        "aes256-ctr",
        "aes192-ctr",
        "aes128-ctr",
    ],
    weak: &["aes128-cbc", "aes192-cbc", "aes256-cbc"],
    foreign: &["3des-cbc", "rijndael-cbc@lysator.liu.se"],
};

const MACS: Kind = Kind {
    usual: &[
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-512-etm@openssh.com",
        "hmac-sha2-256",
        "hmac-sha2-512",
        "hmac-sha1-etm@openssh.com",
        "hmac-sha1",
    ],
    weak: &[],
    foreign: &[
        "umac-64-etm@openssh.com",
        "umac-128-etm@openssh.com",
        "umac-64@openssh.com",
        "umac-128@openssh.com",
        "hmac-md5",
        "hmac-md5-96",
        "hmac-md5-etm@openssh.com",
        "hmac-md5-96-etm@openssh.com",
        "hmac-sha1-96",
        "hmac-sha1-96-etm@openssh.com",
    ],
};

const HOST_KEYS: Kind = Kind {
    usual: &[
        "ssh-ed25519-cert-v01@openssh.com",
        "ecdsa-sha2-nistp256-cert-v01@openssh.com",
        "ecdsa-sha2-nistp384-cert-v01@openssh.com",
        "ecdsa-sha2-nistp521-cert-v01@openssh.com",
        "rsa-sha2-512-cert-v01@openssh.com",
        "rsa-sha2-256-cert-v01@openssh.com",
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "rsa-sha2-512",
        "rsa-sha2-256",
    ],
    weak: &["ssh-rsa", "ssh-rsa-cert-v01@openssh.com"],
    foreign: &[
        "sk-ssh-ed25519-cert-v01@openssh.com",
        "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
        "ssh-dss",
        "ssh-dss-cert-v01@openssh.com",
    ],
};

/// Keys of our own may live in security keys: the agent signs.
const OWN_KEYS: Kind = Kind {
    usual: &[
        "ssh-ed25519-cert-v01@openssh.com",
        "ecdsa-sha2-nistp256-cert-v01@openssh.com",
        "ecdsa-sha2-nistp384-cert-v01@openssh.com",
        "ecdsa-sha2-nistp521-cert-v01@openssh.com",
        "sk-ssh-ed25519-cert-v01@openssh.com",
        "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
        "rsa-sha2-512-cert-v01@openssh.com",
        "rsa-sha2-256-cert-v01@openssh.com",
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "rsa-sha2-512",
        "rsa-sha2-256",
    ],
    weak: &[],
    foreign: &[
        "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
        "ssh-rsa",
        "ssh-rsa-cert-v01@openssh.com",
        "ssh-dss",
        "ssh-dss-cert-v01@openssh.com",
    ],
};

const AUTHORITIES: Kind = Kind {
    usual: &[
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "rsa-sha2-512",
        "rsa-sha2-256",
    ],
    weak: &[],
    foreign: &["webauthn-sk-ecdsa-sha2-nistp256@openssh.com", "ssh-rsa", "ssh-dss"],
};

/// Returns what a keyword lists.
pub(super) fn kind(keyword: &str) -> Option<&'static Kind> {
    match keyword {
        "KexAlgorithms" => Some(&KEY_EXCHANGE),
        "Ciphers" => Some(&CIPHERS),
        "MACs" => Some(&MACS),
        "HostKeyAlgorithms" => Some(&HOST_KEYS),
        "PubkeyAcceptedAlgorithms" => Some(&OWN_KEYS),
        "CASignatureAlgorithms" => Some(&AUTHORITIES),
        _ => None,
    }
}

/// Says which name of a list nobody knows.
pub(super) fn check(text: &str, kind: &Kind) -> Result<(), String> {
    let list = match text.strip_prefix(['+', '^']) {
        Some(list) => list,
        None if text.starts_with('-') => return Ok(()),
        None => text,
    };
    let known =
        |name: &str| [kind.usual, kind.weak, kind.foreign].concat().iter().any(|known| pattern::matches(name, known));
    match list.split(',').find(|name| !known(name)) {
        Some(unknown) => Err(format!("{unknown} is no algorithm ssh or relm know")),
        None => Ok(()),
    }
}

/// Reads `a,b`, `+a`, `-a*` or `^a`. What relm cannot do is left out, as long as something is left.
pub(super) fn read(text: &str, kind: &Kind) -> Result<Vec<String>, String> {
    check(text, kind)?;
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let (sign, list) = match text.chars().next() {
        Some(sign @ ('+' | '-' | '^')) => (Some(sign), &text[1..]),
        _ => (None, text),
    };
    let mut chosen = Vec::new();
    if sign != Some('-') {
        for name in list.split(',') {
            let known = kind.usual.iter().chain(kind.weak).chain(kind.foreign).copied();
            let found: Vec<&str> = known.filter(|known| pattern::matches(name, known)).collect();
            let able = found.into_iter().filter(|name| !kind.foreign.contains(name));
            chosen.extend(able.map(str::to_owned));
        }
    }
    let mut all = match sign {
        None => chosen,
        Some('+') => own(kind.usual).into_iter().chain(chosen).collect(),
        Some('^') => chosen.into_iter().chain(own(kind.usual)).collect(),
        Some(_) => {
            let unwanted = |name: &str| list.split(',').any(|pattern| pattern::matches(pattern, name));
            own(kind.usual).into_iter().filter(|name| !unwanted(name)).collect()
        }
    };
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|name: &String| seen.insert(name.clone()));
    if all.is_empty() {
        return Err(format!("relm can do none of {text}"));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_as_ssh_reads_them() {
        let read = |text| read(text, &CIPHERS).map(|names| names.join(" "));
        let usual = CIPHERS.usual.join(" ");
        assert_eq!(read("aes256-ctr,aes128-ctr").unwrap(), "aes256-ctr aes128-ctr");
        assert_eq!(read("+aes128-cbc").unwrap(), format!("{usual} aes128-cbc"));
        assert_eq!(read("-aes*").unwrap(), "chacha20-poly1305@openssh.com");
        assert!(read("^aes128-ctr").unwrap().starts_with("aes128-ctr aes128-gcm"));
        assert_eq!(read("3des-cbc,aes128-ctr").unwrap(), "aes128-ctr");
        assert!(read("3des-cbc").unwrap_err().contains("can do none"));
        assert!(read("aes129-ctr").unwrap_err().contains("aes129-ctr"));
        assert!(read("-*").is_err());
    }
}
