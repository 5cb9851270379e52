//! The signature base: what is signed (RFC 9421, section 2.5).

use super::SignatureError;
use super::fields::Input;

/// A message as far as signatures speak of it.
pub struct Message<'m> {
    pub method: &'m str,
    pub scheme: &'m str,
    /// Host, and port unless it is the scheme's own; in lower case.
    pub authority: &'m str,
    pub path: &'m str,
    pub query: Option<&'m str>,
    /// Of an answer.
    pub status: Option<u16>,
    /// A field's lines, trimmed and joined by a comma and a blank; none where there is none.
    pub fields: &'m dyn Fn(&str) -> Option<String>,
}

impl Message<'_> {
    pub(super) fn field(&self, name: &str) -> Option<String> {
        (self.fields)(name)
    }

    /// A component's value (RFC 9421, section 2.2, and 2.1 for fields).
    fn component(&self, name: &str) -> Option<String> {
        let target = || match self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.to_owned(),
        };
        match name {
            "@method" => Some(self.method.to_owned()),
            "@scheme" => Some(self.scheme.to_owned()),
            "@authority" => Some(self.authority.to_owned()),
            "@path" => Some(if self.path.is_empty() { "/" } else { self.path }.to_owned()),
            "@query" => Some(format!("?{}", self.query.unwrap_or_default())),
            "@request-target" => Some(target()),
            "@target-uri" => Some(format!("{}://{}{}", self.scheme, self.authority, target())),
            "@status" => self.status.map(|status| status.to_string()),
            name if name.starts_with('@') => None,
            name => self.field(name),
        }
    }
}

/// The text that a signature signs.
pub fn base(input: &Input<'_>, message: &Message<'_>) -> Result<String, SignatureError> {
    let mut base = String::new();
    for name in &input.components {
        let value = message.component(name);
        let value = value.ok_or_else(|| SignatureError::Component(name.clone()))?;
        // A line break in a value would let one component pass for two.
        if value.contains(['\n', '\r']) {
            return Err(SignatureError::Component(name.clone()));
        }
        base.push_str(&format!("\"{name}\": {value}\n"));
    }
    base.push_str(&format!("\"@signature-params\": {}", input.parameters));
    Ok(base)
}
