//! The gate's own tokens: who acts for whom, with which scopes, how long; signed with Ed25519.
//!
//! A token that opens the gate is an access token (RFC 9068, `at+jwt`). One that was asked for
//! as a plain `jwt` opens nothing: it can only be exchanged, by the agent that it is handed to,
//! so that handing on a task does not hand on one's own credential.

use model::{Digest, Scopes, TenantId, Timestamp, UserName};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::chain::Chain;
use crate::claims::Claims;
use crate::jwk::PublicKey;
use crate::jws::{self, TokenError, Unverified};

/// What a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// To call.
    Access,
    /// To be exchanged, and nothing else.
    Exchange,
}

impl Use {
    fn typ(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Exchange => "JWT",
        }
    }
}

/// What part of the gate a token opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    Gate,
    /// An absolute URI of the gate's (RFC 8707): this path and what is below it.
    Resource(String),
}

impl Audience {
    /// Whether a request for `path` is within it. A path that servers could read differently is
    /// within nothing but the whole gate, which refuses it elsewhere.
    pub fn covers(&self, path: &str) -> bool {
        match self {
            Self::Gate => true,
            Self::Resource(uri) => is_below(path_of(uri), path),
        }
    }

    /// Whether everything within `other` is within this.
    pub fn covers_all_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Gate, _) => true,
            (Self::Resource(_), Self::Gate) => false,
            (Self::Resource(mine), Self::Resource(theirs)) => {
                origin_of(mine) == origin_of(theirs) && is_below(path_of(mine), path_of(theirs))
            }
        }
    }
}

fn is_below(root: &str, path: &str) -> bool {
    let root = root.trim_end_matches('/');
    let plain = !path.contains("//") && !path.contains("/.") && !path.contains(['%', '\\', ';']);
    plain && path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Where the path of an absolute URI begins.
fn split(uri: &str) -> (&str, &str) {
    let after_scheme = uri.find("://").map_or(0, |at| at + 3);
    let rest = uri.get(after_scheme..).unwrap_or_default();
    let path = rest.find('/').map_or(uri.len(), |at| after_scheme + at);
    uri.split_at_checked(path).unwrap_or((uri, ""))
}

fn origin_of(uri: &str) -> &str {
    split(uri).0
}

fn path_of(uri: &str) -> &str {
    split(uri).1
}

/// What one of the gate's tokens says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// The record that tells of its making.
    pub id: String,
    pub tenant: TenantId,
    pub person: Option<UserName>,
    /// The last of it is the agent whose token this is.
    pub chain: Chain,
    /// None where nobody delegated anything: an agent that acts for itself has roles, not scopes.
    pub scopes: Option<Scopes>,
    pub audience: Audience,
    pub used_as: Use,
    pub issued: Timestamp,
    pub expires: Timestamp,
}

/// The key that the gate signs its tokens with.
pub struct GateKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
    id: String,
}

/// A seed that makes no key.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a key's seed has 32 bytes")]
pub struct BadSeed;

impl GateKey {
    pub fn from_seed(seed: &[u8]) -> Result<Self, BadSeed> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| BadSeed)?;
        let public = PublicKey::ed25519(pair.public_key().as_ref());
        let id = public.thumbprint();
        Ok(Self { pair, public, id })
    }

    /// The key's public half, as others read it (RFC 8037).
    pub fn jwk(&self) -> Value {
        use base64::Engine as _;
        let x = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.pair.public_key());
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.id, "alg": "EdDSA", "use": "sig"})
    }

    /// Writes a token in the name of `issuer`.
    pub fn issue(&self, issuer: &str, delegation: &Delegation) -> String {
        let header = json!({"alg": "EdDSA", "kid": self.id, "typ": delegation.used_as.typ()});
        let claims = delegation.to_claims(issuer).to_string();
        let sign = |bytes: &[u8]| self.pair.sign(bytes).as_ref().to_vec();
        jws::sign(&header.to_string(), claims.as_bytes(), sign)
    }

    /// Reads a token of this key's and `issuer`'s that holds now.
    pub fn verify(
        &self,
        issuer: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Delegation, TokenError> {
        let token = Unverified::parse(token)?;
        if token.header.kid.as_deref() != Some(self.id.as_str()) {
            return Err(TokenError::UnknownKey);
        }
        token.verify(&self.public)?;
        Delegation::of_claims(issuer, &token, now)
    }
}

impl std::fmt::Debug for GateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GateKey({})", self.id)
    }
}

/// The private claims of a gate's token.
#[derive(Deserialize)]
struct Own {
    tenant: TenantId,
    /// Whether `sub` is a person.
    person: bool,
}

impl Delegation {
    fn to_claims(&self, issuer: &str) -> Value {
        let first = self.chain.agents().next().map(model::AgentName::as_str);
        let subject = self.person.as_ref().map(UserName::as_str).or(first);
        let audience = match &self.audience {
            Audience::Gate => issuer,
            Audience::Resource(uri) => uri,
        };
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("iss", issuer.into());
        put("sub", subject.into());
        put("aud", audience.into());
        put("exp", self.expires.micros().div_euclid(1_000_000).into());
        put("iat", self.issued.micros().div_euclid(1_000_000).into());
        put("jti", self.id.as_str().into());
        put("tenant", self.tenant.as_str().into());
        put("person", self.person.is_some().into());
        if let Some(last) = self.chain.last() {
            put("client_id", last.agent.as_str().into());
        }
        if let Some(scopes) = &self.scopes {
            put("scope", scopes.to_string().into());
        }
        if let Some(act) = self.chain.to_claim() {
            put("act", act);
        }
        Value::Object(claims)
    }

    fn of_claims(issuer: &str, token: &Unverified<'_>, now: Timestamp) -> Result<Self, TokenError> {
        let used_as = [Use::Access, Use::Exchange]
            .into_iter()
            .find(|used_as| token.header.is_of_type(used_as.typ()))
            .ok_or(TokenError::Type)?;
        let claims: Claims = token.claims()?;
        let own: Own = token.claims()?;
        if claims.iss.as_deref() != Some(issuer) {
            return Err(TokenError::Issuer);
        }
        let expires = claims.check_times(now, std::time::Duration::ZERO)?;
        let audience = claims.aud.as_ref().and_then(|aud| aud.iter().next());
        let audience = match audience.ok_or(TokenError::Missing("aud"))? {
            aud if aud == issuer => Audience::Gate,
            aud => Audience::Resource(aud.to_owned()),
        };
        let chain = Chain::of_claim(claims.act.as_ref())?;
        if chain.is_empty() {
            return Err(TokenError::Missing("act"));
        }
        let person = match own.person {
            false => None,
            true => {
                let name = claims.sub.as_deref().ok_or(TokenError::Missing("sub"))?;
                Some(UserName::new(name).map_err(|_| TokenError::Claim("sub"))?)
            }
        };
        let scopes = claims.scope.as_deref().map(Scopes::parse).transpose();
        Ok(Self {
            id: claims.jti.clone().ok_or(TokenError::Missing("jti"))?,
            tenant: own.tenant,
            person,
            chain,
            scopes: scopes.map_err(|_| TokenError::Claim("scope"))?,
            audience,
            used_as,
            issued: Timestamp::from_micros((claims.iat.unwrap_or_default() * 1e6) as i64),
            expires,
        })
    }
}

/// Under which a verified token is remembered.
pub fn token_hash(token: &str) -> Digest {
    Digest::of(token.as_bytes())
}
