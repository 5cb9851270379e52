//! Logging in by an identity provider: discovery, the exchange of a code, and keys as they were last read.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use console::{Failure, Redemption, SignOn, SignOnPlaces, SignOnTerms, Task};
use gate::net::tls::ClientTls;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use identity::sign_on::{LoggedOut, Party, SignedOn};
use identity::{Algorithm, JwkSet, TokenError, Unverified};
use model::{TenantId, Timestamp};
use serde_json::Value;
use tokio::sync::Mutex;

use super::core::now;
use super::house::House;
use super::issuers::{DISCOVERY, authorities_of, get, send};
use crate::config::sections::Sso;

/// How old what was read may become before it is read again.
const REFRESH: Duration = Duration::from_secs(600);
/// Between two readings for the sake of a key that is not known.
const PAUSE: Duration = Duration::from_secs(10);
/// Between two tries where it cannot be asked.
const RETRY: Duration = Duration::from_secs(2);

pub(super) struct Adapter {
    house: Arc<House>,
    /// Of each tenant that was asked about; there are no more than tenants were ever served.
    readings: std::sync::Mutex<HashMap<TenantId, Arc<Mutex<Reading>>>>,
}

#[derive(Default)]
struct Reading {
    known: Option<Known>,
    /// When it was tried last and came to nothing.
    failed: Option<Timestamp>,
}

/// An identity provider, as it said itself last.
#[derive(Clone)]
struct Known {
    /// As what it was asked.
    of: Sso,
    tls: ClientTls,
    /// To the letter.
    issuer: String,
    authorization: String,
    names_itself: bool,
    token: String,
    /// Whether it takes the secret in the body alone.
    in_body: bool,
    keys: Arc<JwkSet>,
    read: Timestamp,
}

impl Adapter {
    pub(super) fn new(house: Arc<House>) -> Self {
        Self { house, readings: Default::default() }
    }

    fn configured(&self, tenant: &TenantId) -> Option<Sso> {
        self.house.tenant(tenant)?.settings.load().config.people.sso.clone()
    }

    /// Held while it is being read: no tenant's provider keeps another tenant waiting.
    fn reading(&self, tenant: &TenantId) -> Arc<Mutex<Reading>> {
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(readings.entry(tenant.clone()).or_default())
    }

    /// What is known of the provider; read again where that is due, or `anew`.
    async fn known(&self, tenant: &TenantId, anew: bool) -> Result<Known, String> {
        let sso = self.configured(tenant).ok_or("there is no identity provider")?;
        let reading = self.reading(tenant);
        let mut reading = reading.lock().await;
        if let Some(found) = reading.known.as_ref().filter(|found| is_same(&found.of, &sso)) {
            let age = now().since(found.read);
            if age < if anew { PAUSE } else { REFRESH } {
                // The rest of the configuration may be another since.
                return Ok(Known { of: sso, ..found.clone() });
            }
        }
        // Strangers who ask for a log-in must not make a provider that is down be asked without end.
        if reading.failed.is_some_and(|failed| now().since(failed) < RETRY) {
            return Err("it could not be asked a moment ago".to_owned());
        }
        let read = discover(sso).await;
        reading.failed = read.is_err().then(now);
        let read = read?;
        reading.known = Some(read.clone());
        Ok(read)
    }

    /// Tries a token with the keys that are known, and once more where its key is not among them.
    async fn verified<T>(
        &self,
        tenant: &TenantId,
        token: &str,
        verify: impl Fn(&Party, &Unverified<'_>, &JwkSet) -> Result<T, TokenError>,
    ) -> Result<T, String> {
        let known = self.known(tenant, false).await?;
        let token = Unverified::parse(token).map_err(|error| error.to_string())?;
        let verified = match verify(&known.party(), &token, &known.keys) {
            Err(TokenError::UnknownKey) => {
                let known = self.known(tenant, true).await?;
                verify(&known.party(), &token, &known.keys)
            }
            verified => verified,
        };
        verified.map_err(|error| error.to_string())
    }

    async fn redeemed(
        &self,
        tenant: &TenantId,
        redemption: Redemption,
    ) -> Result<SignedOn, String> {
        let known = self.known(tenant, false).await?;
        let (status, body) = send(&known.token, &known.tls, known.request(&redemption)?).await?;
        let answer: Value =
            serde_json::from_slice(&body).map_err(|_| "the token endpoint gave no JSON")?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        if status != StatusCode::OK {
            let error = text("error").unwrap_or_default();
            return Err(format!("the token endpoint answered {status} {error}"));
        }
        let token = text("id_token").ok_or("the token endpoint gave no ID token")?;
        let nonce = &redemption.nonce;
        let verify = |party: &Party, token: &Unverified<'_>, keys: &JwkSet| {
            party.id_token(token, keys, nonce, now())
        };
        self.verified(tenant, token, verify).await
    }
}

