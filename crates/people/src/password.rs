//! Passwords: argon2id (RFC 9106), and what may be one.
//!
//! As NIST SP 800-63B-4 has it: length counts, composition and age do not, and what is known to
//! have leaked is refused. Whether it leaked is for the caller to look up, by the first digits of
//! its SHA-1 ([`leak_hash`]).

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use model::Secret;
use ring::digest;

/// Fewest characters. A password never stands alone here.
pub const MIN_LENGTH: usize = 12;
/// Most bytes, so that nobody makes us hash a book.
pub const MAX_BYTES: usize = 256;

/// Memory in KiB, passes and lanes: the first choice of OWASP for argon2id with little memory.
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// A hash of nothing that anybody knows: what is compared where there is no such account, so that
/// an answer takes as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a text is not taken as a password.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum PasswordError {
    #[error(
        "a password has at least {MIN_LENGTH} characters: a few unrelated words are easy to keep in mind"
    )]
    Short,
    #[error("a password has at most {MAX_BYTES} bytes")]
    Long,
    #[error("a password must not hold the name of its account")]
    Name,
    #[error("a password must not repeat one or two characters")]
    Monotonous,
    #[error("this password is in a list of leaked passwords; take another one")]
    Leaked,
    #[error("the password could not be hashed")]
    Hash,
}

/// Whether it may be the password of the account `name`, as far as that can be told without a list.
pub fn check(password: &Secret, name: &str) -> Result<(), PasswordError> {
    let text = password.expose();
    if text.len() > MAX_BYTES {
        return Err(PasswordError::Long);
    }
    if text.chars().count() < MIN_LENGTH {
        return Err(PasswordError::Short);
    }
    let mut distinct: Vec<char> = text.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() <= 2 {
        return Err(PasswordError::Monotonous);
    }
    let (lower, name) = (text.to_lowercase(), name.to_lowercase());
    let short = name.split('@').next().unwrap_or_default();
    let holds = |part: &str| part.len() >= 4 && lower.contains(part);
    if holds(&name) || holds(short) { Err(PasswordError::Name) } else { Ok(()) }
}

fn hasher() -> Result<Argon2<'static>, PasswordError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|_| PasswordError::Hash)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash to keep, with its parameters (PHC string). Takes tens of milliseconds and 19 MiB.
pub fn hash(password: &Secret, salt: [u8; 16]) -> Result<String, PasswordError> {
    let salt = SaltString::encode_b64(&salt).map_err(|_| PasswordError::Hash)?;
    let hash = hasher()?.hash_password(password.expose().as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Hash)
}

/// Whether it is the password of this hash. Without a hash it takes as long and is `false`.
pub fn verify(password: &Secret, hash: Option<&str>) -> bool {
    if password.expose().len() > MAX_BYTES {
        return false;
    }
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    let Ok(hasher) = hasher() else { return false };
    let is_right = hasher.verify_password(password.expose().as_bytes(), &parsed).is_ok();
    is_right && hash.is_some()
}

/// Under which a list of leaked passwords has it: 40 digits of SHA-1, in capitals.
pub fn leak_hash(password: &Secret) -> String {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.expose().as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_password_is_known_again_and_another_is_not() {
        let right = secret("seven blue lamps");
        let kept = hash(&right, [7; 16]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(&right, Some(&kept)));
        assert!(!verify(&secret("seven blue lamp"), Some(&kept)));
        assert!(!verify(&right, None));
        assert!(!verify(&right, Some("not a hash")));
        assert_ne!(hash(&right, [8; 16]).unwrap(), kept);
    }

    #[test]
    fn what_stands_for_nobody_is_a_hash_of_the_same_cost() {
        let parsed = PasswordHash::new(NOBODY).unwrap();
        let params = Params::try_from(&parsed).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), COST);
        assert!(parsed.hash.is_some());
    }

    #[test]
    fn weak_passwords_say_what_is_wrong() {
        let refused = |text: &str| check(&secret(text), "ann.other@example.com").unwrap_err();
        assert_eq!(refused("short"), PasswordError::Short);
        assert_eq!(refused(&"long".repeat(65)), PasswordError::Long);
        assert_eq!(refused("abababababababab"), PasswordError::Monotonous);
        assert_eq!(refused("Ann.Other is here"), PasswordError::Name);
        assert_eq!(check(&secret("seven blue lamps"), "ann"), Ok(()));
        // Twelve characters of more than one byte are twelve.
        assert_eq!(check(&secret("ünïcödé wörk"), "bob"), Ok(()));
    }

    #[test]
    fn the_hash_of_leak_lists_is_sha1() {
        // FIPS 180-4's example.
        assert_eq!(leak_hash(&secret("abc")), "A9993E364706816ABA3E25717850C26C9CD0D89D");
    }
}
