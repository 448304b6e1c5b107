//! A script that runs as another user of the host, by sudo or doas.

use crate::fleet::{Become, By};
use crate::script::Script;
use crate::secret::{Secret, Secrets};

/// `script` in a shell of the other user, who sees nothing of this one's variables.
pub(super) fn as_another(script: &Script, becoming: &Become, secrets: &Secrets) -> Script {
    // The braces make the other shell read all of it before it runs any of it.
    let inner = format!("{{\n{}\n}} </dev/null", script.as_str());
    let password = becoming.password.as_ref().and_then(|name| secrets.get(name));
    let by = if password.is_some() { "password" } else { becoming.by.command() };
    Script::new(include_str!("becoming.sh"))
        .set("relm_user", &becoming.user)
        .set("relm_by", by)
        .set("relm_password", password.map(Secret::expose_password).unwrap_or_default())
        .set("relm_rule", becoming.rule("LOGIN"))
        .set("relm_length", inner.len().to_string())
        .set("relm_script", inner)
}

/// `script`, done as another user if one is to do it.
pub(super) fn run_as(becoming: Option<&Become>, script: Script, secrets: &Secrets) -> Script {
    match becoming {
        Some(becoming) => as_another(&script, becoming, secrets),
        None => script,
    }
}

/// Does nothing as another user: says whether that can be done.
pub fn probe(becoming: &Become, secrets: &Secrets) -> Script {
    debug_assert!(becoming.by == By::Sudo || becoming.password.is_none(), "doas is given no password");
    as_another(&Script::new(":"), becoming, secrets)
}
