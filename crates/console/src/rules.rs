//! Who may do what: every act is put to the policies of the console (`policies/console`), with what
//! is known beforehand of the thing that it is done to.

use axum::extract::RawPathParams;
use model::{AgentName, RecordId, Standing, Subject, TenantId};
use policy::{Staff, StaffVerdict, Thing};
use store::{Result, ReviewDecision, ReviewItem, Scope, StoreError};

use crate::principal::Credential;
use crate::{Access, App, Principal};

/// What came of a question, and whether a fresh second factor would change it.
pub(crate) struct Ruling {
    pub(crate) verdict: StaffVerdict,
    pub(crate) asks_for_step_up: bool,
}

impl Access {
    /// The action, as policies of the console call it; none for what is everybody's.
    pub fn action(self) -> Option<&'static str> {
        Some(match self {
            Self::Public => return None,
            Self::Account => "own_account",
            Self::Read => "view",
            Self::Payload => "read_payloads",
            Self::Platform => "run_platform",
            // Until the path is known: the most that it can be.
            Self::Agents | Self::Act => "manage_agents",
            Self::Contain => "contain",
            Self::Resume | Self::Release => "resume",
            Self::Approve => "approve",
            Self::Tools => "review_tools",
            Self::Labels => "clear_labels",
            Self::People => "manage_people",
            Self::Provision => "provision",
            Self::Ask => "request_access",
            Self::BreakGlass => "break_glass",
            Self::Decide => "decide_access",
            Self::End => "end_access",
            Self::Review => "review_access",
            Self::Tokens => "manage_tokens",
            Self::Retention => "manage_retention",
            Self::Names => "resolve_names",
            Self::Erase => "erase",
            Self::Keys => "rotate_keys",
            Self::Author => "author_policy",
            Self::Deploy => "deploy_policy",
            Self::Write => "administer",
        })
    }

    /// What it is on this very path.
    pub(crate) fn on(self, params: &RawPathParams) -> Self {
        let act = params.iter().find(|(name, _)| *name == "act").map(|(_, act)| act);
        match (self, act) {
            (Self::Act, Some("suspend" | "quarantine")) => Self::Contain,
            (Self::Act, Some("resume")) => Self::Resume,
            (Self::Act, _) => Self::Agents,
            (other, _) => other,
        }
    }

    /// Whether it changes something.
    pub(crate) fn changes(self) -> bool {
        !matches!(self, Self::Public | Self::Read | Self::Payload | Self::Names | Self::Platform)
    }
}

/// Decides whether somebody may do something.
pub(crate) fn rule(app: &App, who: &Principal, access: Access, thing: &Thing) -> Ruling {
    let Some(action) = access.action() else {
        let verdict =
            StaffVerdict { is_permitted: true, policies: Vec::new(), reason: String::new() };
        return Ruling { verdict, asks_for_step_up: false };
    };
    let decide = |staff: Staff<'_>, fresh| app.staff.decide(staff, action, thing, fresh);
    match &who.credential {
        Credential::Socket => Ruling::of(decide(Staff::Operator, true)),
        Credential::Token(token) => {
            let name = who.name.split_once(':').map_or(who.name.as_str(), |(_, name)| name);
            let own = decide(Staff::Token { name, scope: scope(token.scope) }, false);
            let Some(owner) = token.owner.as_ref().filter(|_| own.is_permitted) else {
                return Ruling::of(own);
            };
            // A person's token does no more than the person may; it shows no second factor.
            let roles: Vec<&str> = owner.roles.iter().map(|role| role.as_str()).collect();
            Ruling::of(decide(Staff::User { name: owner.name.as_str(), roles: &roles }, false))
        }
        Credential::Session(user) => {
            let roles: Vec<&str> = user.roles.iter().map(|role| role.as_str()).collect();
            let person = Staff::User { name: user.name.as_str(), roles: &roles };
            let verdict = decide(person, user.is_fresh);
            let would = !verdict.is_permitted && decide(person, true).is_permitted;
            Ruling { verdict, asks_for_step_up: would }
        }
    }
}

impl Ruling {
    fn of(verdict: StaffVerdict) -> Self {
        Self { verdict, asks_for_step_up: false }
    }
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Write => "write",
        Scope::Payload => "payload",
        Scope::Provision => "provision",
    }
}

