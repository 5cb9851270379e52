//! Logging in: the first factor, and out.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use model::{Client, Secret, TenantId, UserName};
use people::session::Stage;
use serde::Deserialize;

use super::super::shell::url;
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
    /// Where somebody has their account; left out, at the platform's own.
    pub(super) tenant: Option<String>,
}

impl Way {
    /// Only paths of this host.
    pub(super) fn local(&self) -> &str {
        self.next.as_deref().filter(|way| people::is_local(way)).unwrap_or(HOME)
    }

    pub(super) fn tenant(&self) -> &str {
        self.tenant.as_deref().unwrap_or_default().trim()
    }

    /// The tenant that is meant; nothing where none of this name is served.
    pub(super) fn served(&self, app: &App) -> Option<TenantId> {
        let named = match self.tenant() {
            "" => TenantId::main(),
            name => TenantId::new(name).ok()?,
        };
        app.instance.tenants().contains(&named).then_some(named)
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
    Ok(shell::bare(StatusCode::OK, "Log in", &asked(&app, &way, "", None)))
}

fn asked(app: &App, way: &Way, name: &str, wrong: Option<&str>) -> Markup {
    let fields = html! {
        @if is_asked_where(app, way) {
            label { "Organisation, as it is called here; empty for the platform's own"
                input name="tenant" value=(way.tenant()) autocomplete="organization" maxlength="64"
                    spellcheck="false" autocapitalize="none";
            }
        }
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
        (form("/login", &[("next", way.local())], &fields))
        (passkeys::button("prove", "/login/passkey", way.local(), "Log in with a passkey"))
        (sso::link(app, way))
    }
}

fn is_asked_where(app: &App, way: &Way) -> bool {
    !way.tenant().is_empty() || app.instance.tenants().len() > 1
}

/// Says the same of a wrong password, of a name that nobody has, and of a tenant that there is not.
const WRONG: &str = "This name and password do not fit together.";

async fn submit(
    State(app): State<Shared>,
    Sender(client): Sender,
    Unbound(mut fields): Unbound,
) -> Result<Response, Problem> {
    let (name, password) = (fields.text("name"), fields.secret("password"));
    let way = Way { next: fields.take("next"), tenant: fields.take("tenant") };
    fields.end()?;
    let refuse =
        |status, text: &str| shell::bare(status, "Log in", &asked(&app, &way, &name, Some(text)));
    let Ok(user) = UserName::new(&name) else {
        return Ok(refuse(StatusCode::UNAUTHORIZED, WRONG));
    };
    let tenant = way.served(&app);
    let (name_tried, client_tried) = (user.clone(), client.clone());
    let attempt = match &tenant {
        Some(tenant) => Attempt::new(&app, tenant.clone(), name_tried, client_tried, "password"),
        None => Attempt::nowhere(&app, way.tenant(), name_tried, client_tried, "password"),
    };
    if let Some(until) = attempt.begin().await? {
        attempt.end(Outcome::TooMany, &[]).await?;
        let text = super::wait_text(until, (app.clock)());
        return Ok(refuse(StatusCode::TOO_MANY_REQUESTS, &text));
    }
    match first_factor(&app, tenant.as_ref(), &user, password).await? {
        Outcome::Right => {
            attempt.pass(&[]).await?;
            let mut response = onward(&with_way("/login/second", way.local()));
            start(&app, &attempt.tenant, &user, &client, &mut response).await?;
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
    tenant: Option<&TenantId>,
    user: &UserName,
    password: Secret,
) -> Result<Outcome, Problem> {
    let hash = match tenant {
        Some(tenant) => app.store.password(tenant, user).await?,
        None => None,
    };
    let is_known = hash.is_some();
    // It takes its time where there is nothing to compare with, too.
    let is_right = login::is_password(app, password, hash).await;
    let Some(tenant) = tenant.filter(|_| is_right) else {
        return Ok(if is_known { Outcome::Wrong } else { Outcome::Nobody });
    };
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
    let mut response = onward(&url("/login", &[("tenant", named(&who.tenant))])).into_response();
    Cookie::Session.clear(&app, &mut response);
    Ok(response)
}

/// A tenant as links name it: the platform's own goes without saying.
pub(super) fn named(tenant: &TenantId) -> &str {
    if *tenant == TenantId::main() { "" } else { tenant.as_str() }
}
