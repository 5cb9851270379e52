//! One's own account: roles, factors, sessions, password.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};
use people::Role;
use people::session::Stage;
use store::{KnownDevice, StoredFactor, StoredSession};

use super::super::components::text::untrusted;
use super::super::components::time::moment;
use super::super::{page, shell};
use super::fields::{TOKEN, Unbound, check};
use super::welcome::acceptable;
use super::{codes_shown, connect, form, notice, onward, passkeys, step_up};
use crate::extract::Place;
use crate::login::session::{self, Session};
use crate::login::{self, factor};
use crate::{Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Account get "/account" show, "One's own account"),
        page!(Account post "/account/factors/{factor}/remove" remove_factor, "Removes a second factor of one's own"),
        page!(Account post "/account/codes" renew, "Makes new recovery codes; shows them this once"),
        page!(Account post "/account/sessions/{session}/end" end_session, "Ends a session of one's own"),
        page!(Account post "/account/sessions/end" end_others, "Ends all other sessions of one's own"),
        page!(Account get "/account/password" password, "Asks for a new password"),
        page!(Account post "/account/password" set_password, "Takes it"),
    ]
}

/// The caller's own session; the guard saw it a moment ago.
pub(super) async fn own(app: &Shared, headers: &HeaderMap) -> Result<Session, Problem> {
    let found = session::at(app, headers, Stage::Full).await?;
    found.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "log in at /login"))
}

async fn show(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    let session = own(&app, &headers).await?;
    let (tenant, user) = (&session.user.tenant, &session.user.name);
    let factors = app.store.factors(tenant, user).await?;
    let codes = app.store.recovery_codes(tenant, user).await?;
    let sessions = app.store.sessions(tenant, user).await?;
    let since = (app.clock)().minus(NEW);
    let devices = app.store.devices(tenant, user, since).await?;
    let body = html! {
        (new_browsers(&devices))
        p { "You are " strong { (user) } "." }
        (roles(&session))
        (factor_list(&session, session.may_add_factor(&app), &factors, codes))
        (connect::section(&app, &session))
        (session_list(&session, &sessions))
        section {
            h2 { "Password" }
            p { a.button href="/account/password" { "Change the password" } }
        }
        section {
            h2 { "This session" }
            (button(&session, "/logout", "Log out"))
        }
    };
    Ok(shell::narrow(&app, tenant, "Your account", &body).await)
}

/// How long a browser is new.
const NEW: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// The first browser of all is nothing to be told of.
fn new_browsers(devices: &[KnownDevice]) -> Markup {
    html! {
        @if devices.len() > 1 {
            section.banner.notice role="status" {
                p { "In the last two weeks you logged in from browsers for the first time. If one of them was not you, change your password, end all other sessions, and tell a security officer." }
                ul { @for one in devices { li {
                    (moment(one.first)) ": " (untrusted(if one.user_agent.is_empty() { "a browser that did not say its name" } else { &one.user_agent }))
                } } }
            }
        }
    }
}

fn roles(session: &Session) -> Markup {
    html! {
        section {
            h2 { "Roles" }
            @if session.user.grants.is_empty() { p { "You hold no role. An administrator grants them." } }
            p { a href="/account/access" { "Ask for a role for some time" } }
            ul {
                @for grant in &session.user.grants {
                    li {
                        strong { (grant.role) }
                        @if let Some(role) = Role::parse(&grant.role) { ": " (role.describe()) }
                        @if let Some(ends) = grant.ends { ", until " (moment(ends)) }
                    }
                }
            }
        }
    }
}

fn button(session: &Session, action: &str, text: &str) -> Markup {
    let token = session.form_token();
    form(action, &[(TOKEN, token.expose())], &html! { button { (text) } })
}

fn factor_list(session: &Session, may_add: bool, factors: &[StoredFactor], codes: u64) -> Markup {
    html! {
        section {
            h2 { "Second factors" }
            ul {
                @for factor in factors {
                    li {
                        strong { (untrusted(&factor.label)) } " (" (factor.kind.as_str()) "), since " (moment(factor.created))
                        @if factors.len() > 1 {
                            (button(session, &format!("/account/factors/{}/remove", factor.id), "Remove"))
                        }
                    }
                }
            }
            p { a.button href="/account/app" { "Add an authenticator app" } }
            @if may_add { (passkeys::button("add", "/account/passkeys", "/account", "Add a passkey")) }
            @else { p { a.button href=(step_up("/account")) { "Add a passkey" } } }
            p { (codes) " recovery codes are left." }
            (button(session, "/account/codes", "Make new recovery codes"))
        }
    }
}