fn is_same(one: &Sso, other: &Sso) -> bool {
    one.issuer == other.issuer && one.client_id == other.client_id && one.ca == other.ca
}

/// Reads what a provider says of itself, and its keys.
async fn discover(sso: Sso) -> Result<Known, String> {
    let tls = authorities_of(sso.ca.as_deref()).map_err(|error| format!("{error:#}"))?;
    let document = get(&format!("{}{DISCOVERY}", sso.issuer), &tls).await?;
    let document: Value =
        serde_json::from_slice(&document).map_err(|_| "its discovery document is not JSON")?;
    let says = |name: &str| {
        let text = document.get(name).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| format!("its discovery document lacks {name}"))
    };
    let issuer = says("issuer")?;
    // OpenID Connect Discovery, section 4.3: otherwise one issuer could speak for another.
    if issuer.trim_end_matches('/') != sso.issuer.to_string() {
        return Err("its discovery document is another issuer's".to_owned());
    }
    let jwks = says("jwks_uri")?;
    let keys = JwkSet::parse(&get(&jwks, &tls).await?).map_err(|error| error.to_string())?;
    let methods = document.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
    let takes = |name: &str| methods.is_some_and(|all| all.iter().any(|one| one == name));
    Ok(Known {
        tls,
        issuer,
        authorization: says("authorization_endpoint")?,
        names_itself: document.get("authorization_response_iss_parameter_supported")
            == Some(&Value::Bool(true)),
        token: says("token_endpoint")?,
        in_body: takes("client_secret_post") && !takes("client_secret_basic"),
        keys: Arc::new(keys),
        read: now(),
        of: sso,
    })
}

impl Known {
    fn party(&self) -> Party {
        let algorithms = self.of.algorithms.iter();
        Party {
            issuer: self.issuer.clone(),
            client: self.of.client_id.clone(),
            algorithms: algorithms.filter_map(|one| Algorithm::parse(one.as_str())).collect(),
            skew: self.of.clock_skew,
        }
    }

    /// OpenID Connect Core, section 3.1.3.1; RFC 7636, section 4.5.
    fn request(&self, redemption: &Redemption) -> Result<Request<Full<Bytes>>, String> {
        let secret = self.of.client_secret.as_ref().and_then(|secret| secret.secret.as_ref());
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", redemption.code.expose()),
            ("redirect_uri", &redemption.redirect_uri),
            ("code_verifier", redemption.verifier.expose()),
        ];
        let mut request = Request::post("/").header(header::ACCEPT, "application/json");
        match secret {
            Some(secret) if !self.in_body => {
                let pair = format!("{}:{}", form(&self.of.client_id), form(secret.expose()));
                let basic = format!("Basic {}", STANDARD.encode(pair));
                request = request.header(header::AUTHORIZATION, basic);
            }
            secret => {
                fields.push(("client_id", &self.of.client_id));
                fields.extend(secret.map(|secret| ("client_secret", secret.expose())));
            }
        }
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", form(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let kind = "application/x-www-form-urlencoded";
        let request = request.header(header::CONTENT_TYPE, kind);
        request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())
    }
}

/// As a form has it (RFC 6749, appendix B).
fn form(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

impl SignOn for Adapter {
    fn terms(&self, tenant: &TenantId) -> Option<SignOnTerms> {
        let sso = self.configured(tenant)?;
        Some(SignOnTerms {
            label: sso.label,
            issuer: sso.issuer.to_string(),
            client: sso.client_id,
            scopes: sso.scopes.join(" "),
            groups_claim: sso.groups_claim,
            directory_claim: sso.directory_claim,
            creates: sso.create,
            name_claim: sso.name_claim,
            acr: sso.second_factor_acr,
            amr: sso.second_factor_amr,
        })
    }

    fn places(&self, tenant: &TenantId) -> Task<'_, Result<SignOnPlaces, Failure>> {
        let tenant = tenant.clone();
        Box::pin(async move {
            let known = self.known(&tenant, false).await.map_err(Failure)?;
            let Known { authorization, names_itself, .. } = known;
            Ok(SignOnPlaces { authorization, names_itself })
        })
    }

    fn redeem(
        &self,
        tenant: &TenantId,
        redemption: Redemption,
    ) -> Task<'_, Result<SignedOn, Failure>> {
        let tenant = tenant.clone();
        Box::pin(async move { self.redeemed(&tenant, redemption).await.map_err(Failure) })
    }

    fn logged_out(&self, tenant: &TenantId, token: String) -> Task<'_, Result<LoggedOut, Failure>> {
        let tenant = tenant.clone();
        Box::pin(async move {
            let verify = |party: &Party, token: &Unverified<'_>, keys: &JwkSet| {
                party.logout_token(token, keys, now())
            };
            self.verified(&tenant, &token, verify).await.map_err(Failure)
        })
    }
}
