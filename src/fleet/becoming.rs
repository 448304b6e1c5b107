//! Whom to become on a host once logged in.

/// Another user of the host, and the way to become them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Become {
    /// Their name: letters, digits, `.`, `_` and `-`.
    pub user: String,
    /// What does it.
    pub by: By,
    /// The secret that is the login's password, where one is asked for.
    pub password: Option<String>,
}

/// What makes one user another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// sudo, as most have it.
    Sudo,
    /// doas; it takes no password but from a terminal, so it needs a `nopass` rule.
    Doas,
}

impl By {
    /// The command.
    pub fn command(self) -> &'static str {
        match self {
            Self::Sudo => "sudo",
            Self::Doas => "doas",
        }
    }
}

impl Become {
    /// What the host's administrator has to write for it.
    pub fn rule(&self, login: &str) -> String {
        match (self.by, &self.password) {
            (By::Sudo, None) => format!("a line such as  {login} ALL=({}) NOPASSWD: ALL  in its sudoers", self.user),
            (By::Sudo, Some(name)) => {
                format!(
                    "a line such as  {login} ALL=({}) ALL  in its sudoers, and the secret {name} to be right whenever sudo asks",
                    self.user
                )
            }
            (By::Doas, _) => format!("a line such as  permit nopass {login} as {}  in its doas.conf", self.user),
        }
    }
}
