//! Sealed ids: what a client holds for the gate, so that any gate can serve any request.
//!
//! A session id that leaves the gate is the servers' own ids under AES-256-GCM, bound to tenant,
//! agent and path. Nobody but the same agent, at the same place, can use one, and nobody can read
//! which id the server gave. An event id names the request that its stream answers besides the
//! server's id: who comes back for the rest of a stream gets it inspected as what it is.

use model::{Secret, TenantId};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes of a server's own session id or event id.
pub const MAX_INNER_BYTES: usize = 1024;

/// Characters of a sealed id; a longer one was not made here.
const MAX_SEALED: usize = 32 * 1024;

/// Seals and opens the ids of one tenant.
pub struct Seal {
    key: LessSafeKey,
    random: SystemRandom,
    tenant: TenantId,
}

/// What a sealed id is for: an id of one use is nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Session,
    Event,
    Held,
}

/// A client's session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The protocol version that was settled on.
    #[serde(rename = "v")]
    pub version: String,
    /// Each server's name, and its own id of the session if it has one.
    #[serde(rename = "s")]
    pub servers: Vec<(String, Option<String>)>,
    /// What the client said of itself, where the gate speaks to the server in its place.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub client: Option<serde_json::Value>,
    /// The client can be asked something in words.
    #[serde(rename = "e", default, skip_serializing_if = "std::ops::Not::not")]
    pub elicits: bool,
}

/// A place in a stream of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    #[serde(rename = "s")]
    pub server: String,
    /// The server's own id of the event.
    #[serde(rename = "e")]
    pub event: String,
    /// The method that the stream answers; none where it answers nothing.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The request's id.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub id: Option<serde_json::Value>,
    /// The tool, resource or prompt.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Seal {
    /// The key comes from the instance's root key (RFC 5869), one for each tenant.
    pub fn new(root: &Secret, tenant: &TenantId) -> Option<Self> {
        let root = Salt::new(HKDF_SHA256, b"portcullis mcp").extract(root.expose().as_bytes());
        let info = [tenant.as_str().as_bytes(), b"/sessions"];
        let mut key = [0; 32];
        root.expand(&info, HKDF_SHA256).ok()?.fill(&mut key).ok()?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).ok()?);
        Some(Self { key, random: SystemRandom::new(), tenant: tenant.clone() })
    }

    /// `path` is where the client talks: a server's name, or nothing for all of them.
    pub fn seal<T: Serialize>(&self, of: Use, agent: &str, path: &str, what: &T) -> Option<String> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut text = serde_json::to_vec(what).ok()?;
        let aad = self.aad(of, agent, path);
        let nonce_of = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce_of, aad, &mut text).ok()?;
        let sealed = URL_SAFE_NO_PAD.encode([&nonce[..], &text].concat());
        (sealed.len() <= MAX_SEALED).then_some(sealed)
    }

    pub fn open<T: for<'de> Deserialize<'de>>(
        &self,
        of: Use,
        agent: &str,
        path: &str,
        sealed: &str,
    ) -> Option<T> {
        if sealed.len() > MAX_SEALED {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, text) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let plain = self.key.open_in_place(nonce, self.aad(of, agent, path), &mut text).ok()?;
        serde_json::from_slice(plain).ok()
    }

    /// Each part with its length, so that no two lists of parts read alike.
    fn aad(&self, of: Use, agent: &str, path: &str) -> Aad<Vec<u8>> {
        let of = match of {
            Use::Session => "session",
            Use::Event => "event",
            Use::Held => "held",
        };
        let parts = [of, self.tenant.as_str(), agent, path];
        let bytes = parts
            .iter()
            .flat_map(|part| (part.len() as u64).to_le_bytes().into_iter().chain(part.bytes()));
        Aad::from(bytes.collect())
    }
}

impl Session {
    /// The server's own id.
    pub fn of(&self, server: &str) -> Option<&str> {
        self.servers.iter().find(|(name, _)| name == server).and_then(|(_, id)| id.as_deref())
    }

    pub fn holds(&self, server: &str) -> bool {
        self.servers.iter().any(|(name, _)| name == server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(root: &str, tenant: &str) -> Seal {
        Seal::new(&Secret::new(root.to_owned()), &TenantId::new(tenant).unwrap()).unwrap()
    }

    fn session() -> Session {
        let servers = vec![("files".to_owned(), Some("inner".to_owned()))];
        Session { version: "2025-06-18".into(), servers, client: None, elicits: true }
    }

    #[test]
    fn only_the_same_agent_at_the_same_place_opens_it() {
        let one = seal("root", "main");
        let sealed = one.seal(Use::Session, "bot", "files", &session()).unwrap();
        assert!(sealed.bytes().all(|byte| byte.is_ascii_graphic()));
        let open = |seal: &Seal, of, agent, path, sealed: &str| {
            seal.open::<Session>(of, agent, path, sealed)
        };
        assert_eq!(open(&one, Use::Session, "bot", "files", &sealed), Some(session()));
        assert_eq!(
            open(&seal("root", "main"), Use::Session, "bot", "files", &sealed),
            Some(session())
        );
        assert_eq!(open(&one, Use::Session, "other", "files", &sealed), None);
        assert_eq!(open(&one, Use::Session, "bot", "mail", &sealed), None);
        assert_eq!(open(&one, Use::Session, "bot", "", &sealed), None);
        assert_eq!(open(&one, Use::Event, "bot", "files", &sealed), None);
        assert_eq!(open(&seal("root", "other"), Use::Session, "bot", "files", &sealed), None);
        assert_eq!(open(&seal("else", "main"), Use::Session, "bot", "files", &sealed), None);
    }

    #[test]
    fn a_changed_id_opens_nothing() {
        let one = seal("root", "main");
        let sealed = one.seal(Use::Session, "bot", "files", &session()).unwrap();
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(one.open::<Session>(Use::Session, "bot", "files", &changed), None, "{at}");
        }
        for text in ["", "A", "inner", &"A".repeat(MAX_SEALED + 1)] {
            assert_eq!(one.open::<Session>(Use::Session, "bot", "files", text), None);
        }
    }

    #[test]
    fn the_servers_id_does_not_show() {
        let one = seal("root", "main");
        let first = one.seal(Use::Session, "bot", "files", &session()).unwrap();
        let second = one.seal(Use::Session, "bot", "files", &session()).unwrap();
        assert_ne!(first, second);
        assert!(!URL_SAFE_NO_PAD.decode(&first).unwrap().windows(5).any(|w| w == b"inner"));
    }
}
