//! Sealing what must be read again but not lie open: secrets of authenticator apps.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// What was sealed cannot be opened: another key, another place, or changed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed secret cannot be opened with this key")]
pub struct SealError;

/// Seals and opens under one key.
pub struct Sealer(LessSafeKey);

impl Sealer {
    pub fn new(key: [u8; 32]) -> Result<Self, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| SealError)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Sealed bytes, their nonce before them. They open only under the same `place`: moved to
    /// another row, they do not.
    pub fn seal(
        &self,
        place: &str,
        secret: &[u8],
        nonce: [u8; NONCE_LEN],
    ) -> Result<Vec<u8>, SealError> {
        let mut bytes = secret.to_vec();
        let once = Nonce::assume_unique_for_key(nonce);
        let sealed = self.0.seal_in_place_append_tag(once, Aad::from(place), &mut bytes);
        sealed.map_err(|_| SealError)?;
        Ok([&nonce[..], &bytes].concat())
    }

    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        let mut bytes = rest.to_vec();
        let once = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(once, Aad::from(place), &mut bytes);
        opened.map(|opened| opened.to_vec()).map_err(|_| SealError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_in_its_own_place_alone() {
        let sealer = Sealer::new([1; 32]).unwrap();
        let sealed = sealer.seal("main/ann", b"secret", [2; NONCE_LEN]).unwrap();
        assert_eq!(sealer.open("main/ann", &sealed).unwrap(), b"secret");
        assert_eq!(sealer.open("main/bob", &sealed), Err(SealError));
        assert_eq!(Sealer::new([3; 32]).unwrap().open("main/ann", &sealed), Err(SealError));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(sealer.open("main/ann", &changed), Err(SealError), "{at}");
            assert_eq!(sealer.open("main/ann", &sealed[..at]), Err(SealError), "{at}");
        }
    }
}
