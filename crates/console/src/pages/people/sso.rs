//! Logging in by an identity provider: there, back, and out again when it says so.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use identity::sign_on::SignedOn;
use maud::{Markup, html};
use model::{Client, Digest, Secret, TenantId};
use people::session::Stage;
use serde::Deserialize;

use super::super::components::text::untrusted;
use super::super::form::Fields;
use super::super::shell::url;
use super::super::{page, shell};
use super::login::Way;
use super::second::note_device;
use super::{HOME, connect, notice, with_way};
use crate::extract::{Params, Sender};
use crate::login::cookie::Cookie;
use crate::login::outside::{self, Begun};
use crate::login::session::{self, Outside, Step};
use crate::login::{self, Attempt};
use crate::sign_on::{Redemption, SignOnTerms};
use crate::{App, Endpoint, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Public get "/login/sso" begin, "Sends the browser to the identity provider"),
        page!(Public get "/login/sso/callback" answered, "Takes the identity provider's answer"),
        page!(Public post "/login/sso/logout" logged_out, "Takes the identity provider's word that somebody logged out"),
    ]
}

const TITLE: &str = "Log in";

/// A link to the identity provider: the platform's own, where there is one, and that of whichever tenant is
/// named, whether or not there is such a tenant.
pub(super) fn link(app: &App, way: &Way) -> Markup {
    let label = match way.tenant() {
        "" => app.sign_on.terms(&TenantId::main()).map(|terms| terms.label),
        _ => Some("Log in by your organisation".to_owned()),
    };
    let next = if way.local() == HOME { "" } else { way.local() };
    html! {
        @if let Some(label) = label {
            p { a.button href=(url("/login/sso", &[("next", next), ("tenant", way.tenant())])) { (untrusted(&label)) } }
        }
    }
}

/// The tenant that is meant and its identity provider.
fn provider(app: &App, tenant: Option<TenantId>) -> Result<(TenantId, SignOnTerms), Problem> {
    let found = tenant.and_then(|tenant| Some((tenant.clone(), app.sign_on.terms(&tenant)?)));
    found.ok_or_else(|| Problem::not_found("log-in; there is no identity provider"))
}

async fn begin(
    State(app): State<Shared>,
    Sender(client): Sender,
    headers: HeaderMap,
    Params(way): Params<Way>,
) -> Result<Response, Problem> {
    // Names of tenants are guessed as slowly as passwords are.
    let is_guess = !way.tenant().is_empty();
    if is_guess && let Some(until) = login::count_address(&app, &client).await? {
        let text = super::wait_text(until, (app.clock)());
        return Ok(shell::bare(StatusCode::TOO_MANY_REQUESTS, TITLE, &notice(Some(&text))));
    }
    let Ok((tenant, terms)) = provider(&app, way.served(&app)) else {
        let reason = "no organisation of this name logs in this way";
        outside::refuse(&app, &TenantId::main(), client, reason, &[]).await?;
        return Ok(refused(StatusCode::NOT_FOUND, reason));
    };
    if is_guess {
        login::uncount_address(&app, &client).await?;
    }
    let begun = Begun::new(&app, &tenant, way.local(), None)?;
    let there = address_there(&app, &headers, &begun, &terms).await?;
    let there = HeaderValue::from_str(&there).map_err(|error| crate::Failure(error.to_string()))?;
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, there)]).into_response();
    begun.carry(&app, &mut response)?;
    Ok(response)
}

/// Where the browser asks the identity provider.
pub(super) async fn address_there(
    app: &App,
    headers: &HeaderMap,
    begun: &Begun,
    terms: &SignOnTerms,
) -> Result<String, Problem> {
    let places = app.sign_on.places(&begun.tenant).await;
    let places = places.map_err(|failure| unreachable(&failure))?;
    Ok(begun.address(terms, &places, &outside::redirect_uri(app, headers)?)?.to_string())
}

/// What went wrong there stays in the program's own log.
fn unreachable(failure: &crate::Failure) -> Problem {
    tracing::warn!(error = %failure, "the identity provider cannot be asked");
    let detail = "the identity provider cannot be asked now; try again, or log in another way";
    Problem::new(StatusCode::BAD_GATEWAY, detail)
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    /// RFC 9207.
    iss: Option<String>,
}

