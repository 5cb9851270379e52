//! One's own account and the identity provider: connected by who is logged in, and parted again.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use identity::sign_on::SignedOn;
use maud::{Markup, html};
use store::{FactorKind, StoreError, StoredLink};

use super::super::components::text::untrusted;
use super::super::components::time::moment;
use super::super::{page, shell};
use super::account::own;
use super::fields::{TOKEN, Unbound, check};
use super::sso::{address_there, from_here};
use super::{form, onward, step_up};
use crate::login;
use crate::login::connect::Offer;
use crate::login::cookie::Cookie;
use crate::login::outside::Begun;
use crate::login::session::Session;
use crate::sign_on::SignOnTerms;
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Account get "/account/sso" show, "Shows whom the identity provider vouches for, to be connected"),
        page!(Account post "/account/sso" begin, "Sends the browser to the identity provider, to connect the account"),
        page!(Account post "/account/sso/confirm" confirm, "Connects the account"),
        page!(Account post "/account/sso/disconnect" disconnect, "Parts the account from the identity provider"),
    ]
}

const TITLE: &str = "Connect your account";

/// What of it stands on the page of the account.
pub(super) fn section(app: &App, session: &Session) -> Markup {
    let terms = app.sign_on.terms(&session.user.tenant);
    let links = &session.user.links;
    let is_connected = |terms: &SignOnTerms| links.iter().any(|link| link.issuer == terms.issuer);
    html! {
        @if terms.is_some() || !links.is_empty() { section {
            h2 { "Log-in by your organisation" }
            @if !links.is_empty() { ul { @for link in links { li { (connected(session, link)) } } } }
            @if let Some(terms) = terms.filter(|terms| !is_connected(terms)) {
                p { "Connect this account with your log-in at " (untrusted(&terms.issuer)) ", and it opens this account from then on." }
                (form("/account/sso", &[(TOKEN, session.form_token().expose())], &html! { button { "Connect" } }))
            }
        } }
    }
}

fn connected(session: &Session, link: &StoredLink) -> Markup {
    let token = session.form_token();
    let hidden = [(TOKEN, token.expose()), ("issuer", &*link.issuer), ("subject", &*link.subject)];
    html! {
        (untrusted(&link.issuer)) " as " (untrusted(&link.subject)) ", last seen " (moment(link.seen)) " "
        (form("/account/sso/disconnect", &hidden, &html! { button { "Disconnect" } }))
    }
}

async fn begin(
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
    let terms = app.sign_on.terms(&who.tenant);
    let terms = terms.ok_or_else(|| Problem::not_found("identity provider"))?;
    let begun = Begun::new(&app, &who.tenant, "/account", Some(&session.stored.id))?;
    let there = address_there(&app, &headers, &begun, &terms).await?;
    // A form of ours leads to no other host (`form-action`), so this page goes on by itself.
    let next = format!("0; url={there}");
    let body = html! { p { a.button href=(there) { "Go on to " (untrusted(&terms.issuer)) } } };
    let mut response = shell::narrow(&app, &who.tenant, TITLE, &body).await;
    let refresh = next.parse().map_err(|_| crate::Failure("an address is none".to_owned()))?;
    response.headers_mut().insert(HeaderName::from_static("refresh"), refresh);
    begun.carry(&app, &mut response)?;
    Ok(response)
}

/// Back from the provider: what it said is kept for the session that asked, which is not known here.
pub(super) fn offered(
    app: &App,
    begun: &Begun,
    session: &str,
    said: (&SignOnTerms, &SignedOn),
) -> Result<Response, Problem> {
    let offer = Offer::new(app, &begun.tenant, session, said)?;
    let mut response = from_here("/account/sso")?;
    offer.carry(app, &mut response)?;
    Ok(response)
}

async fn show(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    let session = own(&app, &headers).await?;
    let offer = Offer::of(&app, &headers, &session).ok_or_else(nothing)?;
    let token = session.form_token();
    let body = html! {
        p { "You are " strong { (session.user.name) } ". At " (untrusted(&offer.issuer)) " you are logged in as:" }
        p {
            strong { (untrusted(&offer.shown)) }
            @if offer.shown != offer.subject { " " span.muted { "known there by " (untrusted(&offer.subject)) } }
        }
        p { "Whoever logs in there so opens this account. If that is not you, go back, and log out there." }
        (form("/account/sso/confirm", &[(TOKEN, token.expose())], &html! { div.row {
            button.primary { "Connect the two" }
            a.button href="/account" { "Go back" }
        } }))
    };
    Ok(shell::narrow(&app, &session.user.tenant, TITLE, &body).await)
}

fn nothing() -> Problem {
    let detail = "nothing waits to be connected in this session; begin anew at /account";
    Problem::new(StatusCode::CONFLICT, detail)
}

async fn confirm(
    State(app): State<Shared>,
    who: Principal,
    headers: HeaderMap,
    Unbound(mut fields): Unbound,
) -> Result<Response, Problem> {
    let session = own(&app, &headers).await?;
    check(&mut fields, &session)?;
    fields.end()?;
    if !who.is_fresh() {
        return Ok(onward(&step_up("/account/sso")));
    }
    let offer = Offer::of(&app, &headers, &session).ok_or_else(nothing)?;
    if !offer.is_taken_once(&app).await? {
        return Err(nothing());
    }
    let user = &session.user.name;
    match app.store.link(&who.tenant, user, offer.link(&app)).await {
        Err(StoreError::Exists { .. }) => {
            let detail = "another account here is connected with this log-in";
            return Err(Problem::new(StatusCode::CONFLICT, detail));
        }
        done => done?,
    }
    note(&app, &who, "link.add", (&offer.issuer, &offer.subject)).await?;
    let mut response = onward("/account");
    Cookie::SignOn.clear(&app, &mut response);
    Ok(response)
}

async fn disconnect(
    State(app): State<Shared>,
    who: Principal,
    headers: HeaderMap,
    Unbound(mut fields): Unbound,
) -> Result<Response, Problem> {
    let session = own(&app, &headers).await?;
    check(&mut fields, &session)?;
    let (issuer, subject) = (fields.text("issuer"), fields.text("subject"));
    fields.end()?;
    if !who.is_fresh() {
        return Ok(onward(&step_up("/account")));
    }
    if !has_other_way(&app, &session).await? {
        let detail = "nothing else would let you in: choose a password or add a passkey first";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    app.store.unlink(&who.tenant, &session.user.name, &issuer, &subject).await?;
    note(&app, &who, "link.remove", (&issuer, &subject)).await?;
    Ok(onward("/account"))
}

/// Whether somebody gets in without the identity provider.
async fn has_other_way(app: &App, session: &Session) -> Result<bool, Problem> {
    let (tenant, user) = (&session.user.tenant, &session.user.name);
    let factors = app.store.factors(tenant, user).await?;
    Ok(factors.iter().any(|factor| factor.kind == FactorKind::Passkey)
        || app.store.password(tenant, user).await?.is_some())
}

async fn note(
    app: &App,
    who: &Principal,
    act: &'static str,
    (issuer, subject): (&str, &str),
) -> Result<(), Problem> {
    let user = who.person().map(ToString::to_string).unwrap_or_default();
    let detail = [("issuer", issuer.to_owned()), ("subject", subject.to_owned())];
    login::note(app, who, act, &user, &detail).await
}
