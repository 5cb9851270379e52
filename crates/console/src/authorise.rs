//! Lets in who may, and records who was turned away.

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::{
    Client, Decision, Digest, Effect, Kind, PolicyId, Record, RecordId, Status, TenantId, UserName,
    clip,
};
use people::session::SEEN_EVERY;
use people::{Role, hours};
use policy::StaffVerdict;
use store::{Elevated, StoredGrant, StoredLink, StoredToken, StoredUser};

use crate::login::session::{self, Found, Session};
use crate::principal::{Credential, Owner, Token, User};
use crate::rules::{self, Ruling};
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
pub(crate) async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard.access {
        Access::Public => next.run(request).await,
        access if access.changes() => to_the_end(decide(guard, request, next)).await,
        _ => decide(guard, request, next).await,
    }
}

async fn decide(guard: Guard, request: Request, next: Next) -> Response {
    let peer = request.extensions().get().copied();
    let client = client_of(peer, request.headers());
    let principal = match identify(&guard.app, peer, request.headers(), &client).await {
        Ok(principal) => principal,
        Err(Refusal::NoToken | Refusal::Ended) if is_navigation(&request) => {
            return to_log_in(&request);
        }
        Err(refusal) => return turn_away(&guard.app, client, TenantId::main(), refusal).await,
    };
    let within = Within(principal.tenant.clone());
    let mut response = rule(guard, principal, request, next).await;
    response.extensions_mut().insert(within);
    response
}

/// Beside an answer: the tenant into which whoever asked was let, whether or not they may do what they asked.
#[derive(Clone)]
pub(crate) struct Within(pub(crate) TenantId);

async fn rule(guard: Guard, principal: Principal, request: Request, next: Next) -> Response {
    // A browser sends its cookie whoever made it ask.
    if principal.user().is_some()
        && is_forged(&guard.app, request.method(), request.uri(), request.headers())
    {
        return turn_away(&guard.app, principal.client, principal.tenant, Refusal::Forged).await;
    }
    let (mut parts, body) = request.into_parts();
    let params = RawPathParams::from_request_parts(&mut parts, &()).await;
    let mut request = Request::from_parts(parts, body);
    let Ok(params) = params else {
        return Problem::bad_request("the path cannot be read").into_response();
    };
    let access = guard.access.on(&params);
    let Ok(thing) = rules::thing(&guard.app, &principal.tenant, access, &params).await else {
        return Refusal::Store.problem().into_response();
    };
    let Ruling { verdict, asks_for_step_up } = rules::rule(&guard.app, &principal, access, &thing);
    if !verdict.is_permitted {
        if asks_for_step_up && is_page(&request) {
            return to_step_up(&request);
        }
        let refusal = Refusal::of(&principal, access, verdict, asks_for_step_up);
        return turn_away(&guard.app, principal.client, principal.tenant, refusal).await;
    }
    request.extensions_mut().insert(Principal { policies: verdict.policies, ..principal });
    next.run(request).await
}

/// A client that hangs up drops its request. A change that is stored must still be recorded and
/// published, so it runs where nobody can drop it.
async fn to_the_end(change: impl Future<Output = Response> + Send + 'static) -> Response {
    match tokio::spawn(change).await {
        Ok(response) => response,
        Err(_) => Refusal::Store.problem().into_response(),
    }
}

/// Why somebody was turned away.
enum Refusal {
    NoPeer,
    NoToken,
    Malformed,
    Two,
    Ended,
    Partial,
    Forged,
    /// The policies of the console.
    Denied(StaffVerdict),
    /// The same, for want of a fresh second factor.
    StepUp(StaffVerdict),
    NoPerson,
    Unknown,
    Expired,
    Scope,
    Payload,
    Names,
    Platform,
    Tenant,
    Store,
}

impl Refusal {
    fn of(who: &Principal, access: Access, verdict: StaffVerdict, step_up: bool) -> Self {
        let is_forbidden = !verdict.policies.is_empty();
        match (&who.credential, access) {
            _ if step_up => Self::StepUp(verdict),
            (Credential::Session(_), _) => Self::Denied(verdict),
            (_, Access::Account) => Self::NoPerson,
            (_, Access::Platform) => Self::Platform,
            (Credential::Token(token), _) if is_forbidden || token.owner.is_some() => {
                Self::Denied(verdict)
            }
            (_, Access::Payload) => Self::Payload,
            (_, Access::Names) => Self::Names,
            _ => Self::Scope,
        }
    }

    fn policies(&self) -> Vec<PolicyId> {
        match self {
            Self::Denied(verdict) | Self::StepUp(verdict) => verdict.policies.clone(),
            _ => Vec::new(),
        }
    }

