//! Passkeys: registration and assertion as a relying party checks them (W3C Web Authentication,
//! level 3, sections 7.1 and 7.2).
//!
//! User verification is always required, so a passkey is two factors in one: what one has, and
//! what one knows or is. Attestation is checked where it is `packed`, and stored; no list of
//! vendors decides who may register, since passkeys that are kept in sync attest to nothing.

mod cbor;
mod cose;
mod data;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

pub use cose::{ALGORITHMS, CoseKey, KeyKind};
use data::{AuthenticatorData, ClientData};

/// Bytes of a credential id (section 4, "Credential ID").
pub const MAX_CREDENTIAL: usize = 1023;
/// Bytes of any part of what an authenticator says.
const MAX_PART: usize = 16 * 1024;

/// Why a passkey is not taken.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum WebAuthnError {
    #[error("what the browser sent is not what an authenticator says")]
    Form,
    #[error("it answers to another question than the one that was asked")]
    Challenge,
    #[error("it was made for another site")]
    Origin,
    #[error("it was made inside a page of another site")]
    CrossOrigin,
    #[error("nobody touched the authenticator")]
    NotPresent,
    #[error("the authenticator did not verify its user: set a PIN or a biometric")]
    NotVerified,
    #[error("keys of this kind are not taken: ES256, EdDSA and RS256 are")]
    Algorithm,
    #[error("attestation of this form is not taken: ask for none")]
    Attestation,
    #[error("the signature is wrong")]
    Signature,
    #[error("the signature counter went back: there may be a copy of this key")]
    Counter,
}

/// What was asked, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub challenge: &'a [u8],
    /// Such as `https://console.example.com`.
    pub origin: &'a str,
    /// The relying party: the host of the origin.
    pub party: &'a str,
}

/// A passkey as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    pub key: CoseKey,
    /// Of which make the authenticator is; zeros where it does not say.
    pub aaguid: String,
    /// `none`, or `packed` with what signed it.
    pub attestation: String,
    /// The whole attestation object, in base64url, for whoever wants to look into it.
    pub attestation_object: String,
    /// Whether it may be kept in sync, and whether it is.
    pub may_be_backed_up: bool,
    pub is_backed_up: bool,
}

/// What came of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub credential: Vec<u8>,
    pub passkey: Passkey,
    pub counter: u32,
}

/// What a browser gives back of `navigator.credentials.create`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// In base64url, as all of these.
    pub client_data: String,
    pub attestation: String,
}

/// What a browser gives back of `navigator.credentials.get`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    pub credential: String,
    pub client_data: String,
    pub authenticator_data: String,
    pub signature: String,
}

fn part(text: &str) -> Result<Vec<u8>, WebAuthnError> {
    if text.len() > MAX_PART * 4 / 3 {
        return Err(WebAuthnError::Form);
    }
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| WebAuthnError::Form)
}

/// The challenge that client data answers to, before anything was checked.
fn challenge_of(client_data: &str) -> Result<Vec<u8>, WebAuthnError> {
    ClientData::parse(&part(client_data)?)?.challenge()
}

impl Registration {
    /// What it says that it was asked. Of no worth before [`Registration::verify`].
    pub fn challenge(&self) -> Result<Vec<u8>, WebAuthnError> {
        challenge_of(&self.client_data)
    }

    /// Checks a new passkey (section 7.1).
    pub fn verify(&self, asked: &Asked<'_>) -> Result<Registered, WebAuthnError> {
        let (client_data, object) = (part(&self.client_data)?, part(&self.attestation)?);
        ClientData::parse(&client_data)?.check("webauthn.create", asked)?;
        let attested = cbor::attestation_object(&object).ok_or(WebAuthnError::Form)?;
        let data = AuthenticatorData::parse(attested.data).ok_or(WebAuthnError::Form)?;
        data.check(asked.party)?;
        let credential = data.credential.ok_or(WebAuthnError::Form)?;
        let key = CoseKey::parse(credential.key)?;
        let signed = [attested.data, digest(&SHA256, &client_data).as_ref()].concat();
        let attestation = attested.statement.check(&signed, &key)?;
        let aaguid = credential.aaguid.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Registered {
            credential: credential.id.to_vec(),
            passkey: Passkey {
                key,
                aaguid,
                attestation: attestation.to_owned(),
                attestation_object: URL_SAFE_NO_PAD.encode(&object),
                may_be_backed_up: data.flags.may_be_backed_up(),
                is_backed_up: data.flags.is_backed_up(),
            },
            counter: data.counter,
        })
    }
}

impl Assertion {
    /// Whose passkey it says that it is.
    pub fn credential(&self) -> Result<Vec<u8>, WebAuthnError> {
        let id = part(&self.credential)?;
        if id.is_empty() || id.len() > MAX_CREDENTIAL { Err(WebAuthnError::Form) } else { Ok(id) }
    }

    /// What it says that it was asked. Of no worth before [`Assertion::verify`].
    pub fn challenge(&self) -> Result<Vec<u8>, WebAuthnError> {
        challenge_of(&self.client_data)
    }

    /// Checks an assertion (section 7.2); gives the new signature counter, zero where the
    /// authenticator counts nothing. That it is the first of this counter is for whoever keeps it.
    pub fn verify(
        &self,
        asked: &Asked<'_>,
        passkey: &Passkey,
        counter: u32,
    ) -> Result<u32, WebAuthnError> {
        let client_data = part(&self.client_data)?;
        let (bytes, signature) = (part(&self.authenticator_data)?, part(&self.signature)?);
        ClientData::parse(&client_data)?.check("webauthn.get", asked)?;
        let data = AuthenticatorData::parse(&bytes).ok_or(WebAuthnError::Form)?;
        data.check(asked.party)?;
        // A passkey that could not be copied stays one (section 7.2, step 19).
        if data.flags.may_be_backed_up() != passkey.may_be_backed_up {
            return Err(WebAuthnError::Form);
        }
        let signed = [&bytes[..], digest(&SHA256, &client_data).as_ref()].concat();
        passkey.key.verify(&signed, &signature)?;
        if (data.counter != 0 || counter != 0) && data.counter <= counter {
            return Err(WebAuthnError::Counter);
        }
        Ok(data.counter)
    }
}
