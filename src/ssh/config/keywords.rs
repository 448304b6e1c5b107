//! Every keyword of `ssh_config`: what it may say, and what relm makes of it.

use super::algorithms;

use Form::{Any, Flag, Number, One, Port, Text, Time, Words};
use Meaning::{Counts, Elsewhere, Nothing};

/// What a keyword's arguments must look like. ssh refuses a file with others, even in blocks that do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `yes`, `no`, `true` or `false`.
    Flag,
    /// One of these.
    One(&'static [&'static str]),
    /// One whole number.
    Number,
    /// One number of a port.
    Port,
    /// One length of time.
    Time,
    /// One word.
    Text,
    /// One word or more.
    Words,
    /// The rest of the line as it stands.
    Any,
}

/// What relm makes of a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Its value counts.
    Counts,
    /// Nothing: it changes neither who is reached nor who is trusted.
    Nothing,
    /// It changes that, in a way relm does not know. Only these values, which turn it off, are taken.
    Elsewhere(&'static [&'static str]),
}

/// A keyword as ssh's manual writes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keyword {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) meaning: Meaning,
}

const OFF: &[&str] = &["no", "false"];
const NONE: &[&str] = &["none"];
const ASK: &[&str] = &["yes", "no", "true", "false", "ask"];

const KEYWORDS: &[(&str, Form, Meaning)] = &[
    ("AddKeysToAgent", Any, Nothing),
    ("AddressFamily", One(&["any", "inet", "inet6"]), Counts),
    ("BatchMode", Flag, Counts),
    ("BindAddress", Text, Counts),
    ("BindInterface", Text, Elsewhere(&[])),
    ("CanonicalDomains", Words, Nothing),
    ("CanonicalizeFallbackLocal", Flag, Nothing),
    ("CanonicalizeHostname", One(&["yes", "no", "true", "false", "always"]), Elsewhere(OFF)),
    ("CanonicalizeMaxDots", Number, Nothing),
    ("CanonicalizePermittedCNAMEs", Words, Elsewhere(NONE)),
    ("CASignatureAlgorithms", Text, Counts),
    ("CertificateFile", Text, Counts),
    ("ChannelTimeout", Words, Nothing),
    ("CheckHostIP", Flag, Elsewhere(OFF)),
    ("Ciphers", Text, Counts),
    ("ClearAllForwardings", Flag, Nothing),
    ("Compression", Flag, Nothing),
    ("ConnectionAttempts", Number, Counts),
    ("ConnectTimeout", Time, Counts),
    ("ControlMaster", One(&["yes", "no", "true", "false", "ask", "auto", "autoask"]), Nothing),
    ("ControlPath", Text, Nothing),
    ("ControlPersist", Text, Nothing),
    ("DynamicForward", Words, Nothing),
    ("EnableEscapeCommandline", Flag, Nothing),
    ("EnableSSHKeysign", Flag, Nothing),
    ("EscapeChar", Text, Nothing),
    ("ExitOnForwardFailure", Flag, Nothing),
    ("FingerprintHash", One(&["md5", "sha256"]), Nothing),
    ("ForkAfterAuthentication", Flag, Nothing),
    ("ForwardAgent", Text, Counts),
    ("ForwardX11", Flag, Nothing),
    ("ForwardX11Timeout", Time, Nothing),
    ("ForwardX11Trusted", Flag, Nothing),
    ("GatewayPorts", Flag, Nothing),
    ("GlobalKnownHostsFile", Words, Counts),
    ("GSSAPIAuthentication", Flag, Nothing),
    ("GSSAPIClientIdentity", Text, Nothing),
    ("GSSAPIDelegateCredentials", Flag, Nothing),
    ("GSSAPIKexAlgorithms", Text, Nothing),
    // With it ssh may trust a host by Kerberos, without its key.
    ("GSSAPIKeyExchange", Flag, Nothing),
    ("GSSAPIRenewalForcesRekey", Flag, Nothing),
    ("GSSAPIServerIdentity", Text, Nothing),
    ("GSSAPITrustDns", Flag, Nothing),
    ("HashKnownHosts", Flag, Counts),
    ("HostbasedAcceptedAlgorithms", Text, Nothing),
    ("HostbasedAuthentication", Flag, Nothing),
    ("HostKeyAlgorithms", Text, Counts),
    ("HostKeyAlias", Text, Counts),
    ("HostName", Text, Counts),
    ("IdentitiesOnly", Flag, Counts),
    ("IdentityAgent", Text, Counts),
    ("IdentityFile", Text, Counts),
    ("IgnoreUnknown", Text, Counts),
    ("IPQoS", Words, Nothing),
    ("KbdInteractiveAuthentication", Flag, Counts),
    ("KbdInteractiveDevices", Text, Nothing),
    ("KexAlgorithms", Text, Counts),
    ("KnownHostsCommand", Any, Elsewhere(NONE)),
    ("LocalCommand", Any, Nothing),
    ("LocalForward", Words, Nothing),
    ("LogLevel", One(&["quiet", "fatal", "error", "info", "verbose", "debug", "debug1", "debug2", "debug3"]), Nothing),
    ("LogVerbose", Words, Nothing),
    ("MACs", Text, Counts),
    ("NoHostAuthenticationForLocalhost", Flag, Nothing),
    ("NumberOfPasswordPrompts", Number, Counts),
    ("ObscureKeystrokeTiming", Words, Nothing),
    ("PasswordAuthentication", Flag, Counts),
    ("PermitLocalCommand", Flag, Nothing),
    ("PermitRemoteOpen", Words, Nothing),
    ("PKCS11Provider", Text, Nothing),
    ("Port", Port, Counts),
    ("PreferredAuthentications", Text, Counts),
    ("ProxyCommand", Any, Counts),
    ("ProxyJump", Any, Counts),
    ("ProxyUseFdpass", Flag, Elsewhere(OFF)),
    ("PubkeyAcceptedAlgorithms", Text, Counts),
    ("PubkeyAuthentication", One(&["yes", "no", "true", "false", "unbound", "host-bound"]), Counts),
    ("RekeyLimit", Words, Nothing),
    // `ssh HOST COMMAND` refuses to run beside it.
    ("RemoteCommand", Any, Elsewhere(NONE)),
    ("RemoteForward", Words, Nothing),
    ("RequestTTY", One(&["yes", "no", "true", "false", "force", "auto"]), Nothing),
    ("RequiredRSASize", Number, Counts),
    ("RevokedHostKeys", Words, Counts),
    ("SecurityKeyProvider", Text, Nothing),
    ("SendEnv", Words, Counts),
    ("ServerAliveCountMax", Number, Counts),
    ("ServerAliveInterval", Time, Counts),
    ("SessionType", One(&["none", "subsystem", "default"]), Elsewhere(&["default"])),
    ("SetEnv", Words, Counts),
    ("StdinNull", Flag, Nothing),
    ("StreamLocalBindMask", Text, Nothing),
    ("StreamLocalBindUnlink", Flag, Nothing),
    ("StrictHostKeyChecking", One(&["yes", "no", "true", "false", "ask", "off", "accept-new"]), Counts),
    ("SyslogFacility", Text, Nothing),
    ("Tag", Text, Elsewhere(NONE)),
    ("TCPKeepAlive", Flag, Nothing),
    ("Tunnel", One(&["yes", "no", "true", "false", "point-to-point", "ethernet"]), Nothing),
    ("TunnelDevice", Text, Nothing),
    ("UpdateHostKeys", One(ASK), Nothing),
    ("User", Text, Counts),
    ("UserKnownHostsFile", Words, Counts),
    ("VerifyHostKeyDNS", One(ASK), Nothing),
    ("VersionAddendum", Any, Nothing),
    ("VisualHostKey", Flag, Nothing),
    ("WarnWeakCrypto", Any, Nothing),
    ("XAuthLocation", Text, Nothing),
    // What ssh itself no longer minds.
    ("AFSTokenPassing", Any, Nothing),
    ("Cipher", Any, Nothing),
    ("CompressionLevel", Any, Nothing),
    ("FallBackToRsh", Any, Nothing),
    ("GlobalKnownHostsFile2", Any, Nothing),
    ("KerberosAuthentication", Any, Nothing),
    ("KerberosTGTPassing", Any, Nothing),
    ("Protocol", Any, Nothing),
    ("RhostsAuthentication", Any, Nothing),
    ("RhostsRSAAuthentication", Any, Nothing),
    ("RSAAuthentication", Any, Nothing),
    ("SmartcardDevice", Any, Nothing),
    ("UsePrivilegedPort", Any, Nothing),
    ("UserKnownHostsFile2", Any, Nothing),
    ("UseRoaming", Any, Nothing),
    ("UseRsh", Any, Nothing),
];

