//! Placeholders: what stands for a value that the gate keeps, and can put back.
//!
//! `pcv-email-k2vd7m4qsr5tw3xy`: readable enough for a model to carry through a sentence, of
//! characters that need no escape anywhere, and long enough that nobody guesses one.

/// The kind under which placeholders are found.
pub const PLACEHOLDER: &str = "vault.placeholder";

/// With what each begins.
pub(crate) const PREFIX: &str = "pcv-";

/// Characters after the last dash: 80 bits in base32 (RFC 4648 section 6, in small letters).
pub(crate) const ID_CHARACTERS: usize = 16;

/// The longest name of a kind in a placeholder.
pub(crate) const MAX_NAME: usize = 32;

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Keeps values, and gives them back to those who may have them.
///
/// An implementation is bound to one call: it knows the tenant, the agent, and who receives.
pub trait Vault: Send + Sync {
    /// A placeholder for a value; nothing where it cannot be kept, and then it is masked.
    fn keep(&self, kind: &str, value: &str) -> Option<String>;

    /// The value of a placeholder; nothing where there is none, or not for this receiver.
    fn give(&self, placeholder: &str) -> Option<String>;
}

/// The placeholder with this id for a value of a kind such as `pii.email`.
pub fn placeholder(kind: &str, id: [u8; 10]) -> String {
    let name = kind.rsplit('.').next().unwrap_or(kind);
    let name: String = name.chars().map(plain).take(MAX_NAME).collect();
    let name = if name.is_empty() { "value" } else { &name };
    let mut bits = id.iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let mut text = [b'a'; ID_CHARACTERS];
    for place in text.iter_mut().rev() {
        *place = BASE32.get((bits & 31) as usize).copied().unwrap_or(b'a');
        bits >>= 5;
    }
    format!("{PREFIX}{name}-{}", String::from_utf8_lossy(&text))
}

/// The id in a placeholder.
pub fn placeholder_id(text: &str) -> Option<[u8; 10]> {
    let (_, tail) = text.strip_prefix(PREFIX)?.rsplit_once('-')?;
    if tail.len() != ID_CHARACTERS {
        return None;
    }
    let bits = tail.bytes().try_fold(0_u128, |bits, byte| {
        Some(bits << 5 | BASE32.iter().position(|known| *known == byte)? as u128)
    })?;
    let mut id = [0; 10];
    id.copy_from_slice(bits.to_be_bytes().get(6..)?);
    Some(id)
}

fn plain(character: char) -> char {
    match character.to_ascii_lowercase() {
        letter @ ('a'..='z' | '0'..='9') => letter,
        _ => '_',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, Engine, Settings};

    #[test]
    fn a_placeholder_is_found_whole_and_as_nothing_else() {
        let engine = Engine::compile(&Settings::default()).unwrap();
        for kind in ["pii.email", "secret.github_token", "own.word", "pii.de_steuer-id", ""] {
            let text = placeholder(kind, [0xa5; 10]);
            let mut found = Vec::new();
            engine.scan(Direction::Request, format!("to {text}, now").as_bytes(), &mut found);
            let kinds: Vec<_> = found.iter().map(|m| engine.detector(m.detector).kind()).collect();
            assert_eq!((kinds, found[0].range.clone()), (vec![PLACEHOLDER], 3..3 + text.len()));
        }
    }

    #[test]
    fn each_id_has_a_text_of_its_own() {
        assert_eq!(placeholder("pii.email", [0; 10]), format!("pcv-email-{}", "a".repeat(16)));
        assert_eq!(placeholder_id(&placeholder("a_b", [0xc3; 10])), Some([0xc3; 10]));
        assert_eq!(placeholder_id("pcv-a-bc"), None);
        assert_ne!(placeholder("a", [1; 10]), placeholder("a", [2; 10]));
    }
}
