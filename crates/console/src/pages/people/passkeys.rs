//! Passkeys, for the script of the console's own: each is a question and an answer in JSON.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use model::{Client, TenantId, UserName};
use people::session::Stage;
use people::webauthn::{Assertion, Registration};
use serde::Deserialize;
use serde_json::json;

use super::super::assets::Asset;
use super::super::page;
use super::HOME;
use super::second::{let_in, note_device};
use crate::extract::{Body, Sender};
use crate::login::passkey::{self, Purpose, Site};
use crate::login::session::{self, Session, Step};
use crate::login::{self, Attempt, Outcome, factor};
use crate::{App, Endpoint, Principal, Problem, Shared, authorise};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Public post "/login/passkey/question" log_in_question, "Asks for a passkey, whosever it is"),
        page!(Public post "/login/passkey" log_in, "Lets in by a passkey, which is two factors in one"),
        page!(Account post "/verify/passkey/question" prove_question, "Asks for a passkey of one's own"),
        page!(Account post "/verify/passkey" prove, "Takes it as a fresh second factor"),
        page!(Public post "/enrol/passkey/question" enrol_question, "Offers a first passkey to whoever was invited"),
        page!(Public post "/enrol/passkey" enrol, "Takes it, and lets in"),
        page!(Account post "/account/passkeys/question" add_question, "Offers another passkey"),
        page!(Account post "/account/passkeys" add, "Takes it"),
    ]
}

/// A button that the script shows where the browser knows passkeys.
pub(super) fn button(act: &str, url: &str, way: &str, text: &str) -> Markup {
    html! {
        p.passkey {
            button type="button" hidden data-passkey=(act) data-url=(url) data-next=(way) { (text) }
            span role="alert" {}
        }
        script src=(Asset::Passkeys.path()) defer {}
    }
}

/// A request that no other site made: whoever is not let in yet is looked at here for it.
struct FromHere;

impl FromRequestParts<Shared> for FromHere {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        match authorise::is_forged(app, &parts.method, &parts.uri, &parts.headers) {
            true => {
                Err(Problem::new(StatusCode::FORBIDDEN, "this was asked for from another site"))
            }
            false => Ok(Self),
        }
    }
}

fn not_taken() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "this passkey is not known here, or was not shown rightly")
}

async fn at(app: &App, headers: &HeaderMap, stage: Stage) -> Result<Session, Problem> {
    let found = session::at(app, headers, stage).await?;
    found.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "log in at /login"))
}

/// The body of who asks for a question. It is read, since a connection on which a body is left over
/// is closed, and browsers then lose the next request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn log_in_question(
    State(app): State<Shared>,
    _: FromHere,
    headers: HeaderMap,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Problem> {
    let site = Site::of(&app, &headers)?;
    Ok(Json(passkey::question(&app, &site, Purpose::LogIn, &[])?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    #[serde(default)]
    next: String,
    assertion: Assertion,
}

fn done(way: &str) -> Response {
    let way = if people::is_local(way) { way } else { HOME };
    Json(json!({"next": way})).into_response()
}

async fn log_in(
    State(app): State<Shared>,
    Sender(client): Sender,
    _: FromHere,
    headers: HeaderMap,
    Body(shown): Body<Shown>,
) -> Result<Response, Problem> {
    let site = Site::of(&app, &headers)?;
    let credential = shown.assertion.credential().map_err(|_| not_taken())?;
    let Some((tenant, user, factor)) = app.store.passkey(credential).await? else {
        // Nobody's: there is no name to record, nor to tell.
        let nobody = UserName::new("unknown").map_err(|_| not_taken())?;
        attempt(&app, &TenantId::main(), &nobody, &client).end(Outcome::Nobody, &[]).await?;
        return Err(not_taken());
    };
    let attempt = attempt(&app, &tenant, &user, &client);
    let is_active = app.store.user(&tenant, &user).await?.active;
    let is_right = passkey::check(&app, &site, Purpose::LogIn, &factor, &shown.assertion).await?;
    if !is_right || !is_active {
        attempt.end(Outcome::Wrong, &[]).await?;
        return Err(not_taken());
    }
    let mut response = done(&shown.next);
    let (stage, factors) = (Stage::Full, "passkey".to_owned());
    let step = Step {
        tenant: &tenant,
        user: &user,
        stage,
        factors,
        client: &client,
        before: None,
        outside: None,
    };
    let journey = session::open(&app, step, &mut response).await?;
    let is_new = note_device(&app, &tenant, &user, &headers, &mut response).await?;
    let detail: Vec<_> = journey.into_iter().chain([("new_device", is_new.to_string())]).collect();
    attempt.note(&detail).await?;
    Ok(response)
}

fn attempt<'a>(app: &'a App, tenant: &TenantId, user: &UserName, client: &Client) -> Attempt<'a> {
    Attempt::new(app, tenant.clone(), user.clone(), client.clone(), "passkey")
}