/// Other names of the same keywords.
const ALIASES: &[(&str, &str)] = &[
    ("canonicalisefallbacklocal", "canonicalizefallbacklocal"),
    ("canonicalisehostname", "canonicalizehostname"),
    ("canonicalisemaxdots", "canonicalizemaxdots"),
    ("canonicalisepermittedcnames", "canonicalizepermittedcnames"),
    ("challengeresponseauthentication", "kbdinteractiveauthentication"),
    ("dsaauthentication", "pubkeyauthentication"),
    ("hostbasedkeytypes", "hostbasedacceptedalgorithms"),
    ("identityfile2", "identityfile"),
    ("keepalive", "tcpkeepalive"),
    ("pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms"),
    ("skeyauthentication", "kbdinteractiveauthentication"),
    ("tisauthentication", "kbdinteractiveauthentication"),
];

/// Finds a keyword, written in small letters.
pub(super) fn find(keyword: &str) -> Option<Keyword> {
    let keyword = ALIASES.iter().find(|(alias, _)| *alias == keyword).map_or(keyword, |(_, name)| name);
    let (name, form, meaning) = *KEYWORDS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(keyword))?;
    Some(Keyword { name, form, meaning })
}

impl Keyword {
    /// Says what is wrong with arguments that ssh would refuse.
    pub(super) fn check(&self, arguments: &[String]) -> Result<(), String> {
        let name = self.name;
        let Some(first) = arguments.first().filter(|first| !first.is_empty()) else {
            return Err(format!("{name} has no value"));
        };
        if arguments.len() > 1 && !matches!(self.form, Words | Any) {
            return Err(format!("{name} has more than one value"));
        }
        if let Some(kind) = algorithms::kind(name) {
            algorithms::check(first, kind)?;
        }
        if name == "SetEnv" && arguments.iter().any(|argument| !argument.contains('=')) {
            return Err("SetEnv has no =".to_owned());
        }
        let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(first));
        let good = match self.form {
            Flag => is_one_of(&["yes", "no", "true", "false"]),
            One(words) => is_one_of(words),
            Number => first.parse::<i32>().is_ok_and(|number| number >= 0),
            Port => first.parse::<u16>().is_ok_and(|port| port > 0),
            Time => super::scalars::time(first).is_some(),
            Text | Words | Any => true,
        };
        if good { Ok(()) } else { Err(format!("{first:?} is no value for {name}")) }
    }

    /// Says why relm cannot go by a value.
    pub(super) fn refuse(&self, value: &str) -> Option<String> {
        match self.meaning {
            Elsewhere(harmless) if !harmless.iter().any(|word| word.eq_ignore_ascii_case(value)) => {
                Some(format!("{} is not supported", self.name))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_however_they_are_written() {
        assert_eq!(find("hostname").unwrap().name, "HostName");
        assert_eq!(find("challengeresponseauthentication").unwrap().name, "KbdInteractiveAuthentication");
        assert!(find("hostnames").is_none());
        for (alias, name) in ALIASES {
            assert_eq!(find(alias).unwrap().name.to_lowercase(), *name);
        }
    }
}
