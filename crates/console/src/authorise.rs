//! Lets in who may, and records who was turned away.

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::{Client, Decision, Effect, Kind, Record, RecordId, Status, TenantId, clip};
use people::Role;
use store::StoredToken;

use crate::login::session::{self, Found, Session};
use crate::principal::{Credential, User};
use crate::{Access, App, Peer, Principal, Problem, Shared, change, token};

/// The header by which the operator at the socket names a tenant; without it, `main`.
const TENANT: &str = "portcullis-tenant";

/// A user agent is recorded up to here.
const MAX_USER_AGENT: usize = 256;

#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) app: Shared,
    pub(crate) access: Access,
}

/// Runs before every handler; puts a [`Principal`] where something other than the public asks.
pub(crate) async fn check(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Response {
    if guard.access == Access::Public {
        return next.run(request).await;
    }
    let peer = request.extensions().get().copied();
    let client = client_of(peer, request.headers());
    let principal = match identify(&guard.app, peer, request.headers(), &client).await {
        Ok(principal) => principal,
        Err(Refusal::NoToken | Refusal::Ended) if is_navigation(&request) => {
            return to_log_in(&request);
        }
        Err(refusal) => return turn_away(&guard.app, client, TenantId::main(), refusal).await,
    };
    // A browser sends its cookie whoever made it ask.
    if principal.user().is_some() && is_forged(request.method(), request.uri(), request.headers()) {
        return turn_away(&guard.app, principal.client, principal.tenant, Refusal::Forged).await;
    }
    if !principal.may(guard.access) {
        let refusal = match guard.access {
            _ if principal.user().is_some() => Refusal::Role,
            Access::Payload => Refusal::Payload,
            Access::Account => Refusal::NoPerson,
            Access::Platform => Refusal::Platform,
            _ => Refusal::Scope,
        };
        return turn_away(&guard.app, principal.client, principal.tenant, refusal).await;
    }
    request.extensions_mut().insert(principal);
    match guard.access {
        Access::Write | Access::Account => to_the_end(next, request).await,
        _ => next.run(request).await,
    }
}

/// A client that hangs up drops its request. A change that is stored must still be recorded and
/// published, so it runs where nobody can drop it.
async fn to_the_end(next: Next, request: Request) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::Store.problem().into_response(),
    }
}

/// Why somebody was turned away.
#[derive(Clone, Copy)]
enum Refusal {
    NoPeer,
    NoToken,
    Malformed,
    Two,
    Ended,
    Partial,
    Forged,
    Role,
    NoPerson,
    Unknown,
    Expired,
    Scope,
    Payload,
    Platform,
    Tenant,
    Store,
}

impl Refusal {
    fn reason(self) -> &'static str {
        match self {
            Self::NoPeer => "the connection says nothing of its other end",
            Self::NoToken => "no admin token was presented",
            Self::Malformed => "what was presented is no admin token",
            Self::Two => "a session and an admin token were presented at once",
            Self::Ended => "the session has ended",
            Self::Partial => "the log-in is not finished: a factor is missing",
            Self::Forged => "another site made the browser ask",
            Self::Role => "no role of theirs allows it",
            Self::NoPerson => "only a person who logged in has an account",
            Self::Unknown => "the admin token is not known",
            Self::Expired => "the admin token has expired",
            Self::Scope => "the admin token may only read",
            Self::Payload => "the admin token may not read payloads",
            Self::Platform => "an admin token is of one tenant",
            Self::Tenant => "there is no tenant of this name",
            Self::Store => "the store could not be asked",
        }
    }

    /// A stranger learns the same whatever was wrong with its token.
    fn problem(self) -> Problem {
        match self {
            Self::Scope => {
                let detail = "this token may only read; use one with scope write";
                Problem::new(StatusCode::FORBIDDEN, detail)
            }
            Self::Payload => {
                let detail = "this token may not read payloads; use one with scope payload";
                Problem::new(StatusCode::FORBIDDEN, detail)
            }
            Self::Role => {
                let detail =
                    "none of your roles allows this; ask an administrator for one that does";
                Problem::new(StatusCode::FORBIDDEN, detail)
            }
            Self::Forged => {
                let detail =
                    "this was asked for from another site; open the page here and do it there";
                Problem::new(StatusCode::FORBIDDEN, detail)
            }
            Self::NoPerson => {
                let detail = "this is about the account of a person: log in as one";
                Problem::new(StatusCode::FORBIDDEN, detail)
            }
            Self::Ended | Self::Partial => {
                Problem::new(StatusCode::UNAUTHORIZED, "log in at /login, with both factors")
            }
            Self::Platform => {
                let detail = "this is for whoever runs the platform, at the Unix socket";
                Problem::new(StatusCode::FORBIDDEN, detail)
            }
            Self::Tenant => Problem::bad_request(format!(
                "{TENANT} names no tenant of this instance; `portcullis tenant list` shows them"
            )),
            Self::Store => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "try again in a moment"),
            _ => {
                let detail = "send a valid admin token as Authorization: Bearer pct_…; the operator makes one with the admin API on the Unix socket";
                Problem::new(StatusCode::UNAUTHORIZED, detail)
            }
        }
    }
}

async fn identify(
    app: &App,
    peer: Option<Peer>,
    headers: &HeaderMap,
    client: &Client,
) -> Result<Principal, Refusal> {
    match peer {
        None => Err(Refusal::NoPeer),
        Some(Peer::Socket { uid }) => operator(app, uid, headers, client),
        Some(Peer::Tcp(_)) => match session::find(app, headers).await {
            Err(_) => Err(Refusal::Store),
            Ok(Found::Nothing) => bearer(app, headers, client).await,
            Ok(_) if headers.contains_key(header::AUTHORIZATION) => Err(Refusal::Two),
            Ok(Found::Ended) => Err(Refusal::Ended),
            Ok(Found::Live(session)) => person(app, *session, client),
        },
    }
}