/// What an act would be done to, as far as its path says. What is not there has no owner: nothing
/// is permitted because of it.
pub(crate) async fn thing(
    app: &App,
    tenant: &TenantId,
    access: Access,
    params: &RawPathParams,
) -> Result<Thing> {
    let param = |wanted: &str| {
        params.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned())
    };
    if let Some(name) = param("agent") {
        return agent(app, tenant, name).await;
    }
    if let (Access::Approve, Some(record)) = (access, param("record")) {
        return held_call(app, tenant, record).await;
    }
    if let (Access::Deploy, Some(number)) = (access, param("number")) {
        return policies(app, tenant, number).await;
    }
    if let (Some(review), Some(item)) = (param("review"), param("item")) {
        return reviewed(app, tenant, &review, &item).await;
    }
    if let Some(id) = param("elevation") {
        return elevation(app, tenant, id).await;
    }
    if let Some(name) = param("user") {
        return Ok(Thing { kind: "user", name: Some(name), ..Thing::default() });
    }
    let place = |name: String, kind: &str| match kind {
        "provider" => name.parse().ok().map(Subject::Provider),
        _ => name.parse().ok().map(Subject::Server),
    };
    for kind in ["provider", "server"] {
        let Some(name) = param(kind) else { continue };
        let held = match place(name.clone(), kind) {
            Some(subject) => app.store.containment(tenant, &subject).await?,
            None => None,
        };
        let is_quarantined = held.map(|held| held.containment.standing == Standing::Quarantined);
        return Ok(Thing { kind: "place", name: Some(name), is_quarantined, ..Thing::default() });
    }
    // Which containment it is stands in the body: it may be a quarantine.
    let is_quarantined = (access == Access::Release).then_some(true);
    Ok(Thing { kind: "instance", is_quarantined, ..Thing::default() })
}

async fn agent(app: &App, tenant: &TenantId, name: String) -> Result<Thing> {
    let thing = Thing { kind: "agent", ..Thing::default() };
    let Ok(agent) = AgentName::new(&name) else { return Ok(thing) };
    match app.store.agent(tenant, &agent).await {
        Ok(stored) => Ok(Thing {
            name: Some(name),
            owner: stored.agent.owner,
            is_quarantined: Some(stored.agent.standing == Standing::Quarantined),
            ..thing
        }),
        Err(StoreError::NotFound { .. }) => Ok(Thing { name: Some(name), ..thing }),
        Err(error) => Err(error),
    }
}

/// Access that somebody asked for or took, and who that is.
async fn elevation(app: &App, tenant: &TenantId, id: String) -> Result<Thing> {
    let thing = Thing { kind: "elevation", ..Thing::default() };
    match app.store.elevation(tenant, &id, (app.clock)()).await {
        Ok(stored) => Ok(Thing { name: Some(id), owner: Some(stored.user.to_string()), ..thing }),
        Err(StoreError::NotFound { .. }) => Ok(thing),
        Err(error) => Err(error),
    }
}

/// What an access review looks at, and whose that is.
async fn reviewed(app: &App, tenant: &TenantId, review: &str, item: &str) -> Result<Thing> {
    let nothing = Thing { kind: "review_item", ..Thing::default() };
    let (Ok(review), Ok(item)) = (review.parse(), item.parse()) else { return Ok(nothing) };
    match app.store.review_item(tenant, review, item).await {
        Ok(item) => Ok(review_item(&item)),
        Err(StoreError::NotFound { .. }) => Ok(nothing),
        Err(error) => Err(error),
    }
}

/// The same of one that is at hand.
pub(crate) fn review_item(item: &ReviewItem) -> Thing {
    Thing {
        kind: "review_item",
        name: Some(item.number.to_string()),
        owner: item.access.owner.clone(),
        is_escalated: Some(item.decision == Some(ReviewDecision::Escalate)),
        ..Thing::default()
    }
}

/// A version of the policies, and who wrote it.
async fn policies(app: &App, tenant: &TenantId, number: String) -> Result<Thing> {
    let thing = Thing { kind: "policy", ..Thing::default() };
    let Ok(known) = number.parse() else { return Ok(thing) };
    match app.store.policy_version(tenant, known).await {
        Ok(version) => {
            let author = version.author.split_once(':').map(|(_, name)| name.to_owned());
            Ok(Thing { name: Some(number), author, ..thing })
        }
        Err(StoreError::NotFound { .. }) => Ok(thing),
        Err(error) => Err(error),
    }
}

async fn held_call(app: &App, tenant: &TenantId, record: String) -> Result<Thing> {
    let thing = Thing { kind: "approval", ..Thing::default() };
    let Ok(id) = record.parse::<RecordId>() else { return Ok(thing) };
    let held = match app.store.approval(tenant, id, (app.clock)()).await {
        Ok(approval) => approval.held,
        Err(StoreError::NotFound { .. }) => return Ok(thing),
        Err(error) => return Err(error),
    };
    let owner = match app.store.agent(tenant, &held.agent).await {
        Ok(stored) => stored.agent.owner,
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    Ok(Thing { name: Some(record), owner, needed: Some(held.needed), ..thing })
}
