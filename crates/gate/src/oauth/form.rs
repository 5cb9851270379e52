//! The body of a request to the token endpoint: `application/x-www-form-urlencoded`.

use super::error::OAuthError;

/// Bytes of a request to the token endpoint: two tokens and what goes with them.
pub(super) const MAX_FORM: usize = 64 * 1024;
const MAX_PARAMETERS: usize = 32;

/// Parameters by name, each once.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// A parameter that stands there twice is an error (RFC 6749, section 3.2).
    pub(super) fn parse(body: &[u8]) -> Result<Self, OAuthError> {
        let text = std::str::from_utf8(body).map_err(|_| wrong("is not text"))?;
        let mut form = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            if form.0.len() == MAX_PARAMETERS {
                return Err(wrong("has too many parameters"));
            }
            if form.0.iter().any(|(known, _)| *known == name) {
                let name = model::clip(&name, 64);
                return Err(OAuthError::Request(format!("`{name}` is given twice.")));
            }
            form.0.push((name, value));
        }
        Ok(form)
    }

    /// A parameter without a value is as if it were not there (RFC 6749, section 3.2).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name)?;
        Some(found.1.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::Request(format!("`{name}` is missing.")))
    }
}

fn wrong(what: &str) -> OAuthError {
    OAuthError::Request(format!("The body {what}: send application/x-www-form-urlencoded."))
}

/// `+` is a blank, `%XX` a byte.
pub(super) fn decoded(text: &str) -> Result<String, OAuthError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
                let (high, low) = (digit(), digit());
                match (high, low) {
                    (Some(high), Some(low)) => (high << 4 | low) as u8,
                    _ => return Err(wrong("has a percent sign without two digits")),
                }
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| wrong("is not text"))
}
