//! Admin tokens: `pct_` and the same digits with a checksum as an agent's key has.

use model::{AgentKey, Digest, KeyError, Secret};

const PREFIX: &str = "pct_";
const KEY_PREFIX: &str = "pc_";

/// Makes a token from 256 random bits, with the hash under which the store keeps it.
pub fn new_token(random: [u8; 32]) -> (Secret, Digest) {
    let key = AgentKey::from_random(random);
    let digits = key.secret().expose().trim_start_matches(KEY_PREFIX);
    let token = Secret::new(format!("{PREFIX}{digits}"));
    let hash = Digest::of(token.expose().as_bytes());
    (token, hash)
}

/// The hash of what has the form and checksum of a token.
pub(crate) fn hash(text: &str) -> Result<Digest, KeyError> {
    let digits = text.strip_prefix(PREFIX).ok_or(KeyError)?;
    AgentKey::parse(&format!("{KEY_PREFIX}{digits}"))?;
    Ok(Digest::of(text.as_bytes()))
}
