//! Passkeys: questions that a browser hands to an authenticator, and what comes back.

use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Digest;
use people::webauthn::{ALGORITHMS, Asked, Assertion, Passkey, Registration, WebAuthnError};
use serde_json::{Value, json};
use store::{FactorKind, NewFactor, StoredFactor};

use super::session::Session;
use super::{random, row_id};
use crate::{App, Problem};

/// Where the console is, as the browser sees it.
pub(crate) struct Site {
    origin: String,
    party: String,
}

impl Site {
    /// From the name by which the console was called, which is one of ours (see
    /// [`guard`](crate::guard)).
    pub(crate) fn of(app: &App, headers: &HeaderMap) -> Result<Self, Problem> {
        let origin = crate::site::origin(app, headers)?;
        let host = origin.split_once("://").map_or(origin.as_str(), |(_, host)| host);
        let party = crate::guard::without_port(host).to_owned();
        Ok(Self { origin, party })
    }

    fn asked<'a>(&'a self, challenge: &'a [u8]) -> Asked<'a> {
        Asked { challenge, origin: &self.origin, party: &self.party }
    }
}

/// What a question is for. An answer to one is none to another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose<'a> {
    LogIn,
    /// Within this session, and by whose it is alone.
    Prove(&'a Session),
    Add(&'a Session),
}

impl Purpose<'_> {
    fn text(self) -> String {
        match self {
            Self::LogIn => "log-in".to_owned(),
            Self::Prove(session) => format!("prove/{}", session.stored.id),
            Self::Add(session) => format!("add/{}", session.stored.id),
        }
    }
}

/// What `navigator.credentials.get` is asked with.
pub(crate) fn question(
    app: &App,
    site: &Site,
    purpose: Purpose<'_>,
    known: &[StoredFactor],
) -> Result<Value, Problem> {
    let challenge = app.login.challenges.ask(&purpose.text(), random(app)?, (app.clock)());
    let known = known.iter().filter_map(|factor| factor.credential.as_ref());
    let known: Vec<String> = known.map(|id| URL_SAFE_NO_PAD.encode(id)).collect();
    let challenge = URL_SAFE_NO_PAD.encode(challenge);
    Ok(json!({"challenge": challenge, "party": site.party, "credentials": known}))
}

/// What `navigator.credentials.create` is asked with.
pub(crate) fn offer(
    app: &App,
    site: &Site,
    session: &Session,
    known: &[StoredFactor],
) -> Result<Value, Problem> {
    let mut question = question(app, site, Purpose::Add(session), known)?;
    let user = &session.user;
    question["user"] = json!({
        "id": URL_SAFE_NO_PAD.encode(&user.uid), "name": user.name,
        "display": user.display.as_deref().unwrap_or(user.name.as_str()),
    });
    question["algorithms"] = json!(ALGORITHMS);
    question["name"] = app.instance.name().into();
    Ok(question)
}

/// The challenge that was answered, if it was ours for this purpose and nobody answered it before.
async fn answered(app: &App, purpose: Purpose<'_>, challenge: &[u8]) -> Result<(), Problem> {
    let now = (app.clock)();
    let ends = app.login.challenges.check(&purpose.text(), challenge, now);
    let ends = ends.ok_or_else(|| refused(WebAuthnError::Challenge))?;
    match app.store.say_once(Digest::of(challenge), ends, now).await? {
        true => Ok(()),
        false => Err(refused(WebAuthnError::Challenge)),
    }
}

fn refused(error: WebAuthnError) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
}

/// A new passkey, checked, to be stored.
pub(crate) async fn register(
    app: &App,
    site: &Site,
    session: &Session,
    label: String,
    registration: &Registration,
) -> Result<NewFactor, Problem> {
    let challenge = registration.challenge().map_err(refused)?;
    let registered = registration.verify(&site.asked(&challenge)).map_err(refused)?;
    answered(app, Purpose::Add(session), &challenge).await?;
    let data = serde_json::to_value(&registered.passkey);
    let data = data.map_err(|error| crate::Failure(error.to_string()))?;
    Ok(NewFactor {
        id: row_id(app)?,
        kind: FactorKind::Passkey,
        label,
        secret: None,
        credential: Some(registered.credential),
        data: Some(data),
        counter: Some(i64::from(registered.counter)),
    })
}

/// Checks what an authenticator showed for a passkey that is known. `Ok(false)` where it is wrong.
pub(crate) async fn check(
    app: &App,
    site: &Site,
    purpose: Purpose<'_>,
    factor: &StoredFactor,
    assertion: &Assertion,
) -> Result<bool, Problem> {
    let passkey = factor.data.clone().and_then(|data| serde_json::from_value::<Passkey>(data).ok());
    let Some(passkey) = passkey else { return Ok(false) };
    let Ok(challenge) = assertion.challenge() else { return Ok(false) };
    let before = u32::try_from(factor.counter.unwrap_or_default()).unwrap_or(u32::MAX);
    let Ok(counter) = assertion.verify(&site.asked(&challenge), &passkey, before) else {
        return Ok(false);
    };
    if answered(app, purpose, &challenge).await.is_err() {
        return Ok(false);
    }
    let now = (app.clock)();
    if counter == 0 {
        app.store.note_factor_used(&factor.id, now).await?;
        return Ok(true);
    }
    Ok(app.store.advance_factor(&factor.id, i64::from(counter), now).await?)
}
