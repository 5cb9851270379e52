//! Logging in: the second factor.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};
use model::{Client, Digest, TenantId, UserName};
use people::session::Stage;
use people::token;

use super::super::{page, shell};
use super::fields::{TOKEN, Unbound, check};
use super::login::Way;
use super::{code_field, form, log_in, notice, onward, passkeys, wait_text};
use crate::extract::{Params, Sender};
use crate::login::cookie::Cookie;
use crate::login::session::{self, Journey, Session, Step};
use crate::login::{Attempt, Outcome, factor, random};
use crate::{App, Endpoint, Problem, Shared, authorise};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Public get "/login/second" show, "Asks for the second factor"),
        page!(Public post "/login/second" submit, "Takes it, and lets in"),
    ]
}

const TITLE: &str = "Second factor";

async fn show(
    State(app): State<Shared>,
    headers: HeaderMap,
    Params(way): Params<Way>,
) -> Result<Response, Problem> {
    let Some(session) = session::at(&app, &headers, Stage::Password).await? else {
        return Ok(onward(&log_in(way.local())));
    };
    Ok(shell::bare(StatusCode::OK, TITLE, &asked(&session, way.local(), None)))
}

fn asked(session: &Session, way: &str, wrong: Option<&str>) -> Markup {
    let token = session.form_token();
    let fields = html! { (code_field()) button { "Go on" } };
    html! {
        (notice(wrong))
        (form("/login/second", &[("next", way), (TOKEN, token.expose())], &fields))
        (passkeys::button("prove", "/login/passkey", way, "Use a passkey"))
    }
}

async fn submit(
    State(app): State<Shared>,
    Sender(client): Sender,
    headers: HeaderMap,
    Unbound(mut fields): Unbound,
) -> Result<Response, Problem> {
    let way = Way { next: fields.take("next"), tenant: None };
    let Some(session) = session::at(&app, &headers, Stage::Password).await? else {
        return Ok(onward(&log_in(way.local())));
    };
    check(&mut fields, &session)?;
    let code = fields.text("code");
    fields.end()?;
    let refuse =
        |status, text: &str| shell::bare(status, TITLE, &asked(&session, way.local(), Some(text)));
    match prove(&app, &session, &client, &code).await? {
        Proof::Wait(text) => Ok(refuse(StatusCode::TOO_MANY_REQUESTS, &text)),
        Proof::Wrong => Ok(refuse(StatusCode::UNAUTHORIZED, WRONG)),
        Proof::Right(attempt, kind) => {
            let mut response = onward(way.local());
            let factors = format!("{} {kind}", session.stored.factors);
            let journey = let_in(&app, &session, &client, factors, &mut response).await?;
            let (tenant, user) = (&session.user.tenant, &session.user.name);
            let is_new = note_device(&app, tenant, user, &headers, &mut response).await?;
            let detail: Vec<_> =
                journey.into_iter().chain([("new_device", is_new.to_string())]).collect();
            attempt.end(Outcome::Right, &detail).await?;
            Ok(response)
        }
    }
}

pub(super) const WRONG: &str = "This code is wrong, or was used before. Wait for the next one, or look at your device's clock.";

/// What came of a code.
pub(super) enum Proof<'a> {
    Right(Attempt<'a>, &'static str),
    Wrong,
    /// Not looked at; until when.
    Wait(String),
}

/// Looks at a code, and records what was wrong. What was right is recorded by who goes on.
pub(super) async fn prove<'a>(
    app: &'a App,
    session: &Session,
    client: &Client,
    code: &str,
) -> Result<Proof<'a>, Problem> {
    let (tenant, user) = (&session.user.tenant, &session.user.name);
    let kind = factor::kind_of(code);
    let attempt = Attempt::new(app, tenant.clone(), user.clone(), client.clone(), kind);
    if let Some(until) = attempt.begin().await? {
        attempt.end(Outcome::TooMany, &[]).await?;
        return Ok(Proof::Wait(wait_text(until, (app.clock)())));
    }
    match factor::check(app, tenant, user, code).await? {
        Outcome::Right => Ok(Proof::Right(attempt, kind)),
        outcome => {
            attempt.end(outcome, &[]).await?;
            Ok(Proof::Wrong)
        }
    }
}

/// Opens a whole session in place of the one before.
pub(super) async fn let_in(
    app: &App,
    before: &Session,
    client: &Client,
    factors: String,
    response: &mut Response,
) -> Result<Journey, Problem> {
    let step = Step {
        tenant: &before.user.tenant,
        user: &before.user.name,
        stage: Stage::Full,
        factors,
        client,
        before: Some(before),
        outside: None,
    };
    session::open(app, step, response).await
}

/// Marks the browser where it is not marked yet; whether this person came from it for the first
/// time.
pub(super) async fn note_device(
    app: &App,
    tenant: &TenantId,
    user: &UserName,
    headers: &HeaderMap,
    response: &mut Response,
) -> Result<bool, Problem> {
    let known =
        Cookie::Device.find(app, headers).filter(|mark| token::hash(mark.expose()).is_some());
    let mark = match known {
        Some(mark) => mark,
        None => token::token(random(app)?),
    };
    Cookie::Device.set(app, response, &mark);
    let hash = Digest::of(mark.expose().as_bytes());
    let user_agent = authorise::client_of(None, headers).user_agent;
    Ok(app.store.note_device(tenant, user, hash, &user_agent, (app.clock)()).await?)
}
