//! Random tokens that browsers carry: sessions, invitations. Only their hashes are kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Digest, Secret};

/// Characters of a token: 256 bits in base64url.
const LENGTH: usize = 43;

/// A token from 256 random bits.
pub fn token(random: [u8; 32]) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(random))
}

/// Under which a token is kept; `None` for what has not its form.
pub fn hash(text: &str) -> Option<Digest> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (text.len() == LENGTH && text.bytes().all(plain)).then(|| Digest::of(text.as_bytes()))
}

/// What a form of this session's must send back: whoever can make a browser send its cookie
/// cannot read it, and so does not know this.
pub fn form_token(session: &Secret) -> Secret {
    let digest = Digest::of_parts(&[b"form token\n", session.expose().as_bytes()]);
    Secret::new(URL_SAFE_NO_PAD.encode(digest.0))
}

/// Whether two texts are the same, in a time that depends on their lengths alone.
pub fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (Digest::of(one.as_bytes()), Digest::of(other.as_bytes()));
    one.0.iter().zip(other.0).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_hash_and_says_nothing_of_its_form_token() {
        let made = token([9; 32]);
        assert_eq!(hash(made.expose()), Some(Digest::of(made.expose().as_bytes())));
        let form = form_token(&made);
        assert_ne!(form.expose(), made.expose());
        assert!(is_same(form.expose(), form_token(&made).expose()));
        assert!(!is_same(form.expose(), form_token(&token([8; 32])).expose()));
    }

    #[test]
    fn what_is_no_token_is_not_looked_for() {
        let made = token([9; 32]);
        for wrong in
            ["", &made.expose()[1..], "é".repeat(21).as_str(), &format!("{}=", &made.expose()[1..])]
        {
            assert_eq!(hash(wrong), None, "{wrong}");
        }
    }
}
