//! Logging in by an identity provider: what is asked there, and whose account its answer opens.
//!
//! What a log-in needs until the browser comes back is sealed into a cookie of its own, so that an answer
//! counts in the browser that asked, once, and for minutes. An account is known by issuer and subject
//! alone, never by a name or an address that the provider says.

use std::time::Duration;

use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::sign_on::SignedOn;
use model::{
    Client, Decision, Digest, Effect, Kind, Record, RecordId, Resource, Secret, Status, TenantId,
    Timestamp, UserName,
};
use people::session::Stage;
use people::{Role, token};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Lookup, NewUser, StoreError, StoredLink, StoredUser};

use super::cookie::Cookie;
use super::{random, row_id};
use crate::sign_on::{SignOnPlaces, SignOnTerms};
use crate::{App, Problem, change, site};

/// From the question to the answer.
const PATIENCE: Duration = Duration::from_secs(600);
/// Where the provider sends the browser back to.
pub(crate) const CALLBACK: &str = "/login/sso/callback";
/// For what the cookie is sealed.
const PLACE: &str = "sign-on";
/// Bytes of what a provider calls somebody or a group.
const MAX_TEXT: usize = 256;

/// A log-in that waits for the browser to come back.
#[derive(Deserialize, Serialize)]
pub(crate) struct Begun {
    /// Whose identity provider is asked.
    pub(crate) tenant: TenantId,
    state: String,
    pub(crate) nonce: String,
    verifier: String,
    /// Where the browser goes afterwards.
    pub(crate) way: String,
    /// The session that asks to be connected, by its id; otherwise it is a log-in.
    pub(crate) connects: Option<String>,
    at: i64,
}

impl Begun {
    pub(crate) fn new(
        app: &App,
        tenant: &TenantId,
        way: &str,
        connects: Option<&str>,
    ) -> Result<Self, Problem> {
        let one = || random(app).map(|bytes| token::token(bytes).expose().to_owned());
        Ok(Self {
            tenant: tenant.clone(),
            state: one()?,
            nonce: one()?,
            verifier: one()?,
            way: way.to_owned(),
            connects: connects.map(str::to_owned),
            at: (app.clock)().micros(),
        })
    }

    pub(crate) fn verifier(&self) -> Secret {
        Secret::new(self.verifier.clone())
    }

    /// The log-in that this browser began.
    pub(crate) fn of(app: &App, headers: &HeaderMap) -> Option<Self> {
        carried(app, headers, PLACE)
    }

    pub(crate) fn carry(&self, app: &App, response: &mut Response) -> Result<(), Problem> {
        carry(app, response, PLACE, self)
    }

    /// Whether an answer is to this question, for the first time and in time.
    pub(crate) async fn is_answered_by(&self, app: &App, state: &str) -> Result<bool, Problem> {
        let (now, begun) = ((app.clock)(), Timestamp::from_micros(self.at));
        let is_in_time = begun <= now && now.since(begun) < PATIENCE;
        if !is_in_time || !token::is_same(state, &self.state) {
            return Ok(false);
        }
        let said = Digest::of_parts(&[b"sign-on state\n", self.state.as_bytes()]);
        Ok(app.store.say_once(said, begun.plus(PATIENCE), now).await?)
    }

