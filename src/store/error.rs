//! Why a store is of no use: never with an address that holds a signature.

/// What went wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its address is none.
    #[error("{0:?} is no address of a store")]
    Address(String),
    /// It answered, and did not do it.
    #[error("it answered {status}{}", said(code.as_deref()))]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// What S3 calls it.
        code: Option<String>,
    },
    /// It did not answer.
    #[error("{0}")]
    Silent(String),
    /// What is to be put there cannot be read.
    #[error("the archive cannot be read: {0}")]
    File(#[from] std::io::Error),
}

impl From<ureq::Error> for StoreError {
    fn from(error: ureq::Error) -> Self {
        Self::Silent(match error {
            // These tell the address.
            ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) | ureq::Error::Http(_) => {
                "its address cannot be used".to_owned()
            }
            ureq::Error::Timeout(what) => format!("it does not answer ({what})"),
            ureq::Error::HostNotFound => "its host is not known".to_owned(),
            ureq::Error::Io(error) => error.to_string(),
            other => other.to_string(),
        })
    }
}

fn said(code: Option<&str>) -> String {
    code.map(|code| format!(" ({code})")).unwrap_or_default()
}

/// The code in an error of S3: a word of letters. The rest may hold what was signed.
pub(super) fn code(body: &str) -> Option<String> {
    let (_, rest) = body.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_word = (1..=60).contains(&code.len()) && code.chars().all(|c| c.is_ascii_alphanumeric());
    is_word.then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_is_taken_from_an_error() {
        let body = "<?xml?><Error><Code>SignatureDoesNotMatch</Code><StringToSign>secret</StringToSign></Error>";
        assert_eq!(code(body).as_deref(), Some("SignatureDoesNotMatch"));
        assert_eq!(code("<Code>https://x/?X-Amz-Signature=1</Code>"), None);
        assert_eq!(code("<html>"), None);
        let refused = StoreError::Refused { status: 403, code: code(body) };
        assert_eq!(refused.to_string(), "it answered 403 (SignatureDoesNotMatch)");
    }
}
