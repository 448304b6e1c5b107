//! Tells somebody of a run: a webhook, a command or a letter. What goes wrong there is one sentence without a secret in it.

mod program;
mod webhook;

use std::borrow::Cow;
use std::path::Path;

use tokio::process::Command;

use crate::config::{Notifier, NotifyBy, Value};
use crate::secret::Secrets;

/// What is told.
#[derive(Debug, Clone)]
pub struct Message {
    /// JSON, for webhooks and commands.
    pub payload: String,
    /// A line of ASCII, for letters.
    pub subject: String,
    /// Text of some lines, for letters.
    pub text: String,
    /// Variables for commands.
    pub variables: Vec<(&'static str, String)>,
}

/// Tells one; returns why that was in vain. `directory` is where commands run.
pub async fn send(notifier: &Notifier, message: &Message, secrets: &Secrets, directory: &Path) -> Result<(), String> {
    let limit = notifier.time_limit;
    let sent = match &notifier.way {
        NotifyBy::Webhook { url, headers } => {
            let headers = headers.iter().map(|(name, value)| Ok((name.clone(), whole(value, secrets)?)));
            let headers = headers.collect::<Result<Vec<_>, String>>()?;
            webhook::post(whole(url, secrets)?, headers, message.payload.clone(), limit).await
        }
        NotifyBy::Command { command, secrets: names } => {
            let mut sh = Command::new("/bin/sh");
            sh.arg("-c").arg(command).current_dir(directory);
            program::without_hidden(&mut sh);
            sh.envs(message.variables.iter().map(|(name, value)| (name, value)));
            for name in names {
                sh.env(name, secrets.get(name).ok_or_else(|| missing(name))?.expose_line());
            }
            program::run(sh, message.payload.clone(), limit).await
        }
        NotifyBy::Mail { to, sendmail } => {
            let mut program = Command::new(sendmail);
            program.args(["-i", "--"]).args(to).current_dir(directory);
            program::without_hidden(&mut program);
            program::run(program, letter(to, message), limit).await
        }
    };
    sent.map_err(|reason| match secrets.mask().apply(reason.as_bytes()) {
        Cow::Borrowed(_) => reason,
        Cow::Owned(masked) => String::from_utf8_lossy(&masked).into_owned(),
    })
}

fn whole(value: &Value, secrets: &Secrets) -> Result<String, String> {
    let Some(name) = &value.secret else { return Ok(value.plain.clone()) };
    let secret = secrets.get(name).ok_or_else(|| missing(name))?;
    Ok(format!("{}{}", value.plain, secret.expose_line()))
}

fn missing(name: &str) -> String {
    format!("the secret {name} is missing")
}

fn letter(to: &[String], message: &Message) -> String {
    format!(
        "To: {}\nSubject: {}\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{}\n",
        to.join(", "),
        message.subject,
        message.text
    )
}