    /// The address at which the provider asks (OpenID Connect Core, section 3.1.2.1).
    pub(crate) fn address(
        &self,
        terms: &SignOnTerms,
        places: &SignOnPlaces,
        redirect_uri: &str,
    ) -> Result<Uri, Problem> {
        let challenge = URL_SAFE_NO_PAD.encode(Digest::of(self.verifier.as_bytes()).0);
        let fields = [
            ("response_type", "code"),
            ("client_id", &terms.client),
            ("redirect_uri", redirect_uri),
            ("scope", &terms.scopes),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let query = crate::pages::shell::url("", &fields);
        let (mark, query) = match places.authorization.contains('?') {
            true => ("&", query.trim_start_matches('?')),
            false => ("", query.as_str()),
        };
        let address = format!("{}{mark}{query}", places.authorization);
        let wrong =
            || crate::Failure("the identity provider names no address to ask at".to_owned());
        Ok(address.parse().map_err(|_| wrong())?)
    }
}

/// Gives a browser something to bring back, which only we can read and make, for one purpose.
pub(super) fn carry(
    app: &App,
    response: &mut Response,
    place: &str,
    what: &impl Serialize,
) -> Result<(), Problem> {
    let text = serde_json::to_string(what).map_err(|error| crate::Failure(error.to_string()))?;
    let sealed = app.login.sealer.seal(place, text.as_bytes(), random(app)?);
    let sealed = sealed.map_err(|error| crate::Failure(error.to_string()))?;
    Cookie::SignOn.set(app, response, &Secret::new(URL_SAFE_NO_PAD.encode(sealed)));
    Ok(())
}

/// What a browser brings back of that purpose.
pub(super) fn carried<T: DeserializeOwned>(
    app: &App,
    headers: &HeaderMap,
    place: &str,
) -> Option<T> {
    let cookie = Cookie::SignOn.find(app, headers)?;
    let sealed = URL_SAFE_NO_PAD.decode(cookie.expose()).ok()?;
    let opened = app.login.sealer.open(place, &sealed).ok()?;
    serde_json::from_slice(&opened).ok()
}

pub(crate) fn redirect_uri(app: &App, headers: &HeaderMap) -> Result<String, Problem> {
    Ok(format!("{}{CALLBACK}", site::origin(app, headers)?))
}

/// Why somebody is not let in whom the provider vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unknown,
    Disabled,
    NoRole,
    NameTaken,
    BadName,
}

impl Refusal {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Unknown => "no account is connected with this log-in",
            Self::Disabled => "the account is disabled",
            Self::NoRole => "none of the groups gives a role here",
            Self::NameTaken => "another account has this name",
            Self::BadName => "the provider gives no name that an account can have",
        }
    }
}

/// The account that an answer opens; what the provider says of its groups is noted.
pub(crate) async fn account(
    app: &App,
    tenant: &TenantId,
    terms: &SignOnTerms,
    signed: &SignedOn,
) -> Result<Result<StoredUser, Refusal>, Problem> {
    let linked = app.store.linked(tenant, &terms.issuer, &signed.subject).await?;
    let known = match linked {
        Some(user) => Some(user),
        None => told_of(app, tenant, terms, signed).await?,
    };
    let user = match known {
        Some(user) => user,
        None if terms.creates => match created(app, tenant, terms, signed).await? {
            Ok(user) => user,
            Err(refusal) => return Ok(Err(refusal)),
        },
        None => return Ok(Err(Refusal::Unknown)),
    };
    if !user.active {
        return Ok(Err(Refusal::Disabled));
    }
    let link = StoredLink {
        issuer: terms.issuer.clone(),
        subject: signed.subject.clone(),
        groups: groups(terms, signed),
        seen: (app.clock)(),
    };
    app.store.link(tenant, &user.name, link).await?;
    Ok(Ok(user))
}

fn groups(terms: &SignOnTerms, signed: &SignedOn) -> Vec<String> {
    let mut groups = signed.texts(&terms.groups_claim);
    groups.retain(|group| group.len() <= MAX_TEXT);
    groups
}

/// Somebody of whom the directory told, by what it calls them. No account that was made here is found so.
async fn told_of(
    app: &App,
    tenant: &TenantId,
    terms: &SignOnTerms,
    signed: &SignedOn,
) -> Result<Option<StoredUser>, Problem> {
    let claim = terms.directory_claim.as_deref().and_then(|claim| signed.text(claim));
    let Some(external) = claim.filter(|text| !text.is_empty()) else { return Ok(None) };
    let lookup = Lookup::External(external.to_owned());
    let found = app.store.find_provisioned(tenant, lookup, false).await?;
    // Two of one name are none.
    let [one] = found.as_slice() else { return Ok(None) };
    let user = app.store.user(tenant, &one.profile.name).await?;
    // Whoever has this account already logs in by what it is connected with.
    let is_taken = user.links.iter().any(|link| link.issuer == terms.issuer);
    Ok((!is_taken).then_some(user))
}

