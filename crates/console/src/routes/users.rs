//! Users: who may log in, with which roles.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::{Digest, TenantId, Timestamp, UserName};
use people::hours::Hours;
use people::{Role, token};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use store::{Leaving, Left, NewGrant, NewUser, StoreError, StoredUser, UserChange};

use super::agents::MAX_TEXT;
use super::{Endpoint, endpoint};
use crate::change::{Change, InForce, commit};
use crate::extract::{Body, Params, Place, etag, if_match};
use crate::login::{self, random};
use crate::{App, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Read get "/api/v1/users" list, "Who may log in, by name, in pages"),
        endpoint!(People post "/api/v1/users" create, "Adds a user; shows the link of their invitation this once"),
        endpoint!(Read get "/api/v1/users/{user}" show, "One user, with roles, factors and sessions"),
        endpoint!(People patch "/api/v1/users/{user}" update, "Changes a user's display name or address"),
        endpoint!(People delete "/api/v1/users/{user}" remove, "Removes a user; their agents are handed over as the configuration says, or suspended"),
        endpoint!(People post "/api/v1/users/{user}/roles" grant, "Grants a role, for a time or for good"),
        endpoint!(People delete "/api/v1/users/{user}/roles/{role}" revoke, "Takes a role away"),
        endpoint!(People post "/api/v1/users/{user}/invite" invite, "Invites a user anew; shows the link this once"),
        endpoint!(People post "/api/v1/users/{user}/reset" reset, "Takes all factors of a user's, and invites them anew"),
        endpoint!(People post "/api/v1/users/{user}/disable" disable, "Lets a user in no more; hands their agents over, or suspends them"),
        endpoint!(People post "/api/v1/users/{user}/enable" enable, "Lets a user in again, without the roles of before"),
        endpoint!(People delete "/api/v1/users/{user}/sessions" end_sessions, "Ends all sessions of a user's"),
    ]
}

const MAX_LIST: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    cursor: Option<UserName>,
    limit: Option<usize>,
}

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Params(listing): Params<Listing>,
) -> Result<Response, Problem> {
    let limit = listing.limit.unwrap_or(100).clamp(1, MAX_LIST);
    let users = app.store.list_users(&who.tenant, listing.cursor, limit + 1).await?;
    let more = users.len() > limit;
    let users: Vec<_> = users.into_iter().take(limit).collect();
    let next = users.last().filter(|_| more).map(|last| last.name.clone());
    Ok(Json(json!({"users": users, "next_cursor": next})).into_response())
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
) -> Result<Response, Problem> {
    let user = app.store.user(&who.tenant, &name).await?;
    let factors = app.store.factors(&who.tenant, &name).await?;
    let sessions = app.store.sessions(&who.tenant, &name).await?;
    let tag = [(header::ETAG, etag(user.version))];
    let body = json!({"user": user, "factors": factors, "sessions": sessions});
    Ok((tag, Json(body)).into_response())
}

fn answer(user: &StoredUser) -> Response {
    ([(header::ETAG, etag(user.version))], Json(user)).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Creation {
    pub(crate) name: UserName,
    pub(crate) display: Option<String>,
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) roles: Vec<Role>,
}

fn bounded(texts: &[Option<&str>]) -> Result<(), Problem> {
    if texts.iter().flatten().any(|text| text.len() > MAX_TEXT) {
        let detail = format!("a text has at most {MAX_TEXT} bytes");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    Ok(())
}

async fn create(
    State(app): State<Shared>,
    who: Principal,
    Body(creation): Body<Creation>,
) -> Result<Response, Problem> {
    let (user, code, recorded) = add(&app, &who, creation).await?;
    let body = Json(json!({"user": user, "invitation": code}));
    Ok(recorded.mark((StatusCode::CREATED, body).into_response()))
}

/// Adds and invites a user.
pub(crate) async fn add(
    app: &App,
    who: &Principal,
    creation: Creation,
) -> Result<(StoredUser, Invitation, InForce), Problem> {
    let Creation { name, display, email, roles } = creation;
    bounded(&[display.as_deref(), email.as_deref()])?;
    let now = (app.clock)();
    let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let detail = vec![("roles", names.join(" "))];
    let grants = roles.iter().map(|role| Terms::of(*role).granted(who)).collect();
    let new = NewUser { uid: login::row_id(app)?, name: name.clone(), display, email };
    let user = app.store.add_user(&who.tenant, new, grants, now).await?;
    let code = new_invitation(app, who, &name).await?;
    let recorded = commit(app, who, change("user.create", &name, detail)).await?;
    Ok((user, code, recorded))
}

fn change(act: &'static str, name: &UserName, detail: Vec<(&'static str, String)>) -> Change {
    Change { act, kind: "user", name: name.to_string(), detail, publish: false }
}