async fn answered(
    State(app): State<Shared>,
    Sender(client): Sender,
    headers: HeaderMap,
    Params(answer): Params<Answer>,
) -> Result<Response, Problem> {
    let begun = Begun::of(&app, &headers);
    let tenant = begun.as_ref().map_or_else(TenantId::main, |begun| begun.tenant.clone());
    let came = match begun {
        Some(begun) => redeemed(&app, &begun, &headers, answer).await?.map(|came| (begun, came)),
        None => {
            let why = Why::of("this log-in did not begin in this browser");
            Err(Why { status: StatusCode::BAD_REQUEST, ..why })
        }
    };
    let went = match came {
        Ok((begun, (terms, signed))) => match &begun.connects {
            Some(session) => return connect::offered(&app, &begun, session, (&terms, &signed)),
            None => let_in(&app, &begun, &client, &headers, (terms, signed)).await?,
        },
        Err(why) => Err(why),
    };
    let mut response = match went {
        Ok(response) => response,
        Err(why) => {
            outside::refuse(&app, &tenant, client, why.reason, &[("error", &why.error)]).await?;
            refused(why.status, why.reason)
        }
    };
    Cookie::SignOn.clear(&app, &mut response);
    Ok(response)
}

/// Why nobody was let in, and what the provider said of it.
struct Why {
    status: StatusCode,
    reason: &'static str,
    error: String,
}

impl Why {
    fn of(reason: &'static str) -> Self {
        Self::saying(reason, String::new())
    }

    fn saying(reason: &'static str, error: String) -> Self {
        Self { status: StatusCode::FORBIDDEN, reason, error }
    }
}

fn refused(status: StatusCode, reason: &str) -> Response {
    let body = html! {
        p.notice role="alert" { "You could not be logged in: " (reason) "." }
        p { a.button href="/login" { "Back to the log-in" } }
    };
    shell::bare(status, TITLE, &body)
}

/// What the provider vouches for, in answer to what this browser asked.
async fn redeemed(
    app: &App,
    begun: &Begun,
    headers: &HeaderMap,
    answer: Answer,
) -> Result<Result<(SignOnTerms, SignedOn), Why>, Problem> {
    // Of a tenant that is served no more, nobody logs in.
    let served = app.instance.tenants().contains(&begun.tenant).then(|| begun.tenant.clone());
    let (tenant, terms) = provider(app, served)?;
    if !begun.is_answered_by(app, &answer.state).await? {
        return Ok(Err(Why::of("this log-in is over, or the answer is to another one")));
    }
    let places = app.sign_on.places(&tenant).await;
    let places = places.map_err(|failure| unreachable(&failure))?;
    // Mix-up: an answer of another provider's (RFC 9207, section 2.4).
    let plain = |issuer: &str| issuer.trim_end_matches('/').to_owned();
    let is_named = answer.iss.as_ref().map(|iss| plain(iss) == plain(&terms.issuer));
    if !is_named.unwrap_or(!places.names_itself) {
        return Ok(Err(Why::of("the answer is not of this identity provider")));
    }
    if let Some(error) = answer.error {
        return Ok(Err(Why::saying("the identity provider refused", error)));
    }
    let Some(code) = answer.code else { return Ok(Err(Why::of("the answer holds no code"))) };
    let redemption = Redemption {
        code: Secret::new(code),
        verifier: begun.verifier(),
        nonce: begun.nonce.clone(),
        redirect_uri: outside::redirect_uri(app, headers)?,
    };
    Ok(match app.sign_on.redeem(&tenant, redemption).await {
        Ok(signed) => Ok((terms, signed)),
        Err(failure) => Err(Why::saying("the identity provider's answer is not right", failure.0)),
    })
}

