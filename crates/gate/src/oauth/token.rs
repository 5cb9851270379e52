//! `POST /oauth/token`: token exchange (RFC 8693), and a token of minutes for an agent's key.
//!
//! Whoever asks is the agent that its credential names. What it gets never goes beyond what it
//! handed in ([`identity::exchange`]). The record of the exchange is the token's id, so that each
//! later call leads back to it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use identity::assertion::ASSERTION_TYPE;
use identity::{Audience, Chain, Delegation, Subject, Use, Wanted, exchange};
use model::{Effect, Kind, RecordId, Resource, Scopes, Status};
use serde_json::json;

use super::error::OAuthError;
use super::form::{Form, MAX_FORM, decoded};
use super::metadata::origin;
use crate::action::Action;
use crate::answer::AnswerBody;
use crate::identify::{self, Asked, Caller, Given, Unidentified, note};
use crate::llm::without_findings;
use crate::net::body::{BodyLimits, read_bounded};
use crate::net::peer::Peer;
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;
use crate::worker::Worker;

pub(super) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(super) const CLIENT_CREDENTIALS: &str = "client_credentials";

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

const FORM: BodyLimits = BodyLimits {
    max_bytes: MAX_FORM,
    idle: Duration::from_secs(10),
    total: Duration::from_secs(10),
};

/// A key or token beside the form, where presenting it is one place more.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Answers whoever comes with a browser to be authorised: people log in at their own provider, and
/// no code is given out here. Nothing is ever redirected, since no client registers an address.
pub(crate) async fn refuse_authorization(
    worker: &Worker,
    peer: &Peer,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let mut asking = Asking::begin(worker);
    let client = note::client(&asking.snapshot, peer, request.headers());
    asking.action.record().client = client;
    asking.refuse(OAuthError::NoAuthorization).await
}

/// Answers one request for a token.
pub(crate) async fn serve(
    worker: &Worker,
    peer: &Peer,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let mut asking = Asking::begin(worker);
    let client = note::client(&asking.snapshot, peer, request.headers());
    asking.action.record().client = client;
    match asking.attempt(worker, peer, request).await {
        Ok(delegation) => asking.grant(&delegation).await,
        Err(error) => asking.refuse(error).await,
    }
}

struct Asking {
    action: Box<Action>,
    snapshot: Arc<Snapshot>,
}

impl Asking {
    fn begin(worker: &Worker) -> Self {
        let action = Action::begin(&worker.gate, Kind::AUTH_ATTEMPT);
        Self { action, snapshot: worker.gate.snapshot().clone() }
    }

    async fn attempt(
        &mut self,
        worker: &Worker,
        peer: &Peer,
        request: Request<Incoming>,
    ) -> Result<Delegation, OAuthError> {
        let (parts, body) = request.into_parts();
        if !self.action.is_admitted {
            return Err(OAuthError::Refused(Refusal::Busy));
        }
        if worker.gate.is_draining() {
            return Err(OAuthError::Refused(Refusal::Draining));
        }
        check_form(&parts)?;
        let body = read_bounded(body, FORM).await.map_err(Refusal::Unreadable);
        let body = body.map_err(OAuthError::Refused)?;
        let form = Form::parse(&body)?;
        let caller = self.client(peer, &parts, &form).await?;
        caller.check_body(&body).map_err(OAuthError::Client)?;
        let subject = self.subject(&form, &caller).await?;
        let trust = &caller.tenant.trust;
        let at = origin(trust, peer, &parts.headers);
        let wanted = wanted(&form, &trust.issuer, &at)?;
        let actor = caller.actor();
        let id = self.action.id().to_string();
        let (terms, now) = (trust.terms, self.action.gate.now());
        let delegation = exchange(subject, actor, wanted, terms, now, id)?;
        self.note(&delegation);
        Ok(delegation)
    }