/// A path below the console's address, with a code of which only the hash is kept.
async fn new_invitation(
    app: &App,
    who: &Principal,
    name: &UserName,
) -> Result<Invitation, Problem> {
    let code = token::token(random(app)?);
    let hash = Digest::of(code.expose().as_bytes());
    let now = (app.clock)();
    let ends = login::session::invitation_ends(now);
    app.store.invite(&who.tenant, Some(name.clone()), hash, ends, now).await?;
    let path = format!("/welcome/{}", code.expose());
    let url = app.public_url.as_ref().map(|url| format!("{url}{path}"));
    Ok(Invitation { path, url, ends })
}

/// A link that counts once, shown once.
#[derive(Serialize)]
pub(crate) struct Invitation {
    pub(crate) path: String,
    /// The whole link, where the configuration says under which name people reach the console.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    pub(crate) ends: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    /// `null` takes it away; absent leaves it.
    #[serde(default, deserialize_with = "given")]
    display: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    email: Option<Option<String>>,
}

fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

async fn update(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
    headers: HeaderMap,
    Body(update): Body<Update>,
) -> Result<Response, Problem> {
    let Update { display, email } = update;
    let text = |text: &Option<Option<String>>| text.clone().flatten();
    bounded(&[text(&display).as_deref(), text(&email).as_deref()])?;
    let new = UserChange { display, email, ..UserChange::default() };
    let version = if_match(&headers)?;
    let user = app.store.update_user(&who.tenant, &name, new, version, (app.clock)()).await?;
    let recorded = commit(&app, &who, change("user.update", &name, vec![])).await?;
    Ok(recorded.mark(answer(&user)))
}

async fn remove(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let hand_over_to = heir(&app, &who.tenant, &name).await?;
    let leaving = Leaving { user: name, hand_over_to, by: who.name.clone() };
    let version = if_match(&headers)?;
    let left = app.store.remove_user(&who.tenant, leaving, version, (app.clock)()).await?;
    let recorded = departed(&app, &who, "user.remove", &left).await?;
    Ok(recorded.mark(StatusCode::NO_CONTENT.into_response()))
}

/// A role, and when it counts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Terms {
    pub(crate) role: Role,
    pub(crate) starts: Option<Timestamp>,
    pub(crate) ends: Option<Timestamp>,
    /// Such as `mon-fri 08:00-18:00 Europe/Berlin`.
    pub(crate) hours: Option<String>,
    #[serde(default)]
    pub(crate) reason: String,
}

impl Terms {
    fn of(role: Role) -> Self {
        Self { role, starts: None, ends: None, hours: None, reason: String::new() }
    }

    fn check(&self, now: Timestamp) -> Result<(), Problem> {
        let refuse = |text: String| Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text));
        bounded(&[Some(&self.reason), self.hours.as_deref()])?;
        let begins = self.starts.unwrap_or(now);
        if self.ends.is_some_and(|ends| ends <= begins || ends <= now) {
            return refuse("a grant ends after it starts, and not in the past".to_owned());
        }
        match self.hours.as_deref().map(str::parse::<Hours>) {
            Some(Err(error)) => refuse(error.to_string()),
            _ => Ok(()),
        }
    }

    fn granted(self, who: &Principal) -> NewGrant {
        NewGrant {
            role: self.role.as_str().to_owned(),
            starts: self.starts,
            ends: self.ends,
            hours: self.hours,
            reason: self.reason,
            granted_by: who.name.clone(),
        }
    }
}

async fn grant(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
    Body(terms): Body<Terms>,
) -> Result<Response, Problem> {
    give(&app, &who, name, terms).await
}

/// Grants a role on these terms.
pub(crate) async fn give(
    app: &App,
    who: &Principal,
    name: UserName,
    terms: Terms,
) -> Result<Response, Problem> {
    let now = (app.clock)();
    terms.check(now)?;
    let mut detail =
        vec![("role", terms.role.as_str().to_owned()), ("reason", terms.reason.clone())];
    detail.extend(terms.ends.map(|ends| ("ends", ends.to_string())));
    detail.extend(terms.hours.clone().map(|hours| ("hours", hours)));
    let user = app.store.grant(&who.tenant, &name, terms.granted(who), now).await?;
    let recorded = commit(app, who, change("user.grant", &name, detail)).await?;
    Ok(recorded.mark(answer(&user)))
}

async fn revoke(
    State(app): State<Shared>,
    who: Principal,
    Place((name, role)): Place<(UserName, Role)>,
) -> Result<Response, Problem> {
    take(&app, &who, name, role).await
}

/// Takes a role away.
pub(crate) async fn take(
    app: &App,
    who: &Principal,
    name: UserName,
    role: Role,
) -> Result<Response, Problem> {
    let role = role.as_str();
    let user = app.store.revoke_grant(&who.tenant, &name, role, (app.clock)()).await?;
    let detail = vec![("role", role.to_owned())];
    let recorded = commit(app, who, change("user.revoke", &name, detail)).await?;
    Ok(recorded.mark(answer(&user)))
}

