//! What a browser and an authenticator say of a ceremony (sections 5.8.1 and 6.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde::Deserialize;

use super::{Asked, MAX_CREDENTIAL, WebAuthnError};

/// What the browser saw.
#[derive(Deserialize)]
pub(super) struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    is_cross_origin: bool,
    #[serde(rename = "topOrigin", default)]
    top: Option<String>,
}

impl ClientData {
    pub(super) fn parse(json: &[u8]) -> Result<Self, WebAuthnError> {
        serde_json::from_slice(json).map_err(|_| WebAuthnError::Form)
    }

    pub(super) fn challenge(&self) -> Result<Vec<u8>, WebAuthnError> {
        URL_SAFE_NO_PAD.decode(&self.challenge).map_err(|_| WebAuthnError::Form)
    }

    pub(super) fn check(&self, kind: &str, asked: &Asked<'_>) -> Result<(), WebAuthnError> {
        if self.kind != kind {
            return Err(WebAuthnError::Form);
        }
        if self.challenge != URL_SAFE_NO_PAD.encode(asked.challenge) {
            return Err(WebAuthnError::Challenge);
        }
        if self.origin != asked.origin {
            return Err(WebAuthnError::Origin);
        }
        match self.is_cross_origin || self.top.is_some() {
            true => Err(WebAuthnError::CrossOrigin),
            false => Ok(()),
        }
    }
}

/// The flags of authenticator data.
#[derive(Clone, Copy)]
pub(super) struct Flags(u8);

impl Flags {
    const PRESENT: u8 = 1;
    const VERIFIED: u8 = 1 << 2;
    const MAY_BE_BACKED_UP: u8 = 1 << 3;
    const BACKED_UP: u8 = 1 << 4;
    const CREDENTIAL: u8 = 1 << 6;
    const EXTENSIONS: u8 = 1 << 7;

    fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }

    pub(super) fn may_be_backed_up(self) -> bool {
        self.has(Self::MAY_BE_BACKED_UP)
    }

    pub(super) fn is_backed_up(self) -> bool {
        self.has(Self::BACKED_UP)
    }
}

/// What an authenticator says.
pub(super) struct AuthenticatorData<'a> {
    party: [u8; 32],
    pub(super) flags: Flags,
    pub(super) counter: u32,
    pub(super) credential: Option<Credential<'a>>,
}

/// A new credential (section 6.5.2).
pub(super) struct Credential<'a> {
    pub(super) aaguid: [u8; 16],
    pub(super) id: &'a [u8],
    /// A COSE_Key.
    pub(super) key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (party, rest) = bytes.split_first_chunk::<32>()?;
        let (flags, rest) = rest.split_first()?;
        let (counter, rest) = rest.split_first_chunk::<4>()?;
        let flags = Flags(*flags);
        let (credential, rest) = match flags.has(Flags::CREDENTIAL) {
            true => Credential::parse(rest).map(|(credential, rest)| (Some(credential), rest))?,
            false => (None, rest),
        };
        // Extensions are one map, of which we ask for none and look at none.
        let rest = match flags.has(Flags::EXTENSIONS) {
            true => super::cbor::parse(rest)?.1,
            false => rest,
        };
        let counter = u32::from_be_bytes(*counter);
        rest.is_empty().then_some(Self { party: *party, flags, counter, credential })
    }

    pub(super) fn check(&self, party: &str) -> Result<(), WebAuthnError> {
        if self.party != digest(&SHA256, party.as_bytes()).as_ref() {
            return Err(WebAuthnError::Origin);
        }
        if !self.flags.has(Flags::PRESENT) {
            return Err(WebAuthnError::NotPresent);
        }
        if !self.flags.has(Flags::VERIFIED) {
            return Err(WebAuthnError::NotVerified);
        }
        // What is in sync must be able to be (section 6.1.3).
        match self.flags.is_backed_up() && !self.flags.may_be_backed_up() {
            true => Err(WebAuthnError::Form),
            false => Ok(()),
        }
    }
}

impl<'a> Credential<'a> {
    fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (aaguid, rest) = bytes.split_first_chunk::<16>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > MAX_CREDENTIAL {
            return None;
        }
        let (id, rest) = rest.split_at_checked(length)?;
        let (_, after) = super::cbor::parse(rest)?;
        let key = rest.get(..rest.len() - after.len())?;
        Some((Self { aaguid: *aaguid, id, key }, after))
    }
}