    /// The agent that asks.
    async fn client(
        &mut self,
        peer: &Peer,
        parts: &Parts,
        form: &Form,
    ) -> Result<Caller, OAuthError> {
        let (headers, named) = credentials(&parts.headers, form)?;
        let (method, uri) = (&parts.method, &parts.uri);
        let asked = Asked { method, uri, headers: &headers, peer };
        let (gate, snapshot) = (self.action.gate.clone(), self.snapshot.clone());
        let mut shown = String::new();
        let assertion = assertion(form)?;
        let found = identify::agent(&gate, &snapshot, asked, assertion, &mut shown).await;
        let record = self.action.record();
        record.client.credential = shown;
        let caller = found.map_err(OAuthError::Client)?;
        note::caller(record, &caller, &parts.headers);
        let has_room = self.action.belongs_to(&caller.tenant);
        let names = [named.as_deref(), form.get("client_id")].into_iter().flatten();
        if names.into_iter().any(|name| name != caller.agent.name.as_str()) {
            return Err(OAuthError::OtherClient);
        }
        match caller.contained {
            None if !has_room => Err(OAuthError::Refused(Refusal::Busy)),
            None => Ok(caller),
            Some(contained) => Err(OAuthError::Refused(Refusal::Contained(contained))),
        }
    }

    /// What is exchanged.
    async fn subject(&mut self, form: &Form, caller: &Caller) -> Result<Subject, OAuthError> {
        let grant = form.need("grant_type")?;
        let tenant = caller.tenant.id.clone();
        match grant {
            CLIENT_CREDENTIALS => {
                self.action.note("grant", CLIENT_CREDENTIALS);
                let (audience, chain) = (Audience::Gate, Chain::default());
                let (person, scopes, expires) = (None, None, None);
                return Ok(Subject { tenant, person, chain, scopes, audience, expires });
            }
            TOKEN_EXCHANGE => self.action.note("grant", "token-exchange"),
            _ => return Err(OAuthError::GrantType),
        }
        let kind = form.need("subject_token_type")?;
        if ![ACCESS_TOKEN, JWT, ID_TOKEN].contains(&kind) {
            let text = format!("`subject_token_type` is {ACCESS_TOKEN}, {JWT} or {ID_TOKEN}.");
            return Err(OAuthError::Request(text));
        }
        let token = form.need("subject_token")?;
        let gate = self.action.gate.clone();
        let subject = identify::subject(&gate, &self.snapshot, token, &tenant).await;
        let subject = subject.map_err(|why| OAuthError::Grant(why.message()))?;
        self.action.record().on_behalf_of =
            caller.tenant.shown(subject.person.as_ref()).await.map_err(unnamed)?;
        self.hold_against(&subject, caller)?;
        Ok(subject)
    }

    /// The kill switch, for everybody in the chain that is handed on.
    fn hold_against(&mut self, subject: &Subject, caller: &Caller) -> Result<(), OAuthError> {
        self.action.record().chain = subject.chain.agents().cloned().collect();
        if subject.tenant != caller.tenant.id {
            return Err(OAuthError::Grant(Unidentified::Disagree.message()));
        }
        let given = Given {
            person: subject.person.clone(),
            chain: subject.chain.actors().to_vec(),
            scopes: subject.scopes.clone(),
            audience: subject.audience.clone(),
        };
        match caller.acting_for(&self.snapshot, given).contained {
            None => Ok(()),
            Some(contained) => Err(OAuthError::Refused(Refusal::Contained(contained))),
        }
    }

    fn note(&mut self, delegation: &Delegation) {
        let record = self.action.record();
        record.chain = delegation.chain.agents().cloned().collect();
        record.resource = Some(Resource { name: delegation.id.clone(), kind: "token".into() });
        record.detail.insert("expires".into(), delegation.expires.to_string());
        if let Some(scopes) = &delegation.scopes {
            record.detail.insert("scopes".into(), model::clip(&scopes.to_string(), 2048).into());
        }
        if let Audience::Resource(uri) = &delegation.audience {
            record.detail.insert("audience".into(), model::clip(uri, 512).into());
        }
    }

