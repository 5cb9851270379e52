//! Logging in: the first factor, and out.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use model::{Client, Secret, TenantId, UserName};
use people::session::Stage;
use serde::Deserialize;

use super::super::{page, shell};
use super::fields::Unbound;
use super::{HOME, form, notice, onward, passkeys, sso, with_way};
use crate::extract::{Params, Sender};
use crate::login::cookie::Cookie;
use crate::login::session::{self, Found, Step};
use crate::login::{self, Attempt, Outcome};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Public get "/login" show, "Asks for a name and a password"),
        page!(Public post "/login" submit, "Takes them; a second factor is asked for next"),
        page!(Account post "/logout" leave, "Ends the session"),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Way {
    pub(super) next: Option<String>,
}

impl Way {
    /// Only paths of this host.
    pub(super) fn local(&self) -> &str {
        self.next.as_deref().filter(|way| people::is_local(way)).unwrap_or(HOME)
    }
}

async fn show(
    State(app): State<Shared>,
    headers: HeaderMap,
    Params(way): Params<Way>,
) -> Result<Response, Problem> {
    if let Found::Live(session) = session::find(&app, &headers).await?
        && session.stage == Stage::Full
    {
        return Ok(onward(way.local()));
    }
    Ok(shell::bare(StatusCode::OK, "Log in", &asked(&app, way.local(), "", None)))
}

fn asked(app: &App, way: &str, name: &str, wrong: Option<&str>) -> Markup {
    let fields = html! {
        label { "Name"
            input name="name" value=(name) required autofocus[name.is_empty()] autocomplete="username"
                maxlength="128" spellcheck="false" autocapitalize="none";
        }
        label { "Password"
            input name="password" type="password" required autocomplete="current-password"
                maxlength=(people::password::MAX_BYTES);
        }
        button { "Log in" }
    };
    html! {
        (notice(wrong))
        (form("/login", &[("next", way)], &fields))
        (passkeys::button("prove", "/login/passkey", way, "Log in with a passkey"))
        (sso::link(app, way))
    }
}

/// Says the same of a wrong password and of a name that nobody has.
const WRONG: &str = "This name and password do not fit together.";

async fn submit(
    State(app): State<Shared>,
    Sender(client): Sender,
    Unbound(mut fields): Unbound,
) -> Result<Response, Problem> {
    let (name, password) = (fields.text("name"), fields.secret("password"));
    let way = Way { next: fields.take("next") };
    fields.end()?;
    let refuse = |status, text: &str| {
        shell::bare(status, "Log in", &asked(&app, way.local(), &name, Some(text)))
    };
    let Ok(user) = UserName::new(&name) else {
        return Ok(refuse(StatusCode::UNAUTHORIZED, WRONG));
    };
    let tenant = TenantId::main();
    let attempt = Attempt::new(&app, tenant.clone(), user.clone(), client.clone(), "password");
    if let Some(until) = attempt.begin().await? {
        attempt.end(Outcome::TooMany, &[]).await?;
        let text = super::wait_text(until, (app.clock)());
        return Ok(refuse(StatusCode::TOO_MANY_REQUESTS, &text));
    }
    match first_factor(&app, &tenant, &user, password).await? {
        Outcome::Right => {
            attempt.pass(&[]).await?;
            let mut response = onward(&with_way("/login/second", way.local()));
            start(&app, &tenant, &user, &client, &mut response).await?;
            Ok(response)
        }
        Outcome::NoFactor => {
            attempt.end(Outcome::NoFactor, &[]).await?;
            Ok(refuse(
                StatusCode::FORBIDDEN,
                "This account has no second factor yet. Ask an administrator for a new invitation.",
            ))
        }
        outcome => {
            attempt.end(outcome, &[]).await?;
            Ok(refuse(StatusCode::UNAUTHORIZED, WRONG))
        }
    }
}

async fn first_factor(
    app: &App,
    tenant: &TenantId,
    user: &UserName,
    password: Secret,
) -> Result<Outcome, Problem> {
    let hash = app.store.password(tenant, user).await?;
    let is_known = hash.is_some();
    if !login::is_password(app, password, hash).await {
        return Ok(if is_known { Outcome::Wrong } else { Outcome::Nobody });
    }
    let has_factor = !app.store.factors(tenant, user).await?.is_empty();
    Ok(if has_factor { Outcome::Right } else { Outcome::NoFactor })
}

async fn start(
    app: &App,
    tenant: &TenantId,
    user: &UserName,
    client: &Client,
    response: &mut Response,
) -> Result<(), Problem> {
    let (stage, factors) = (Stage::Password, "password".to_owned());
    let step = Step { tenant, user, stage, factors, client, before: None, outside: None };
    session::open(app, step, response).await.map(drop)
}

async fn leave(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    if let Some(user) = who.user() {
        app.store.end_session(user.session).await?;
        login::note(&app, &who, "session.end", &user.name.to_string(), &[]).await?;
    }
    let mut response = onward("/login").into_response();
    Cookie::Session.clear(&app, &mut response);
    Ok(response)
}
