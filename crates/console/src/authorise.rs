//! Lets in who may, and records who was turned away.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::{Client, Decision, Effect, Kind, Record, RecordId, Status, TenantId, clip};
use store::{Scope, StoredToken};

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
    let client = client_of(&request);
    let peer = request.extensions().get().copied();
    let principal = match identify(&guard.app, peer, request.headers(), &client).await {
        Ok(principal) => principal,
        Err(refusal) => return turn_away(&guard.app, client, TenantId::main(), refusal).await,
    };
    if !principal.may(guard.access) {
        let refusal = match guard.access {
            Access::Payload => Refusal::Payload,
            _ => Refusal::Scope,
        };
        return turn_away(&guard.app, principal.client, principal.tenant, refusal).await;
    }
    request.extensions_mut().insert(principal);
    match guard.access {
        Access::Write => to_the_end(next, request).await,
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
    Unknown,
    Expired,
    Scope,
    Payload,
    Tenant,
    Store,
}

impl Refusal {
    fn reason(self) -> &'static str {
        match self {
            Self::NoPeer => "the connection says nothing of its other end",
            Self::NoToken => "no admin token was presented",
            Self::Malformed => "what was presented is no admin token",
            Self::Unknown => "the admin token is not known",
            Self::Expired => "the admin token has expired",
            Self::Scope => "the admin token may only read",
            Self::Payload => "the admin token may not read payloads",
            Self::Tenant => "the tenant's name is not one",
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
            Self::Tenant => Problem::bad_request(format!("{TENANT} holds a tenant's name")),
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
        Some(Peer::Socket { uid }) => operator(uid, headers, client),
        Some(Peer::Tcp(_)) => bearer(app, headers, client).await,
    }
}

/// Whoever can open the socket owns the data folder: the file's mode is the check.
fn operator(uid: u32, headers: &HeaderMap, client: &Client) -> Result<Principal, Refusal> {
    let tenant = match headers.get(TENANT) {
        None => TenantId::main(),
        Some(name) => {
            let name = name.to_str().map_err(|_| Refusal::Tenant)?;
            TenantId::new(name).map_err(|_| Refusal::Tenant)?
        }
    };
    let name = format!("uid:{uid}");
    let client = Client { credential: name.clone(), ..client.clone() };
    Ok(Principal { name, scope: Scope::Write, is_operator: true, tenant, client })
}

async fn bearer(app: &App, headers: &HeaderMap, client: &Client) -> Result<Principal, Refusal> {
    let presented = presented(headers)?;
    let hash = token::hash(presented).map_err(|_| Refusal::Malformed)?;
    let found = app.store.token(hash).await.map_err(|_| Refusal::Store)?;
    let StoredToken { name, scope, tenant, expires, .. } = found.ok_or(Refusal::Unknown)?;
    if expires.is_some_and(|end| end <= (app.clock)()) {
        return Err(Refusal::Expired);
    }
    let name = format!("token:{name}");
    let client = Client { credential: name.clone(), ..client.clone() };
    Ok(Principal { name, scope, is_operator: false, tenant, client })
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

fn client_of(request: &Request) -> Client {
    let user_agent = request.headers().get(header::USER_AGENT);
    let user_agent = user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()));
    Client {
        address: request.extensions().get::<Peer>().map(|p| p.address()).unwrap_or_default(),
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
