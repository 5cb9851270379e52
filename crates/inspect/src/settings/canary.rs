//! Canary tokens: values that an operator plants and nobody has a reason to use. Whoever sends one
//! has been where he should not.

use model::Digest;

/// The kind under which sightings are reported.
pub const CANARY: &str = "canary.token";

/// Canaries of one engine.
pub const MAX_CANARIES: usize = 1_000;

/// A shorter one would be seen where it is not.
pub const MIN_CANARY_BYTES: usize = 12;

/// A value that looks like a credential, always the same for the same seed.
///
/// The seed must be random and secret: whoever knows it can tell the canary.
pub fn canary(seed: &[u8]) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let halves = [0_u8, 1].map(|half| Digest::of_parts(&[b"portcullis canary", &[half], seed]).0);
    let letters = halves.iter().flatten().map(|byte| LETTERS[usize::from(*byte) % LETTERS.len()]);
    let drawn: String = letters.take(40).map(char::from).collect();
    format!("sk_prod_{drawn}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Scope, inspect_json};
    use crate::json::Limits;
    use crate::{Direction, Engine, Settings};

    #[test]
    fn a_canary_blocks_wherever_it_is_seen() {
        let canary = canary(b"some random seed");
        let settings = Settings { canaries: vec![canary.clone()], ..Settings::default() };
        let engine = Engine::compile(&settings).unwrap();
        let scope = Scope::new(&engine, Direction::Answer);
        let packed = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            format!("the key is {canary}, use it"),
        );
        let escaped: String = canary.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        for body in [
            format!(r#"{{"text":"x{canary}y"}}"#),
            format!(r#"{{"text":"{escaped}"}}"#),
            format!(r#"{{"text":"{packed}"}}"#),
            format!(r#"{{"text":"{{\"inner\":\"{canary}\"}}"}}"#),
            format!(r#"{{"{canary}":1}}"#),
        ] {
            let report =
                inspect_json(&scope, body.as_bytes(), &Limits::default(), &mut ()).unwrap();
            let kinds: Vec<_> =
                report.findings.iter().map(|f| engine.detector(f.detector).kind()).collect();
            assert!(report.blocked && kinds.contains(&CANARY), "{body}: {kinds:?}");
        }
    }

    #[test]
    fn canaries_that_are_too_short_or_too_many_are_refused() {
        let compile =
            |canaries| Engine::compile(&Settings { canaries, ..Settings::default() }).map(|_| ());
        assert!(compile(vec!["short".to_owned()]).unwrap_err().to_string().contains("12"));
        assert!(compile(vec!["long enough a text".to_owned(); MAX_CANARIES + 1]).is_err());
        assert_ne!(canary(b"a"), canary(b"b"));
    }
}