/// Only a log-in with both factors lets somebody in.
fn person(app: &App, session: Session, client: &Client) -> Result<Principal, Refusal> {
    if session.stage != people::session::Stage::Full {
        return Err(Refusal::Partial);
    }
    // A tenant that is configured no more has nobody who administers it.
    if !app.instance.tenants().contains(&session.user.tenant) {
        return Err(Refusal::Ended);
    }
    let is_fresh = app.login.lifetimes.is_fresh(session.moments(), (app.clock)());
    let roles = session.user.grants.iter().filter_map(|grant| Role::parse(&grant.role)).collect();
    let credential = format!("session:{}", session.stored.id);
    let user =
        User { name: session.user.name.clone(), roles, is_fresh, session: session.stored.hash };
    Ok(Principal {
        name: format!("user:{}", session.user.name),
        credential: Credential::Session(user),
        tenant: session.user.tenant,
        client: Client { credential, ..client.clone() },
    })
}

/// Whether somebody opens a page in a browser.
fn is_navigation(request: &Request) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let wants_page = accepts.is_some_and(|accepts| accepts.contains("text/html"));
    wants_page && request.method() == Method::GET && !request.uri().path().starts_with("/api/")
}

/// To the log-in, and back afterwards.
fn to_log_in(request: &Request) -> Response {
    let way = request.uri().path_and_query().map_or("/", |way| way.as_str());
    let way = crate::pages::people::log_in(way);
    let location = HeaderValue::from_str(&way).unwrap_or(HeaderValue::from_static("/login"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// Whether a request that changes something comes from elsewhere than a page of ours. Browsers say
/// so in `Sec-Fetch-Site` where the connection is one that they trust, and in `Origin` everywhere;
/// what says neither is no browser, and needs no cookie.
pub(crate) fn is_forged(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    if matches!(*method, Method::GET | Method::HEAD) {
        return false;
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return site != "same-origin";
    }
    // HTTP/2 has the name in the target.
    let target = uri.authority().map(Authority::as_str);
    let host = text(header::HOST.as_str()).or(target);
    let origin = text(header::ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
    origin.is_none_or(|(_, authority)| Some(authority) != host)
}

/// Whoever can open the socket owns the data folder: the file's mode is the check.
fn operator(
    app: &App,
    uid: u32,
    headers: &HeaderMap,
    client: &Client,
) -> Result<Principal, Refusal> {
    let tenant = match headers.get(TENANT) {
        None => TenantId::main(),
        Some(name) => {
            let name = name.to_str().map_err(|_| Refusal::Tenant)?;
            let name = TenantId::new(name).map_err(|_| Refusal::Tenant)?;
            app.instance.tenants().into_iter().find(|one| *one == name).ok_or(Refusal::Tenant)?
        }
    };
    let name = format!("uid:{uid}");
    let client = Client { credential: name.clone(), ..client.clone() };
    Ok(Principal { name, credential: Credential::Socket, tenant, client })
}

async fn bearer(app: &App, headers: &HeaderMap, client: &Client) -> Result<Principal, Refusal> {
    let presented = presented(headers)?;
    let hash = token::hash(presented).map_err(|_| Refusal::Malformed)?;
    let found = app.store.token(hash).await.map_err(|_| Refusal::Store)?;
    let StoredToken { name, scope, tenant, expires, .. } = found.ok_or(Refusal::Unknown)?;
    if expires.is_some_and(|end| end <= (app.clock)()) {
        return Err(Refusal::Expired);
    }
    // A tenant that is configured no more has nobody who administers it.
    if !app.instance.tenants().contains(&tenant) {
        return Err(Refusal::Unknown);
    }
    let name = format!("token:{name}");
    let client = Client { credential: name.clone(), ..client.clone() };
    Ok(Principal { name, credential: Credential::Token(scope), tenant, client })
}

/// Two credentials that could disagree are none.
fn presented(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Refusal::NoToken)?;
    if values.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let value = value.to_str().map_err(|_| Refusal::Malformed)?;
    let (scheme, token) = value.split_once(' ').ok_or(Refusal::Malformed)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(Refusal::Malformed) }
}

pub(crate) fn client_of(peer: Option<Peer>, headers: &HeaderMap) -> Client {
    let user_agent = headers.get(header::USER_AGENT);
    let user_agent = user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()));
    Client {
        address: peer.map(Peer::address).unwrap_or_default(),
        credential: String::new(),
        user_agent: clip(&user_agent.unwrap_or_default(), MAX_USER_AGENT).to_owned(),
    }
}

async fn turn_away(app: &App, client: Client, tenant: TenantId, refusal: Refusal) -> Response {
    let now = (app.clock)();
    let Some(random) = change::random_id(app) else {
        return Refusal::Store.problem().into_response();
    };
    let decision =
        Decision { effect: Effect::Deny, reason: refusal.reason().into(), ..Decision::default() };
    let id = RecordId::new(now, random);
    let mut record = Record::new(id, now, tenant, Kind::AUTH_ATTEMPT, decision);
    record.status = Status::Refused;
    record.client = client;
    let problem = refusal.problem();
    if let Err(failure) = app.journal.record(record).await {
        return Problem::from(failure).into_response();
    }
    change::with_record(problem.into_response(), id)
}