    async fn grant(mut self, delegation: &Delegation) -> Response<AnswerBody> {
        let trust = self.snapshot.tenants.get(&delegation.tenant).map(|own| own.trust.clone());
        let Some((key, issuer)) =
            trust.as_ref().and_then(|own| Some((own.key.as_ref()?, &own.issuer)))
        else {
            let error = OAuthError::Refused(Refusal::Unsupported("tokens of its own"));
            return self.refuse(error).await;
        };
        let now = self.action.gate.now();
        let kind = if delegation.used_as == Use::Access { ACCESS_TOKEN } else { JWT };
        let mut body = json!({
            "access_token": key.issue(issuer, delegation),
            "issued_token_type": kind,
            "token_type": if delegation.used_as == Use::Access { "Bearer" } else { "N_A" },
            "expires_in": delegation.expires.since(now).as_secs(),
        });
        if let Some(scopes) = &delegation.scopes {
            body["scope"] = scopes.to_string().into();
        }
        self.action.decide(Effect::Permit, "a token was given");
        self.action.record().http_status = Some(200);
        let id = self.action.id();
        if self.action.finish(Status::Ok).await.is_err() {
            return answer(&OAuthError::Refused(Refusal::LogDown), id);
        }
        json(StatusCode::OK, body.to_string(), id, Effect::Permit)
    }

    async fn refuse(mut self, error: OAuthError) -> Response<AnswerBody> {
        let status = error.status().as_u16();
        self.action.record().http_status = Some(status);
        let tenant = self.snapshot.tenants.get(&model::TenantId::main());
        let engine = tenant.and_then(|tenant| tenant.engine.clone());
        let reason = without_findings(engine.as_deref(), &error.description());
        self.action.decide(Effect::Deny, reason);
        self.action.note("error", error.code());
        let id = self.action.id();
        let error = match self.action.finish(Status::Refused).await {
            Ok(_) => error,
            Err(_) => OAuthError::Refused(Refusal::LogDown),
        };
        answer(&error, id)
    }
}

fn unnamed(why: Unidentified) -> OAuthError {
    OAuthError::Refused(Refusal::Unidentified(why))
}

fn check_form(parts: &Parts) -> Result<(), OAuthError> {
    if parts.method != Method::POST {
        return Err(OAuthError::Request("Tokens are asked for with POST.".to_owned()));
    }
    if parts.uri.query().is_some() {
        let text = "Parameters belong into the body, where no log sees them.";
        return Err(OAuthError::Request(text.to_owned()));
    }
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    match kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        true => Ok(()),
        false => {
            let text = "Send application/x-www-form-urlencoded.";
            Err(OAuthError::Request(text.to_owned()))
        }
    }
}

/// The request's headers with the client's secret where identification looks for it (RFC 6749,
/// section 2.3.1), and the name that came with it. More than one secret is an ambiguity, as
/// everywhere.
fn credentials(
    headers: &HeaderMap,
    form: &Form,
) -> Result<(HeaderMap, Option<String>), OAuthError> {
    let mut headers = headers.clone();
    let mut name = None;
    let basic = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("basic").then(|| rest.to_owned())
    });
    if let Some(basic) = basic {
        headers.remove(AUTHORIZATION);
        let (client, secret) = basic_pair(&basic)?;
        append(&mut headers, &secret)?;
        name = Some(client);
    }
    for field in ["client_secret", "actor_token"] {
        if let Some(secret) = form.get(field) {
            append(&mut headers, secret)?;
        }
    }
    Ok((headers, name))
}

/// What the client asserts by a key of its own (RFC 7521, section 4.2).
fn assertion(form: &Form) -> Result<Option<&str>, OAuthError> {
    let text = match (form.get("client_assertion"), form.get("client_assertion_type")) {
        (None, None) => return Ok(None),
        (Some(assertion), Some(ASSERTION_TYPE)) => return Ok(Some(assertion)),
        (None, Some(_)) => "`client_assertion` is missing.".to_owned(),
        (Some(_), _) => format!("`client_assertion_type` is {ASSERTION_TYPE}."),
    };
    Err(OAuthError::Request(text))
}

