//! Passwords and other questions of a host, for a person to answer.

use russh::MethodSet;
use russh::client::{AuthResult, KeyboardInteractiveAuthResponse};

use super::config::Destination;
use super::handshake::{Handle, in_words};
use super::{Settings, harmless};

/// What came of an attempt.
pub(super) enum Outcome {
    /// We are in.
    In,
    /// It was right, and the host wants one of these besides.
    More(MethodSet),
    /// It was not, for this reason.
    No(String),
}

/// Asks a person, without keeping others waiting who need no answer.
async fn ask(settings: &Settings, question: String) -> Option<String> {
    let ask = settings.ask.clone();
    tokio::task::spawn_blocking(move || ask(&question)).await.ok().flatten()
}

const NOBODY: &str = "there is no terminal to ask on";

/// What is known is tried once: it does not become right, and wrong ones are counted.
fn tries(destination: &Destination, settings: &Settings) -> usize {
    if settings.password.is_some() { 1 } else { destination.password_prompts }
}

/// Signs in with a password.
pub(super) async fn password(handle: &mut Handle, destination: &Destination, settings: &Settings) -> Outcome {
    for _ in 0..tries(destination, settings) {
        let question = format!("{}@{}'s password: ", destination.user, destination.name);
        let password = match &settings.password {
            Some(secret) => Some(secret.expose_password().to_owned()),
            None => ask(settings, question).await,
        };
        let Some(password) = password else {
            return Outcome::No(NOBODY.to_owned());
        };
        match handle.authenticate_password(destination.user.clone(), password).await {
            Ok(AuthResult::Success) => return Outcome::In,
            Ok(AuthResult::Failure { partial_success: true, remaining_methods }) => {
                return Outcome::More(remaining_methods);
            }
            Ok(AuthResult::Failure { .. }) if handle.is_closed() => break,
            Ok(AuthResult::Failure { .. }) => {}
            Err(e) => return Outcome::No(in_words(&e)),
        }
    }
    Outcome::No("refused".to_owned())
}

/// Answers whatever the host asks.
pub(super) async fn interactive(handle: &mut Handle, destination: &Destination, settings: &Settings) -> Outcome {
    use KeyboardInteractiveAuthResponse::{Failure, InfoRequest, Success};
    for _ in 0..tries(destination, settings) {
        let mut known = settings.password.as_ref();
        let mut answer = handle.authenticate_keyboard_interactive_start(destination.user.clone(), None).await;
        loop {
            let prompts = match answer {
                Ok(Success) => return Outcome::In,
                Ok(Failure { partial_success: true, remaining_methods }) => return Outcome::More(remaining_methods),
                Ok(Failure { .. }) => break,
                Ok(InfoRequest { prompts, .. }) => prompts,
                Err(e) => return Outcome::No(in_words(&e)),
            };
            let mut answers = Vec::new();
            for prompt in prompts {
                let question = format!("({}) {} ", destination.name, harmless(prompt.prompt.trim_end()));
                // Asked again, or asked something else, it is not what is wanted.
                let is_password = !prompt.echo && prompt.prompt.to_lowercase().contains("password");
                let told = match known.take_if(|_| is_password) {
                    Some(secret) => Some(secret.expose_password().to_owned()),
                    None => ask(settings, question).await,
                };
                match told {
                    Some(answer) => answers.push(answer),
                    None => return Outcome::No(NOBODY.to_owned()),
                }
            }
            answer = handle.authenticate_keyboard_interactive_respond(answers).await;
        }
        if handle.is_closed() {
            break;
        }
    }
    Outcome::No("refused".to_owned())
}
