//! How the shells on a host are started as another user than the login.
//!
//! sudo and doas start relm's shells themselves, so that everything after that, from the first look to the last record, is
//! the other user's: whose processes they are, who may end them, whose home a path starts in.

use std::borrow::Cow;
use std::fmt;

use super::bulk::{BULK, reads_script};
use super::frame::CONTROL;
use crate::fleet::{Become, By};
use crate::secret::Secret;

/// A user to become at the start of every shell.
#[derive(Debug, Clone)]
pub(super) struct Becoming {
    becomes: Become,
    password: Option<Secret>,
}

// Only the login may end its ssh session, and only the other user knows when the network has broken without a word: they
// kill their shell (see kept.sh), and this is how the login hears of it.
macro_rules! hangs_up {
    () => {
        r#"[ "$s" = 137 ] && read -r n <"/proc/$PPID/comm" && case $n in sshd*) kill "$PPID";; esac;"#
    };
}

// Whoever logs in may have any shell, and what is known only at run time is no program text: so these are whole, and the
// user and the password are the first lines of the input. `cd`, because the other user may not be allowed to be where
// the login starts. The home comes from sudo's -H; doas sets it anyway.
macro_rules! plainly {
    ($command:literal, $shell:expr) => {
        concat!(
            r#"exec sh -c 'IFS= read -r u && cd / && "#,
            $command,
            r#" -u "$u" -- "$@"; s=$?; "#,
            hangs_up!(),
            r#" exit "$s"' sh "#,
            $shell
        )
    };
}

// A password is tried once, on its own, with nothing behind it that would be taken for the next attempt. Then sudo reads
// it again from relm itself: what it has no need of is passed over, and when it ends, so does all.
macro_rules! with_password {
    ($shell:expr) => {
        concat!(
            r#"exec sh -c 'IFS= read -r u && IFS= read -r p && cd / && "#,
            r#"printf "%s\n" "$p" | sudo -S -k -p "" -H -u "$u" -- sh -c : && "#,
            r#"sudo -S -k -p "" -H -u "$u" -- sh -c "$@"; s=$?; "#,
            hangs_up!(),
            r#" exit "$s"' sh "#,
            r#"'while IFS= read -r l && [ "$l" != relm-begins ]; do :; done; exec "$@"' sh "#,
            $shell
        )
    };
}

macro_rules! control {
    ($way:ident $(, $command:literal)?) => { $way!($($command,)? r#"sh -c 'cd 2>/dev/null || cd /; exec sh'"#) };
}

macro_rules! bulk {
    ($way:ident $(, $command:literal)?) => {
        $way!($($command,)? concat!("sh -c 'cd 2>/dev/null || cd /; ", reads_script!(), "'"))
    };
}

impl Becoming {
    pub(super) fn new(becomes: Become, password: Option<Secret>) -> Self {
        Self { becomes, password }
    }

    pub(super) fn has_password(&self) -> bool {
        self.password.is_some()
    }

    fn control(&self) -> &'static str {
        match (self.becomes.by, &self.password) {
            (By::Doas, _) => control!(plainly, "doas -n"),
            (By::Sudo, None) => control!(plainly, "sudo -n -H"),
            (By::Sudo, Some(_)) => control!(with_password),
        }
    }

    fn bulk(&self) -> &'static str {
        match (self.becomes.by, &self.password) {
            (By::Doas, _) => bulk!(plainly, "doas -n"),
            (By::Sudo, None) => bulk!(plainly, "sudo -n -H"),
            (By::Sudo, Some(_)) => bulk!(with_password),
        }
    }

    /// What such a command reads first. A sudo that does not take a password for the second time, because it was good for
    /// once, asks again: it gets nothing as often as it may ask, and no word of a script.
    fn preface(&self) -> String {
        let asked_again = "\n".repeat(9);
        let password = self.password.as_ref().map(Secret::expose_password);
        let password = password.map(|password| format!("{password}\n{password}\n{asked_again}relm-begins\n"));
        format!("{}\n{}", self.becomes.user, password.unwrap_or_default())
    }

    /// What is to be said where no shell came of it, with what the host said.
    pub(super) fn refused(&self, said: &str) -> String {
        let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        // Whoever answers there has been told it.
        let password = self.password.as_ref().map(Secret::expose_password).filter(|password| !password.is_empty());
        let said = password.map_or(said.join("; "), |password| said.join("; ").replace(password, "[password]"));
        let said = if said.is_empty() { "it said nothing".to_owned() } else { said };
        format!("{}: {said} (it takes {})", self.becomes.user, self.becomes.rule("LOGIN"))
    }
}

/// A way of starting a shell: its command, and what it is to read before all else.
pub(super) struct Start {
    pub(super) command: Cow<'static, str>,
    pub(super) preface: Option<String>,
}

impl Start {
    pub(super) fn control(becoming: Option<&Becoming>) -> Self {
        let command = becoming.map_or(CONTROL, Becoming::control);
        Self { command: command.into(), preface: becoming.map(Becoming::preface) }
    }

    /// A control shell of the login's own that has begun to run a script.
    pub(super) fn running(command: String) -> Self {
        Self { command: command.into(), preface: None }
    }

    pub(super) fn bulk(becoming: Option<&Becoming>) -> Self {
        let command = becoming.map_or(BULK, Becoming::bulk);
        Self { command: command.into(), preface: becoming.map(Becoming::preface) }
    }
}

/// There may be a password in it.
impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").field("command", &self.command).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_login_shell_reads_the_commands_the_same_way() {
        let password = || Some(Secret::new("pass'word".to_owned()).expect("a secret"));
        for (by, password) in [(By::Sudo, None), (By::Sudo, password()), (By::Doas, None)] {
            let becomes = Become { user: "app".to_owned(), by, password: None };
            let becoming = Becoming::new(becomes, password);
            for command in [becoming.control(), becoming.bulk()] {
                // csh takes no newline in quotes; outside of quotes stand plain words alone.
                assert!(!command.contains('\n') && command.matches('\'').count() % 2 == 0, "{command}");
                let bare: String = command.split('\'').step_by(2).collect();
                assert!(bare.chars().all(|c| c.is_ascii_alphanumeric() || " -".contains(c)), "{bare}");
                assert!(!command.contains("app") && !command.contains("pass'word"), "{command}");
            }
        }
    }
}