fn append(headers: &mut HeaderMap, secret: &str) -> Result<(), OAuthError> {
    let malformed = |_| OAuthError::Client(Unidentified::Malformed);
    headers.append(API_KEY, HeaderValue::from_str(secret).map_err(malformed)?);
    Ok(())
}

fn basic_pair(basic: &str) -> Result<(String, String), OAuthError> {
    let malformed = || OAuthError::Client(Unidentified::Malformed);
    let bytes = STANDARD.decode(basic.trim()).map_err(|_| malformed())?;
    let text = String::from_utf8(bytes).map_err(|_| malformed())?;
    let (client, secret) = text.split_once(':').ok_or_else(malformed)?;
    Ok((decoded(client)?, decoded(secret)?))
}

/// What the form asks for.
fn wanted(form: &Form, issuer: &str, origin: &str) -> Result<Wanted, OAuthError> {
    let scopes = form.get("scope").map(Scopes::parse).transpose();
    let lifetime = form.get("expires_in").map(str::parse::<u32>).transpose();
    let lifetime = lifetime
        .map_err(|_| OAuthError::Request("`expires_in` is a number of seconds.".to_owned()))?;
    let used_as = match form.get("requested_token_type") {
        None | Some(ACCESS_TOKEN) => Use::Access,
        Some(JWT) => Use::Exchange,
        Some(_) => {
            let text = format!("`requested_token_type` is {ACCESS_TOKEN} or {JWT}.");
            return Err(OAuthError::Request(text));
        }
    };
    Ok(Wanted {
        scopes: scopes.map_err(|error| OAuthError::Scope(format!("{error}.")))?,
        audience: audience(form, issuer, origin)?,
        lifetime: lifetime.map(|seconds| Duration::from_secs(seconds.into())),
        used_as,
    })
}

/// `resource` (RFC 8707) is a URI of the gate's; `audience` (RFC 8693) can only be the gate.
fn audience(form: &Form, issuer: &str, origin: &str) -> Result<Option<Audience>, OAuthError> {
    if form.get("audience").is_some_and(|audience| audience != issuer && audience != origin) {
        let text = "`audience` names this gate or is left out; `resource` names a part of it.";
        return Err(OAuthError::Target(text.to_owned()));
    }
    let Some(resource) = form.get("resource") else { return Ok(None) };
    let path =
        resource.strip_prefix(origin).filter(|path| path.is_empty() || path.starts_with('/'));
    match path {
        None => Err(OAuthError::Target(format!("`resource` is a URI that begins with {origin}/."))),
        Some(path) if path.contains(['?', '#', '%']) || crate::route::is_ambiguous(path) => {
            Err(OAuthError::Target("`resource` has a plain path and nothing after it.".to_owned()))
        }
        Some("" | "/") => Ok(Some(Audience::Gate)),
        Some(_) => Ok(Some(Audience::Resource(resource.to_owned()))),
    }
}

fn answer(error: &OAuthError, id: RecordId) -> Response<AnswerBody> {
    let mut response = json(error.status(), error.body(), id, Effect::Deny);
    if error.status() == StatusCode::UNAUTHORIZED {
        let basic = HeaderValue::from_static("Basic realm=\"portcullis\"");
        response.headers_mut().insert(http::header::WWW_AUTHENTICATE, basic);
    }
    response
}

/// No store keeps what is answered here (RFC 6749, section 5.1).
fn json(status: StatusCode, body: String, id: RecordId, effect: Effect) -> Response<AnswerBody> {
    let (mut parts, body) = Response::new(AnswerBody::from(bytes::Bytes::from(body))).into_parts();
    parts.status = status;
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    parts.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    crate::answer::stamp(&mut parts, &id.to_string(), effect);
    Response::from_parts(parts, body)
}
