//! Connecting an account that is there with how an identity provider knows its holder.
//!
//! A browser that comes back from the provider brings no session of ours (its cookie is `SameSite=Strict`),
//! so what the provider said is sealed and shown to whoever is logged in, who says yes. Who is logged in at
//! the provider as somebody else, by accident or because another made it so, sees it before it counts.

use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::Response;
use identity::sign_on::SignedOn;
use model::{Digest, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::StoredLink;

use super::outside::{carried, carry};
use super::random;
use super::session::Session;
use crate::sign_on::SignOnTerms;
use crate::{App, Problem};

/// For what the cookie is sealed.
const PLACE: &str = "sign-on offer";
/// How long it waits for a yes.
const PATIENCE: Duration = Duration::from_secs(600);
/// Bytes that are shown of what the provider calls somebody.
const MAX_SHOWN: usize = 128;

/// Somebody at a provider, whom a session may connect with its account.
#[derive(Deserialize, Serialize)]
pub(crate) struct Offer {
    tenant: TenantId,
    /// The session that asked.
    session: String,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// How the provider calls them, for people to know them by.
    pub(crate) shown: String,
    once: Digest,
    at: i64,
}

impl Offer {
    pub(crate) fn new(
        app: &App,
        tenant: &TenantId,
        session: &str,
        (terms, signed): (&SignOnTerms, &SignedOn),
    ) -> Result<Self, Problem> {
        let named = [&*terms.name_claim, "email", "name"].iter().find_map(|one| signed.text(one));
        Ok(Self {
            tenant: tenant.clone(),
            session: session.to_owned(),
            issuer: terms.issuer.clone(),
            subject: signed.subject.clone(),
            shown: model::clip(named.unwrap_or(&signed.subject), MAX_SHOWN).to_owned(),
            once: Digest(random(app)?),
            at: (app.clock)().micros(),
        })
    }

    pub(crate) fn carry(&self, app: &App, response: &mut Response) -> Result<(), Problem> {
        carry(app, response, PLACE, self)
    }

    /// What this session asked for, and its browser brought back in time.
    pub(crate) fn of(app: &App, headers: &HeaderMap, session: &Session) -> Option<Self> {
        let offer: Self = carried(app, headers, PLACE)?;
        let (at, now) = (Timestamp::from_micros(offer.at), (app.clock)());
        let is_in_time = at <= now && now.since(at) < PATIENCE;
        let is_its = offer.session == session.stored.id && offer.tenant == session.user.tenant;
        (is_in_time && is_its).then_some(offer)
    }

    /// Whether nobody said yes to it before.
    pub(crate) async fn is_taken_once(&self, app: &App) -> Result<bool, Problem> {
        let said = Digest::of_parts(&[b"sign-on offer\n", &self.once.0]);
        let ends = Timestamp::from_micros(self.at).plus(PATIENCE);
        Ok(app.store.say_once(said, ends, (app.clock)()).await?)
    }

    /// The groups that the provider says count from the first log-in by it on.
    pub(crate) fn link(&self, app: &App) -> StoredLink {
        let (issuer, subject) = (self.issuer.clone(), self.subject.clone());
        StoredLink { issuer, subject, groups: Vec::new(), seen: (app.clock)() }
    }
}