/// Opens the session of whom the provider vouches for.
async fn let_in(
    app: &App,
    begun: &Begun,
    client: &Client,
    headers: &HeaderMap,
    (terms, signed): (SignOnTerms, SignedOn),
) -> Result<Result<Response, Why>, Problem> {
    let (tenant, factor) = (&begun.tenant, "sso");
    let user = match outside::account(app, tenant, &terms, &signed).await? {
        Ok(user) => user,
        Err(refusal) => return Ok(Err(Why::saying(refusal.reason(), signed.subject.clone()))),
    };
    let stage = outside::stage(&terms, &signed, &user);
    let mut response = onward(stage, &begun.way)?;
    let step = Step {
        tenant,
        user: &user.name,
        stage,
        factors: if stage == Stage::Full { "sso sso_mfa" } else { factor }.to_owned(),
        client,
        before: None,
        outside: Some(Outside { issuer: terms.issuer, session: signed.session.clone() }),
    };
    let journey = session::open(app, step, &mut response).await?;
    let attempt = Attempt::new(app, tenant.clone(), user.name.clone(), client.clone(), factor);
    let mut detail = vec![("stage", stage.as_str().to_owned())];
    detail.extend(journey);
    if stage == Stage::Full {
        let is_new = note_device(app, tenant, &user.name, headers, &mut response).await?;
        detail.push(("new_device", is_new.to_string()));
    }
    attempt.note(&detail).await?;
    Ok(Ok(response))
}

/// On to the next page, from a page of ours: a browser that comes from elsewhere sends no cookie that is
/// `SameSite=Strict`, not even after a redirect.
fn onward(stage: Stage, way: &str) -> Result<Response, Problem> {
    from_here(&match stage {
        Stage::Full => way.to_owned(),
        Stage::Password => with_way("/login/second", way),
        Stage::Enrol => "/enrol".to_owned(),
    })
}

pub(super) fn from_here(next: &str) -> Result<Response, Problem> {
    let next = if people::is_local(next) { next } else { HOME };
    let body = html! { p { a.button href=(next) { "Go on" } } };
    let mut response = shell::bare(StatusCode::OK, TITLE, &body);
    let refresh = HeaderValue::from_str(&format!("0; url={next}"));
    let refresh = refresh.map_err(|error| crate::Failure(error.to_string()))?;
    response.headers_mut().insert(HeaderName::from_static("refresh"), refresh);
    Ok(response)
}

/// Says the same where there is no identity provider.
fn no_logout_token() -> Problem {
    Problem::bad_request("this is no logout token of the identity provider's")
}

/// OpenID Connect Back-Channel Logout: the provider's own call, which its signature makes true.
async fn logged_out(
    State(app): State<Shared>,
    Sender(client): Sender,
    Params(way): Params<Way>,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read_from(request, &app).await?;
    let token = fields.take("logout_token").unwrap_or_default();
    let Ok((tenant, terms)) = provider(&app, way.served(&app)) else {
        let reason = "a logout token is for nobody's identity provider";
        outside::refuse(&app, &TenantId::main(), client, reason, &[]).await?;
        return Err(no_logout_token());
    };
    let out = match app.sign_on.logged_out(&tenant, token).await {
        Ok(out) => out,
        Err(failure) => {
            let reason = "a logout token is not right";
            outside::refuse(&app, &tenant, client, reason, &[("error", &failure.0)]).await?;
            return Err(no_logout_token());
        }
    };
    // Providers number their tokens as they like: one tenant's never takes the place of another's.
    let said = [b"logout token\n", tenant.as_str().as_bytes(), b"\n", out.id.as_bytes()];
    let said = Digest::of_parts(&said);
    if !app.store.say_once(said, out.expires, (app.clock)()).await? {
        let reason = "a logout token was used before";
        outside::refuse(&app, &tenant, client, reason, &[]).await?;
        return Err(Problem::bad_request("this logout token was used before"));
    }
    let (session, subject) = (out.session, out.subject);
    let ended = app.store.end_outside_sessions(&tenant, &terms.issuer, session, subject).await?;
    for user in ended {
        let attempt = Attempt::new(&app, tenant.clone(), user, client.clone(), "sso");
        attempt.note(&[("logout", "the identity provider ended the session".to_owned())]).await?;
    }
    Ok(StatusCode::OK.into_response())
}