async fn invite(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
) -> Result<Response, Problem> {
    let user = app.store.user(&who.tenant, &name).await?;
    // A link into an account that is in use would be a way around its factors.
    if user.factors > 0 || !user.active {
        let detail = "only who is active and has no second factor yet is invited; take the factors away first";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let code = new_invitation(&app, &who, &name).await?;
    let recorded = commit(&app, &who, change("user.invite", &name, vec![])).await?;
    Ok(recorded.mark(Json(json!({"invitation": code})).into_response()))
}

async fn reset(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
) -> Result<Response, Problem> {
    let (code, recorded) = begin_anew(&app, &who, &name).await?;
    Ok(recorded.mark(Json(json!({"invitation": code})).into_response()))
}

/// Takes all factors of a user's, and invites them anew.
pub(crate) async fn begin_anew(
    app: &App,
    who: &Principal,
    name: &UserName,
) -> Result<(Invitation, InForce), Problem> {
    app.store.reset_factors(&who.tenant, name).await?;
    let code = new_invitation(app, who, name).await?;
    let recorded = commit(app, who, change("user.reset", name, vec![])).await?;
    Ok((code, recorded))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Departure {
    /// Who answers for their agents from now on; absent: the agents are suspended.
    hand_over_to: Option<UserName>,
}

async fn disable(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
    Body(departure): Body<Departure>,
) -> Result<Response, Problem> {
    leave(&app, &who, name, departure.hand_over_to).await
}

/// Ends all that was somebody's; what they answered for is handed over or suspended.
pub(crate) async fn leave(
    app: &App,
    who: &Principal,
    user: UserName,
    heir: Option<UserName>,
) -> Result<Response, Problem> {
    if let Some(heir) = &heir {
        let heir = app.store.user(&who.tenant, heir).await?;
        if !heir.active || heir.name == user {
            let detail = "agents are handed over to another user, who is active";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
        }
    }
    let hand_over_to = heir.map(|heir| heir.to_string());
    let leaving = Leaving { user, hand_over_to, by: who.name.clone() };
    let left = app.store.leave(&who.tenant, leaving, (app.clock)()).await?;
    let recorded = departed(app, who, "user.disable", &left).await?;
    Ok(recorded.mark(Json(left).into_response()))
}

/// Puts in force that somebody left, and records it: of them, and of each agent that was theirs.
pub(crate) async fn departed(
    app: &App,
    who: &Principal,
    act: &'static str,
    left: &Left,
) -> Result<InForce, Problem> {
    let user = &left.user.name;
    let detail = vec![
        ("agents_handed_over", left.handed_over.len().to_string()),
        ("agents_suspended", left.suspended.len().to_string()),
    ];
    let change = Change { publish: true, ..change(act, user, detail) };
    let recorded = commit(app, who, change).await?;
    let handed_over = left.handed_over.iter().map(|agent| ("agent.hand_over", agent));
    let suspended = left.suspended.iter().map(|agent| ("agent.suspend", agent));
    for (act, agent) in handed_over.chain(suspended) {
        let detail = vec![("reason", format!("its owner {user} left"))];
        let name = agent.to_string();
        commit(app, who, Change { act, kind: "agent", name, detail, publish: false }).await?;
    }
    Ok(recorded)
}

/// Who the configuration says answers for the agents of somebody who leaves, if they can.
pub(crate) async fn heir(
    app: &App,
    tenant: &TenantId,
    leaver: &UserName,
) -> Result<Option<String>, Problem> {
    let Some(heir) = app.instance.heir(tenant).filter(|heir| heir != leaver) else {
        return Ok(None);
    };
    match app.store.user(tenant, &heir).await {
        Ok(user) => Ok(user.active.then(|| user.name.to_string())),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn enable(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
) -> Result<Response, Problem> {
    come_back(&app, &who, name).await
}

/// Lets a user in again.
pub(crate) async fn come_back(
    app: &App,
    who: &Principal,
    name: UserName,
) -> Result<Response, Problem> {
    let new = UserChange { active: Some(true), ..UserChange::default() };
    let user = app.store.update_user(&who.tenant, &name, new, None, (app.clock)()).await?;
    let recorded = commit(app, who, change("user.enable", &name, vec![])).await?;
    Ok(recorded.mark(answer(&user)))
}

async fn end_sessions(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
) -> Result<Response, Problem> {
    app.store.end_sessions(&who.tenant, &name, None).await?;
    let recorded = commit(&app, &who, change("user.end_sessions", &name, vec![])).await?;
    Ok(recorded.mark(StatusCode::NO_CONTENT.into_response()))
}
