//! JSON by POST. Errors never hold the address: whoever knows it may write there.

use std::time::Duration;

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// Posts to a webhook.
pub(super) async fn post(
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    limit: Duration,
) -> Result<(), String> {
    let posted = tokio::task::spawn_blocking(move || try_post(&url, &headers, &body, limit));
    // What the system itself does about a name may know no limit.
    match tokio::time::timeout(limit + Duration::from_secs(1), posted).await {
        Ok(Ok(posted)) => posted,
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it did not answer within {} s", limit.as_secs())),
    }
}

fn try_post(url: &str, headers: &[(String, String)], body: &str, limit: Duration) -> Result<(), String> {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    // A redirect could take the headers to somebody else.
    let config = Agent::config_builder().tls_config(tls).http_status_as_error(false).max_redirects(0);
    let agent = config.timeout_global(Some(limit)).build().new_agent();
    let user_agent = concat!("relm/", env!("CARGO_PKG_VERSION"));
    let request = agent.post(url).header("content-type", "application/json").header("user-agent", user_agent);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    let answer = request.send(body).map_err(|error| said(&error, limit))?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("it answered {}", answer.status().as_u16())) }
}

fn said(error: &ureq::Error, limit: Duration) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("it did not answer within {} s", limit.as_secs()),
        ureq::Error::HostNotFound => "its host is not known".to_owned(),
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) | ureq::Error::Http(_) => {
            "its address or a header cannot be used".to_owned()
        }
        other => other.to_string(),
    }
}