async fn prove_question(
    State(app): State<Shared>,
    headers: HeaderMap,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Problem> {
    let session = at(&app, &headers, Stage::Full).await?;
    let known = app.store.factors(&session.user.tenant, &session.user.name).await?;
    let site = Site::of(&app, &headers)?;
    Ok(Json(passkey::question(&app, &site, Purpose::Prove(&session), &known)?).into_response())
}

async fn prove(
    State(app): State<Shared>,
    Sender(client): Sender,
    headers: HeaderMap,
    Body(shown): Body<Shown>,
) -> Result<Response, Problem> {
    let session = at(&app, &headers, Stage::Full).await?;
    let site = Site::of(&app, &headers)?;
    let (tenant, user) = (&session.user.tenant, &session.user.name);
    let attempt = attempt(&app, tenant, user, &client);
    let credential = shown.assertion.credential().map_err(|_| not_taken())?;
    let known = app.store.factors(tenant, user).await?;
    let own = known.iter().find(|factor| factor.credential.as_ref() == Some(&credential));
    let is_right = match own {
        Some(factor) => {
            let purpose = Purpose::Prove(&session);
            passkey::check(&app, &site, purpose, factor, &shown.assertion).await?
        }
        None => false,
    };
    if !is_right {
        attempt.end(Outcome::Wrong, &[]).await?;
        return Err(not_taken());
    }
    let mut response = done(&shown.next);
    let factors = session.stored.factors.clone();
    let_in(&app, &session, &client, factors, &mut response).await?;
    attempt.note(&[("step_up", "true".to_owned())]).await?;
    Ok(response)
}

async fn offered(app: &App, session: &Session, headers: &HeaderMap) -> Result<Response, Problem> {
    let known = app.store.factors(&session.user.tenant, &session.user.name).await?;
    let site = Site::of(app, headers)?;
    Ok(Json(passkey::offer(app, &site, session, &known)?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    #[serde(default)]
    label: String,
    registration: Registration,
}

/// The longest label of a factor.
const MAX_LABEL: usize = 64;

async fn store_new(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    new: &New,
) -> Result<(), Problem> {
    let site = Site::of(app, headers)?;
    let label = match model::clip(new.label.trim(), MAX_LABEL) {
        "" => "Passkey",
        label => label,
    };
    let factor =
        passkey::register(app, &site, session, label.to_owned(), &new.registration).await?;
    let (tenant, user) = (&session.user.tenant, &session.user.name);
    Ok(app.store.add_factor(tenant, user, factor, (app.clock)()).await?)
}

async fn enrol_question(
    State(app): State<Shared>,
    _: FromHere,
    headers: HeaderMap,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Problem> {
    let session = at(&app, &headers, Stage::Enrol).await?;
    offered(&app, &session, &headers).await
}

async fn enrol(
    State(app): State<Shared>,
    Sender(client): Sender,
    _: FromHere,
    headers: HeaderMap,
    Body(new): Body<New>,
) -> Result<Response, Problem> {
    let session = at(&app, &headers, Stage::Enrol).await?;
    store_new(&app, &session, &headers, &new).await?;
    let (tenant, user) = (&session.user.tenant, &session.user.name);
    let codes = factor::renew_codes(&app, tenant, user).await?;
    let codes: Vec<&str> = codes.iter().map(|code| code.expose()).collect();
    let mut response = Json(json!({"next": HOME, "codes": codes})).into_response();
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    let factors = format!("{} passkey", session.stored.factors);
    let_in(&app, &session, &client, factors, &mut response).await?;
    let is_new = note_device(&app, tenant, user, &headers, &mut response).await?;
    let detail = [("new_device", is_new.to_string()), ("enrolled", "true".to_owned())];
    attempt(&app, tenant, user, &client).note(&detail).await?;
    Ok(response)
}

fn may_add(app: &App, session: &Session) -> Result<(), Problem> {
    match session.may_add_factor(app) {
        true => Ok(()),
        false => {
            Err(Problem::new(StatusCode::FORBIDDEN, "show your second factor at /verify first"))
        }
    }
}

async fn add_question(
    State(app): State<Shared>,
    headers: HeaderMap,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Response, Problem> {
    let session = at(&app, &headers, Stage::Full).await?;
    may_add(&app, &session)?;
    offered(&app, &session, &headers).await
}

async fn add(
    State(app): State<Shared>,
    who: Principal,
    headers: HeaderMap,
    Body(new): Body<New>,
) -> Result<Response, Problem> {
    let session = at(&app, &headers, Stage::Full).await?;
    may_add(&app, &session)?;
    store_new(&app, &session, &headers, &new).await?;
    let name = session.user.name.to_string();
    login::note(&app, &who, "factor.add", &name, &[("kind", "passkey".to_owned())]).await?;
    Ok(done("/account"))
}