    fn reason(&self) -> &str {
        match self {
            Self::Denied(verdict) | Self::StepUp(verdict) => &verdict.reason,
            Self::NoPeer => "the connection says nothing of its other end",
            Self::NoToken => "no admin token was presented",
            Self::Malformed => "what was presented is no admin token",
            Self::Two => "a session and an admin token were presented at once",
            Self::Ended => "the session has ended",
            Self::Partial => "the log-in is not finished: a factor is missing",
            Self::Forged => "another site made the browser ask",
            Self::NoPerson => "only a person who logged in has an account",
            Self::Unknown => "the admin token is not known",
            Self::Expired => "the admin token has expired",
            Self::Scope => "the admin token may only read",
            Self::Payload => "the admin token may not read payloads",
            Self::Names => "the admin token may not resolve names",
            Self::Platform => "an admin token is of one tenant",
            Self::Tenant => "there is no tenant of this name",
            Self::Store => "the store could not be asked",
        }
    }

    /// A stranger learns the same whatever was wrong with its token.
    fn problem(&self) -> Problem {
        match self {
            Self::Scope => {
                let detail = "this token may only read; use one with scope write";
                Problem::new(StatusCode::FORBIDDEN, detail)
            }
            Self::Payload => {
                let detail = "this token may not read payloads; use one with scope payload";
                Problem::new(StatusCode::FORBIDDEN, detail)
            }
            Self::Names => {
                let detail = "this token may not resolve names; use one with scope payload";
                Problem::new(StatusCode::FORBIDDEN, detail)
            }
            Self::Denied(verdict) if verdict.policies.is_empty() => {
                let detail =
                    "none of your roles allows this; ask an administrator for one that does";
                Problem::new(StatusCode::FORBIDDEN, detail)
            }
            Self::Denied(verdict) => Problem::new(StatusCode::FORBIDDEN, verdict.reason.as_str()),
            Self::StepUp(_) => {
                let detail = "this needs a fresh second factor: show it at /verify, and do it again within minutes";
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
    let mut roles = roles(app, &session.user);
    roles.extend(elevated(app, &session.user));
    let credential = format!("session:{}", session.stored.id);
    let user =
        User { name: session.user.name.clone(), roles, is_fresh, session: session.stored.hash };
    Ok(Principal {
        name: format!("user:{}", session.user.name),
        credential: Credential::Session(user),
        tenant: session.user.tenant,
        client: Client { credential, ..client.clone() },
        policies: Vec::new(),
    })
}

/// The roles that somebody holds at this moment: by grants, and by what the directory says they are in.
fn roles(app: &App, user: &StoredUser) -> Vec<Role> {
    let now = (app.clock)();
    let in_force = |grant: &&StoredGrant| {
        hours::is_in_force(grant.starts, grant.ends, grant.hours.as_deref(), now)
    };
    let held = user.grants.iter().filter(in_force).filter_map(|grant| Role::parse(&grant.role));
    let groups = user.groups.iter();
    let of_groups = groups.flat_map(|group| app.instance.group_roles(&user.tenant, &group.name));
    // What an identity provider said counts no longer than a session that it began.
    let issuer = app
        .sign_on
        .terms(&user.tenant)
        .filter(|_| !user.links.is_empty())
        .map(|terms| terms.issuer);
    let is_said = |link: &&StoredLink| {
        let is_recent = now.since(link.seen) < app.login.lifetimes.whole;
        is_recent && issuer.as_ref() == Some(&link.issuer)
    };
    let said = user.links.iter().filter(is_said).flat_map(|link| &link.groups);
    let of_said = said.flat_map(|group| app.instance.group_roles(&user.tenant, group));
    let mut roles: Vec<Role> = held.chain(of_groups).chain(of_said).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// The roles that somebody holds for some minutes. Their tokens do not get them: what was asked for is
/// for who asked, in front of a screen.
fn elevated(app: &App, user: &StoredUser) -> Vec<Role> {
    let now = (app.clock)();
    let in_force = |one: &&Elevated| one.starts <= now && now < one.ends;
    let held = user.elevations.iter().filter(in_force);
    held.filter_map(|one| Role::parse(&one.role)).collect()
}

/// Whether somebody opens a page in a browser.
fn is_navigation(request: &Request) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let wants_page = accepts.is_some_and(|accepts| accepts.contains("text/html"));
    wants_page && request.method() == Method::GET && !request.uri().path().starts_with("/api/")
}

/// Whether a person looks at it rather than a program.
fn is_page(request: &Request) -> bool {
    let path = request.uri().path();
    !["/api/", "/ledger/", "/scim/"].iter().any(|root| path.starts_with(root))
}

/// To the page that asks for a fresh second factor, and back to the page with the button.
fn to_step_up(request: &Request) -> Response {
    let from = request.headers().get(header::REFERER).and_then(|value| value.to_str().ok());
    let from = from.and_then(|from| from.parse::<Uri>().ok());
    let from = from.as_ref().and_then(Uri::path_and_query).map(|way| way.as_str());
    let way = match *request.method() {
        Method::GET => request.uri().path_and_query().map(|way| way.as_str()),
        _ => from,
    };
    see(&crate::pages::people::step_up(way.unwrap_or("/")))
}

fn see(way: &str) -> Response {
    let location = HeaderValue::from_str(way).unwrap_or(HeaderValue::from_static("/login"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// To the log-in, and back afterwards.
fn to_log_in(request: &Request) -> Response {
    let way = request.uri().path_and_query().map_or("/", |way| way.as_str());
    see(&crate::pages::people::log_in(way))
}

/// Where a request comes from, as a browser says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    OurPage,
    Elsewhere,
    /// No browser, or one so old that it says nothing.
    Unsaid,
}

/// Browsers say it in `Sec-Fetch-Site` (Fetch Metadata) where the connection is one that they trust, and
/// in `Origin` (RFC 6454) everywhere.
pub(crate) fn sender(app: &App, uri: &Uri, headers: &HeaderMap) -> Sender {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return if site == "same-origin" { Sender::OurPage } else { Sender::Elsewhere };
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else { return Sender::Unsaid };
    // HTTP/2 has the name in the target.
    let target = uri.authority().map(Authority::as_str);
    let host = text(header::HOST.as_str()).or(target);
    if is_our_origin(app, origin, host) { Sender::OurPage } else { Sender::Elsewhere }
}

/// Whether an origin is where the console was called. A page in clear text under the name of one that is
/// reached by TLS is anybody's who stands in between.
fn is_our_origin(app: &App, origin: &str, host: Option<&str>) -> bool {
    let authority = |url: &str| url.split_once("://").map(|(_, authority)| authority.to_owned());
    let said = authority(origin);
    match app.public_url.as_deref() {
        Some(public) if said == authority(public) => origin == public,
        // Called past the proxy, nobody here knows by which scheme.
        Some(_) => said.is_some() && said.as_deref() == host,
        None => {
            let scheme = if app.login.secure { "https" } else { "http" };
            origin
                .split_once("://")
                .is_some_and(|(found, authority)| found == scheme && Some(authority) == host)
        }
    }
}

/// Whether a request that changes something may have been made by another site: who has a cookie must
/// say that it was not.
pub(crate) fn is_forged(app: &App, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    !is_safe(method) && sender(app, uri, headers) != Sender::OurPage
}

/// Whether a method changes nothing.
pub(crate) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
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
    Ok(Principal { name, credential: Credential::Socket, tenant, client, policies: Vec::new() })
}

async fn bearer(app: &App, headers: &HeaderMap, client: &Client) -> Result<Principal, Refusal> {
    let presented = presented(headers)?;
    let hash = token::hash(presented).map_err(|_| Refusal::Malformed)?;
    let found = app.store.token(hash).await.map_err(|_| Refusal::Store)?;
    let StoredToken { name, scope, tenant, expires, owner, .. } = found.ok_or(Refusal::Unknown)?;
    if expires.is_some_and(|end| end <= (app.clock)()) {
        return Err(Refusal::Expired);
    }
    // A tenant that is configured no more has nobody who administers it.
    if !app.instance.tenants().contains(&tenant) {
        return Err(Refusal::Unknown);
    }
    let owner = match owner {
        Some(owner) => Some(holder(app, &tenant, &owner).await?),
        None => None,
    };
    note_use(app, hash).await?;
    let name = format!("token:{name}");
    let client = Client { credential: name.clone(), ..client.clone() };
    let credential = Credential::Token(Token { scope, owner });
    Ok(Principal { name, credential, tenant, client, policies: Vec::new() })
}

/// Notes that a token was used, no more often than a session's use is noted: looking leaves no record,
/// and an access review asks.
async fn note_use(app: &App, hash: Digest) -> Result<(), Refusal> {
    let now = (app.clock)();
    let before = app.store.token_used(hash).await.map_err(|_| Refusal::Store)?;
    if before.is_none_or(|before| now.since(before) >= SEEN_EVERY) {
        app.store.touch_token(hash, now).await.map_err(|_| Refusal::Store)?;
    }
    Ok(())
}

/// The person whose a token is; a leaver's token opens nothing.
async fn holder(app: &App, tenant: &TenantId, name: &UserName) -> Result<Owner, Refusal> {
    let user = app.store.user(tenant, name).await.map_err(|_| Refusal::Store)?;
    match user.active {
        true => Ok(Owner { roles: roles(app, &user), name: user.name }),
        false => Err(Refusal::Unknown),
    }
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
    let decision = Decision {
        effect: Effect::Deny,
        reason: refusal.reason().to_owned().into(),
        policies: refusal.policies(),
        ..Decision::default()
    };
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
