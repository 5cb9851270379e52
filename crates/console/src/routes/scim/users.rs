//! People of whom a directory tells.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use model::TenantId;
use scim::{Document, Selection, USER};
use store::{Leaving, Lookup, Profile, Provisioned, ProvisionedChange};

use super::answer::{Answered, Body, Refused, Root, if_match, is_known, resource};
use super::documents::{of_user, profile};
use super::query::Asked;
use crate::change::{Change, commit};
use crate::extract::{Params, Place};
use crate::routes::users::{departed, heir};
use crate::{App, Principal, Shared, login};

/// How often a patch is tried anew where somebody else was faster.
pub(super) const TRIES: usize = 3;

async fn one(app: &App, tenant: &TenantId, id: &str) -> Result<Provisioned, Refused> {
    let found = app.store.find_provisioned(tenant, Lookup::Uid(id.to_owned()), true).await?;
    found.into_iter().next().ok_or_else(Refused::not_found)
}

pub(super) async fn show(
    State(app): State<Shared>,
    who: Principal,
    Root(root): Root,
    Place(id): Place<String>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Answered {
    let user = one(&app, &who.tenant, &id).await?;
    if is_known(&headers, user.version) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let document = of_user(&root, &user)?;
    Ok(resource(StatusCode::OK, &USER, document, &asked.selection()?))
}

pub(super) async fn create(
    State(app): State<Shared>,
    who: Principal,
    Root(root): Root,
    Params(asked): Params<Asked>,
    Body(body): Body,
) -> Answered {
    let selection = asked.selection()?;
    let mut document = scim::read(&USER, &body)?;
    document.entry("active").or_insert(true.into());
    let (profile, active) = profile(&document)?;
    let (uid, now) = (login::row_id(&app)?, (app.clock)());
    let user = app.store.add_provisioned(&who.tenant, uid, profile, active, now).await?;
    let detail = vec![("active", active.to_string()), ("id", user.uid.clone())];
    let recorded = commit(&app, &who, change("user.create", &user, detail)).await?;
    let document = of_user(&root, &user)?;
    Ok(recorded.mark(resource(StatusCode::CREATED, &USER, document, &selection)))
}

fn change(act: &'static str, user: &Provisioned, detail: Vec<(&'static str, String)>) -> Change {
    Change { act, kind: "user", name: user.profile.name.to_string(), detail, publish: false }
}

pub(super) async fn replace(
    State(app): State<Shared>,
    who: Principal,
    Root(root): Root,
    Place(id): Place<String>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
    Body(body): Body,
) -> Answered {
    let selection = asked.selection()?;
    let version = if_match(&headers)?;
    let before = one(&app, &who.tenant, &id).await?;
    let mut document = scim::read(&USER, &body)?;
    // A document that says nothing of it lets nobody in who was out, and nobody out.
    document.entry("active").or_insert(before.active.into());
    update(&app, &who, (&root, &selection), &before, &document, version).await
}

pub(super) async fn patch(
    State(app): State<Shared>,
    who: Principal,
    Root(root): Root,
    Place(id): Place<String>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
    Body(body): Body,
) -> Answered {
    let selection = asked.selection()?;
    let version = if_match(&headers)?;
    for _ in 0..TRIES {
        let before = one(&app, &who.tenant, &id).await?;
        if version.is_some_and(|version| version != before.version) {
            return Err(Refused::stale());
        }
        let document = of_user(&root, &before)?;
        let after = scim::patch(&USER, &document, &body)?;
        let as_read = Some(before.version);
        match update(&app, &who, (&root, &selection), &before, &after, as_read).await {
            Err(refused) if refused.is_stale() => {}
            done => return done,
        }
    }
    Err(Refused::stale())
}

/// Makes somebody what a document says. Who is inactive by it has left.
async fn update(
    app: &App,
    who: &Principal,
    (root, selection): (&str, &Selection),
    before: &Provisioned,
    document: &Document,
    version: Option<u64>,
) -> Answered {
    let (profile, active) = profile(document)?;
    if profile == before.profile && active == before.active {
        if version.is_some_and(|version| version != before.version) {
            return Err(Refused::stale());
        }
        return Ok(resource(StatusCode::OK, &USER, of_user(root, before)?, selection));
    }
    let detail = changed(before, &profile, active);
    let hand_over_to = heir(app, &who.tenant, &before.profile.name).await?;
    let is_renamed = profile.name != before.profile.name;
    let new = ProvisionedChange { profile, active, hand_over_to, by: who.name.clone() };
    let now = (app.clock)();
    let (user, left) =
        app.store.change_provisioned(&who.tenant, &before.uid, new, version, now).await?;
    let recorded = match &left {
        Some(left) => departed(app, who, "user.disable", left).await?,
        None => {
            let change = Change { publish: is_renamed, ..change("user.update", &user, detail) };
            commit(app, who, change).await?
        }
    };
    let document = of_user(root, &user)?;
    Ok(recorded.mark(resource(StatusCode::OK, &USER, document, selection)))
}

/// What changed, by its names; addresses and the like stay out of the log.
fn changed(before: &Provisioned, profile: &Profile, active: bool) -> Vec<(&'static str, String)> {
    let old = &before.profile;
    let mut names = Vec::new();
    for (name, is_other) in [
        ("userName", old.name != profile.name),
        ("displayName", old.display != profile.display),
        ("externalId", old.external_id != profile.external_id),
        ("name and addresses", old.more != profile.more),
    ] {
        names.extend(is_other.then_some(name));
    }
    let mut detail = vec![("changed", names.join(", "))];
    if old.name != profile.name {
        detail.push(("before", old.name.to_string()));
    }
    if active != before.active {
        detail.push(("active", active.to_string()));
    }
    detail
}

pub(super) async fn remove(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
    headers: HeaderMap,
) -> Answered {
    let version = if_match(&headers)?;
    let user = one(&app, &who.tenant, &id).await?.profile.name;
    let hand_over_to = heir(&app, &who.tenant, &user).await?;
    let leaving = Leaving { user, hand_over_to, by: who.name.clone() };
    let left = app.store.remove_user(&who.tenant, leaving, version, (app.clock)()).await?;
    let recorded = departed(&app, &who, "user.remove", &left).await?;
    Ok(recorded.mark(StatusCode::NO_CONTENT.into_response()))
}