fn session_list(session: &Session, sessions: &[StoredSession]) -> Markup {
    html! {
        section {
            h2 { "Sessions" }
            ul {
                @for one in sessions {
                    li {
                        (untrusted(&one.address)) ", " (untrusted(&one.user_agent)) ", last used " (moment(one.seen))
                        @if one.id == session.stored.id { " (this one)" } @else {
                            (button(session, &format!("/account/sessions/{}/end", one.id), "End"))
                        }
                    }
                }
            }
            @if sessions.len() > 1 { (button(session, "/account/sessions/end", "End all others")) }
        }
    }
}

async fn remove_factor(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
    headers: HeaderMap,
    Unbound(mut fields): Unbound,
) -> Result<Response, Problem> {
    let session = own(&app, &headers).await?;
    check(&mut fields, &session)?;
    fields.end()?;
    if !who.is_fresh() {
        return Ok(onward(&step_up("/account")));
    }
    app.store.remove_factor(&session.user.tenant, &session.user.name, &id).await?;
    login::note(&app, &who, "factor.remove", session.user.name.as_str(), &[("factor", id)]).await?;
    Ok(onward("/account"))
}

async fn renew(
    State(app): State<Shared>,
    who: Principal,
    headers: HeaderMap,
    Unbound(mut fields): Unbound,
) -> Result<Response, Problem> {
    let session = own(&app, &headers).await?;
    check(&mut fields, &session)?;
    fields.end()?;
    if !who.is_fresh() {
        return Ok(onward(&step_up("/account")));
    }
    let (tenant, user) = (&session.user.tenant, &session.user.name);
    let codes = factor::renew_codes(&app, tenant, user).await?;
    login::note(&app, &who, "recovery_codes.renew", user.as_str(), &[]).await?;
    let body =
        html! { (codes_shown(&codes)) p { a.button href="/account" { "I have kept them" } } };
    Ok(shell::narrow(&app, tenant, "New recovery codes", &body).await)
}

async fn end_session(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
    headers: HeaderMap,
    Unbound(mut fields): Unbound,
) -> Result<Response, Problem> {
    let session = own(&app, &headers).await?;
    check(&mut fields, &session)?;
    fields.end()?;
    let (tenant, user) = (&session.user.tenant, &session.user.name);
    app.store.end_session_of(tenant, user, &id).await?;
    login::note(&app, &who, "session.end", user.as_str(), &[("session", id)]).await?;
    Ok(onward("/account"))
}

async fn end_others(
    State(app): State<Shared>,
    who: Principal,
    headers: HeaderMap,
    Unbound(mut fields): Unbound,
) -> Result<Response, Problem> {
    let session = own(&app, &headers).await?;
    check(&mut fields, &session)?;
    fields.end()?;
    let (tenant, user) = (&session.user.tenant, &session.user.name);
    app.store.end_sessions(tenant, user, Some(session.stored.hash)).await?;
    login::note(&app, &who, "session.end", user.as_str(), &[("session", "all others".into())])
        .await?;
    Ok(onward("/account"))
}

async fn password(
    State(app): State<Shared>,
    who: Principal,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let session = own(&app, &headers).await?;
    if !who.is_fresh() {
        return Ok(onward(&step_up("/account/password")));
    }
    Ok(shell::narrow(&app, &who.tenant, "New password", &asked(&session, None)).await)
}

fn asked(session: &Session, wrong: Option<&str>) -> Markup {
    let (token, min) = (session.form_token(), people::password::MIN_LENGTH);
    let fields = html! {
        label { "A new password, of at least " (min) " characters"
            input name="password" type="password" required autocomplete="new-password" minlength=(min);
        }
        label { "The same again"
            input name="again" type="password" required autocomplete="new-password";
        }
        button { "Change it" }
    };
    html! {
        p { "All your other sessions end." }
        (notice(wrong))
        (form("/account/password", &[(TOKEN, token.expose())], &fields))
    }
}

async fn set_password(
    State(app): State<Shared>,
    who: Principal,
    headers: HeaderMap,
    Unbound(mut fields): Unbound,
) -> Result<Response, Problem> {
    let session = own(&app, &headers).await?;
    check(&mut fields, &session)?;
    let (new, again) = (fields.secret("password"), fields.secret("again"));
    fields.end()?;
    if !who.is_fresh() {
        return Ok(onward(&step_up("/account/password")));
    }
    let (tenant, user) = (&session.user.tenant, &session.user.name);
    if let Err(text) = acceptable(&app, &new, &again, user.as_str()) {
        let body = asked(&session, Some(&text));
        let (title, status) = ("New password", StatusCode::UNPROCESSABLE_ENTITY);
        return Ok(shell::inside(&app, Some(tenant), status, title, &body).await);
    }
    let kept = login::hash_password(&app, new).await?;
    app.store.set_password(tenant, user, Some(kept), (app.clock)()).await?;
    app.store.end_sessions(tenant, user, Some(session.stored.hash)).await?;
    login::note(&app, &who, "password.change", user.as_str(), &[]).await?;
    Ok(onward("/account"))
}
