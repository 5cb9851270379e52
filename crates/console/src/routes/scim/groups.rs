//! Groups of whom a directory tells.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use scim::{Document, GROUP, Selection};
use std::collections::HashSet;
use store::{GroupChange, Lookup, StoredGroup};

use super::answer::{Answered, Body, Refused, Root, if_match, is_known, resource};
use super::documents::{label, members, of_group};
use super::query::Asked;
use super::users::TRIES;
use crate::change::{Change, InForce, commit};
use crate::extract::{Params, Place};
use crate::{App, Principal, Shared, login};

/// So many who come or go are named in a record; of more, how many they are.
const MAX_NAMED: usize = 30;

async fn one(app: &App, who: &Principal, id: &str) -> Result<StoredGroup, Refused> {
    let found = app.store.find_groups(&who.tenant, Lookup::Uid(id.to_owned())).await?;
    found.into_iter().next().ok_or_else(Refused::not_found)
}

/// A group as it is shown, its members where they are to be.
async fn document(
    app: &App,
    who: &Principal,
    root: &str,
    group: &StoredGroup,
    with_members: bool,
) -> Result<Document, Refused> {
    let members = match with_members {
        true => Some(app.store.group_members(&who.tenant, &group.uid).await?),
        false => None,
    };
    Ok(of_group(root, group, members.as_deref()))
}

pub(super) async fn show(
    State(app): State<Shared>,
    who: Principal,
    Root(root): Root,
    Place(id): Place<String>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Answered {
    let selection = asked.selection()?;
    let group = one(&app, &who, &id).await?;
    if is_known(&headers, group.version) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let with_members = selection.shows(&GROUP, "members");
    let document = document(&app, &who, &root, &group, with_members).await?;
    Ok(resource(StatusCode::OK, &GROUP, document, &selection))
}

pub(super) async fn create(
    State(app): State<Shared>,
    who: Principal,
    Root(root): Root,
    Params(asked): Params<Asked>,
    Body(body): Body,
) -> Answered {
    let selection = asked.selection()?;
    let new = scim::read(&GROUP, &body)?;
    let change = GroupChange { label: label(&new), added: members(&new), removed: Vec::new() };
    let (uid, now) = (login::row_id(&app)?, (app.clock)());
    let group = app.store.add_group(&who.tenant, uid, change.clone(), now).await?;
    let recorded = record(&app, &who, "group.create", &change).await?;
    let document = document(&app, &who, &root, &group, true).await?;
    Ok(recorded.mark(resource(StatusCode::CREATED, &GROUP, document, &selection)))
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
    let after = scim::read(&GROUP, &body)?;
    for _ in 0..TRIES {
        let before = one(&app, &who, &id).await?;
        let old = app.store.group_members(&who.tenant, &before.uid).await?;
        // Who comes and who goes is reckoned from what was read.
        let as_read = Some(version.unwrap_or(before.version));
        match update(&app, &who, &before, &old, &after, as_read).await {
            Err(refused) if refused.is_stale() && version.is_none() => {}
            Err(refused) => return Err(refused),
            Ok(recorded) => {
                let group = one(&app, &who, &id).await?;
                let document = document(&app, &who, &root, &group, true).await?;
                let response = resource(StatusCode::OK, &GROUP, document, &selection);
                return Ok(marked(recorded, response));
            }
        }
    }
    Err(Refused::stale())
}

fn marked(
    recorded: Option<InForce>,
    response: axum::response::Response,
) -> axum::response::Response {
    match recorded {
        Some(recorded) => recorded.mark(response),
        None => response,
    }
}

/// Answers with the group only where a query says what of it; it may have many members.
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
        let before = one(&app, &who, &id).await?;
        if version.is_some_and(|version| version != before.version) {
            return Err(Refused::stale());
        }
        let document = document(&app, &who, &root, &before, true).await?;
        let after = scim::patch(&GROUP, &document, &body)?;
        match update(&app, &who, &before, &members(&document), &after, Some(before.version)).await {
            Err(refused) if refused.is_stale() => {}
            Err(refused) => return Err(refused),
            Ok(recorded) => {
                let response = patched(&app, &who, &root, &id, &selection).await?;
                return Ok(marked(recorded, response));
            }
        }
    }
    Err(Refused::stale())
}

async fn patched(
    app: &App,
    who: &Principal,
    root: &str,
    id: &str,
    selection: &Selection,
) -> Answered {
    if matches!(selection, Selection::All) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let group = one(app, who, id).await?;
    let with_members = selection.shows(&GROUP, "members");
    let document = document(app, who, root, &group, with_members).await?;
    Ok(resource(StatusCode::OK, &GROUP, document, selection))
}

/// Makes a group what a document says; nothing is recorded where it is that already.
async fn update(
    app: &App,
    who: &Principal,
    before: &StoredGroup,
    old: &[String],
    after: &Document,
    version: Option<u64>,
) -> Result<Option<InForce>, Refused> {
    let new = members(after);
    let (was, is): (HashSet<&String>, HashSet<&String>) =
        (old.iter().collect(), new.iter().collect());
    let change = GroupChange {
        label: label(after),
        added: new.iter().filter(|member| !was.contains(member)).cloned().collect(),
        removed: old.iter().filter(|member| !is.contains(member)).cloned().collect(),
    };
    if version.is_some_and(|version| version != before.version) {
        return Err(Refused::stale());
    }
    if change.label == before.label && change.added.is_empty() && change.removed.is_empty() {
        return Ok(None);
    }
    let now = (app.clock)();
    app.store.change_group(&who.tenant, &before.uid, change.clone(), version, now).await?;
    Ok(Some(record(app, who, "group.update", &change).await?))
}

async fn record(
    app: &App,
    who: &Principal,
    act: &'static str,
    change: &GroupChange,
) -> Result<InForce, Refused> {
    let name = change.label.name.clone();
    let roles = app.instance.group_roles(&who.tenant, &name);
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let detail = vec![
        ("roles", roles.join(" ")),
        ("added", named(app, who, &change.added).await?),
        ("removed", named(app, who, &change.removed).await?),
    ];
    let change = Change { act, kind: "group", name, detail, publish: false };
    Ok(commit(app, who, change).await?)
}

async fn named(app: &App, who: &Principal, ids: &[String]) -> Result<String, Refused> {
    if ids.len() > MAX_NAMED {
        return Ok(format!("{} people", ids.len()));
    }
    let mut names = Vec::with_capacity(ids.len());
    for id in ids {
        let lookup = Lookup::Uid(id.clone());
        let found = app.store.find_provisioned(&who.tenant, lookup, false).await?;
        names.extend(found.into_iter().map(|user| user.profile.name.to_string()));
    }
    Ok(names.join(" "))
}

pub(super) async fn remove(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
    headers: HeaderMap,
) -> Answered {
    let version = if_match(&headers)?;
    let removed = app.store.group_members(&who.tenant, &id).await?;
    let removed_names = named(&app, &who, &removed).await?;
    let group = app.store.remove_group(&who.tenant, &id, version).await?;
    let detail = vec![("removed", removed_names)];
    let name = group.label.name;
    let change = Change { act: "group.remove", kind: "group", name, detail, publish: false };
    Ok(commit(&app, &who, change).await?.mark(StatusCode::NO_CONTENT.into_response()))
}