async fn created(
    app: &App,
    tenant: &TenantId,
    terms: &SignOnTerms,
    signed: &SignedOn,
) -> Result<Result<StoredUser, Refusal>, Problem> {
    let roles: Vec<Role> = groups(terms, signed)
        .iter()
        .flat_map(|group| app.instance.group_roles(tenant, group))
        .collect();
    if roles.is_empty() {
        return Ok(Err(Refusal::NoRole));
    }
    let is_doubtful = terms.name_claim == "email" && signed.is_address_unverified();
    let name = signed.text(&terms.name_claim).filter(|_| !is_doubtful);
    let Some(Ok(name)) = name.map(UserName::new) else { return Ok(Err(Refusal::BadName)) };
    let text = |claim: &str| {
        let text = signed.text(claim).filter(|text| text.len() <= MAX_TEXT);
        text.filter(|text| !text.chars().any(char::is_control)).map(str::to_owned)
    };
    let new = NewUser {
        uid: row_id(app)?,
        name: name.clone(),
        display: text("name"),
        email: text("email"),
    };
    match app.store.add_user(tenant, new, Vec::new(), (app.clock)()).await {
        Ok(user) => {
            record_creation(app, tenant, terms, &name).await?;
            Ok(Ok(user))
        }
        Err(StoreError::Exists { .. }) => Ok(Err(Refusal::NameTaken)),
        Err(error) => Err(error.into()),
    }
}

async fn record_creation(
    app: &App,
    tenant: &TenantId,
    terms: &SignOnTerms,
    name: &UserName,
) -> Result<(), Problem> {
    let decision = Decision { effect: Effect::Permit, ..Decision::default() };
    let mut record = record(app, tenant, Kind::ADMIN_CHANGE, decision)?;
    record.resource = Some(Resource { name: name.to_string(), kind: "user".into() });
    record.detail.insert("act".into(), "user.create".to_owned());
    record.detail.insert("who".into(), format!("issuer:{}", terms.issuer));
    Ok(app.journal.record(record).await?)
}

fn record(app: &App, tenant: &TenantId, kind: Kind, decision: Decision) -> Result<Record, Problem> {
    let now = (app.clock)();
    let random = change::random_id(app).ok_or_else(change::no_randomness)?;
    Ok(Record::new(RecordId::new(now, random), now, tenant.clone(), kind, decision))
}

/// Records a log-in that came to nothing.
pub(crate) async fn refuse(
    app: &App,
    tenant: &TenantId,
    client: Client,
    reason: &'static str,
    detail: &[(&'static str, &str)],
) -> Result<(), Problem> {
    let decision = Decision { effect: Effect::Deny, reason: reason.into(), ..Decision::default() };
    let mut record = record(app, tenant, Kind::AUTH_ATTEMPT, decision)?;
    record.status = Status::Refused;
    record.client = client;
    record.detail.insert("factor".into(), "sso".to_owned());
    for (name, text) in detail {
        let text = model::clip(text, MAX_TEXT).to_owned();
        record.detail.insert((*name).into(), text);
    }
    Ok(app.journal.record(record).await?)
}

/// How far an answer leads: a provider's word for a second factor counts where the configuration says so.
pub(crate) fn stage(terms: &SignOnTerms, signed: &SignedOn, user: &StoredUser) -> Stage {
    let acr = signed.text("acr").is_some_and(|acr| terms.acr.iter().any(|known| known == acr));
    let amr = signed.texts("amr").iter().any(|amr| terms.amr.contains(amr));
    match acr || amr {
        true => Stage::Full,
        false if user.factors > 0 => Stage::Password,
        false => Stage::Enrol,
    }
}
