//! Sessions: found by a cookie, opened by a step of a log-in.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::response::Response;
use model::{Client, Digest, Secret, TenantId, Timestamp, UserName};
use people::session::{Moments, SEEN_EVERY, Stage};
use people::token;
use store::{StoreError, StoredSession, StoredUser};

use super::cookie::Cookie;
use super::{random, row_id};
use crate::{App, Problem};

/// A session that counts, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) stored: StoredSession,
    pub(crate) stage: Stage,
    pub(crate) user: StoredUser,
    token: Secret,
}

impl Session {
    pub(crate) fn moments(&self) -> Moments {
        let StoredSession { created, seen, proved, .. } = self.stored;
        Moments { created, seen, proved }
    }

    /// Whether a factor may be added now: after a fresh one, or, where there is none yet, just after the
    /// log-in that an identity provider vouched for.
    pub(crate) fn may_add_factor(&self, app: &App) -> bool {
        let (moments, now) = (self.moments(), (app.clock)());
        let at_log_in = Moments { proved: Some(moments.created), ..moments };
        let lifetimes = &app.login.lifetimes;
        lifetimes.is_fresh(moments, now)
            || (self.user.factors == 0 && lifetimes.is_fresh(at_log_in, now))
    }

    /// What forms of this session's send back.
    pub(crate) fn form_token(&self) -> Secret {
        token::form_token(&self.token)
    }

    pub(crate) fn is_form_token(&self, text: &str) -> bool {
        token::is_same(text, self.form_token().expose())
    }
}

/// What a cookie said.
pub(crate) enum Found {
    /// None was sent, or nothing that has the form of one.
    Nothing,
    /// It was ended, or its time is up.
    Ended,
    Live(Box<Session>),
}

/// The session that a request's cookie names.
pub(crate) async fn find(app: &App, headers: &HeaderMap) -> Result<Found, StoreError> {
    let Some(token) = Cookie::Session.find(app, headers) else { return Ok(Found::Nothing) };
    let Some(hash) = token::hash(token.expose()) else { return Ok(Found::Nothing) };
    let Some((stored, user)) = app.store.session(hash).await? else { return Ok(Found::Ended) };
    let now = (app.clock)();
    let stage = Stage::parse(&stored.stage).ok_or(StoreError::Corrupt("stage of a session"))?;
    let session = Session { stored, stage, user, token };
    if !app.login.lifetimes.is_live(stage, session.moments(), now) {
        app.store.end_session(hash).await?;
        return Ok(Found::Ended);
    }
    if now.since(session.stored.seen) >= SEEN_EVERY {
        app.store.touch_session(hash, now).await?;
    }
    Ok(Found::Live(Box::new(session)))
}

/// The live session of a stage, if there is one.
pub(crate) async fn at(
    app: &App,
    headers: &HeaderMap,
    stage: Stage,
) -> Result<Option<Session>, Problem> {
    match find(app, headers).await? {
        Found::Live(session) if session.stage == stage => Ok(Some(*session)),
        _ => Ok(None),
    }
}

/// A step: whose session goes how far, by which factors.
pub(crate) struct Step<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) user: &'a UserName,
    pub(crate) stage: Stage,
    pub(crate) factors: String,
    pub(crate) client: &'a Client,
    /// The session that goes on as this one; its beginning stays.
    pub(crate) before: Option<&'a Session>,
    /// The identity provider that it comes from; otherwise that of the session before.
    pub(crate) outside: Option<Outside>,
}

/// A session at an identity provider.
#[derive(Clone, Debug)]
pub(crate) struct Outside {
    pub(crate) issuer: String,
    pub(crate) session: Option<String>,
}

/// A journey that nobody makes: what the record of the log-in says of it.
pub(crate) type Journey = Option<(&'static str, String)>;

/// Opens a session and puts its token into the answer's cookie. Whoever logs in in a network that they
/// cannot have reached since they last did is let in, and told of; where that is set, what cannot be
/// undone asks them anew.
pub(crate) async fn open(
    app: &App,
    step: Step<'_>,
    response: &mut Response,
) -> Result<Journey, Problem> {
    let now = (app.clock)();
    let token = token::token(random(app)?);
    let hash = Digest::of(token.expose().as_bytes());
    // The time of a whole session is reckoned from the log-in, not from its last step.
    let continued = step.before.filter(|before| before.stage == Stage::Full);
    let created = continued.map_or(now, |before| before.stored.created);
    let is_log_in = step.stage == Stage::Full && continued.is_none();
    let journey = if is_log_in { journey(app, &step, now).await? } else { None };
    let asks_again = journey.is_some() && app.instance.travel(step.tenant).asks_again;
    let before = step.before.map(|before| &before.stored);
    let issuer = before.and_then(|before| before.issuer.clone());
    let outside_id = before.and_then(|before| before.outside_id.clone());
    // What an identity provider vouches for was shown there, who knows when.
    let is_ours = step.outside.is_none();
    let (issuer, outside_id) = match step.outside {
        Some(Outside { issuer, session }) => (Some(issuer), session),
        None => (issuer, outside_id),
    };
    let proved = (step.stage == Stage::Full && is_ours && !asks_again).then_some(now);
    let session = StoredSession {
        hash,
        id: row_id(app)?,
        stage: step.stage.as_str().to_owned(),
        created,
        seen: now,
        proved,
        factors: step.factors,
        address: step.client.address.clone(),
        user_agent: step.client.user_agent.clone(),
        issuer,
        outside_id,
    };
    let before = step.before.map(|before| before.stored.hash);
    app.store.open_session(step.tenant, step.user, session, before).await?;
    Cookie::Session.set(app, response, &token);
    Ok(journey)
}

/// Notes in which network a log-in is, and whether its way there was too short.
async fn journey(app: &App, step: &Step<'_>, now: Timestamp) -> Result<Journey, Problem> {
    let travel = app.instance.travel(step.tenant);
    let address = step.client.address.parse::<SocketAddr>().ok();
    let address = address.map(|address| match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    });
    let Some(network) = address.and_then(|address| travel.network(address)) else {
        return Ok(None);
    };
    let before = app.store.note_place(step.tenant, step.user, &network.name, now).await?;
    let far = before.and_then(|(place, then)| {
        let far = travel.impossible(&place, &network.name, now.since(then))?;
        Some((place, far, then))
    });
    Ok(far.map(|(place, far, then)| {
        let told = format!("{place} to {}, {far:.0} km since {then}", network.name);
        (IMPOSSIBLE_TRAVEL, told)
    }))
}

/// How the record of a log-in calls it.
pub(crate) const IMPOSSIBLE_TRAVEL: &str = "impossible_travel";

/// Until when an invitation counts.
pub(crate) fn invitation_ends(now: Timestamp) -> Timestamp {
    now.plus(std::time::Duration::from_secs(24 * 60 * 60))
}
