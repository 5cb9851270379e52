//! Users and groups as SCIM writes them, and back.

use axum::http::StatusCode;
use model::{Timestamp, UserName};
use scim::{Document, Kind, ScimError};
use serde_json::{Map, Value, json};
use store::{GroupLabel, Profile, Provisioned, StoredGroup};

use super::answer::Refused;
use crate::extract::etag;

/// What of the resource itself every document tells.
fn common(
    resource: &scim::Resource,
    (root, uid): (&str, &str),
    external: Option<&String>,
    (created, updated, version): (Timestamp, Timestamp, u64),
) -> Document {
    let mut document = Document::new();
    document.insert("schemas".to_owned(), json!([resource.schema.id]));
    document.insert("id".to_owned(), uid.into());
    if let Some(external) = external {
        document.insert("externalId".to_owned(), external.as_str().into());
    }
    let meta = json!({
        "resourceType": resource.name,
        "created": created.to_string(),
        "lastModified": updated.to_string(),
        "location": place(root, resource, uid),
        "version": etag(version),
    });
    document.insert("meta".to_owned(), meta);
    document
}

fn place(root: &str, resource: &scim::Resource, uid: &str) -> String {
    format!("{root}{}/{uid}", resource.endpoint)
}

pub(super) fn of_user(root: &str, user: &Provisioned) -> Result<Document, Refused> {
    let profile = &user.profile;
    let moments = (user.created, user.updated, user.version);
    let external = profile.external_id.as_ref();
    let mut document = common(&scim::USER, (root, &user.uid), external, moments);
    let more: Map<String, Value> = serde_json::from_str(&profile.more).map_err(|_| {
        Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "a stored profile cannot be read")
    })?;
    document.extend(more);
    document.insert("userName".to_owned(), profile.name.as_str().into());
    // Taken away, it is told no more than it lets in.
    if user.active || document.contains_key("active") {
        document.insert("active".to_owned(), user.active.into());
    }
    if let Some(display) = &profile.display {
        document.insert("displayName".to_owned(), display.as_str().into());
    }
    if !user.groups.is_empty() {
        let of_group = |group: &store::Membership| {
            let place = place(root, &scim::GROUP, &group.uid);
            json!({"value": group.uid, "$ref": place, "display": group.name})
        };
        document.insert("groups".to_owned(), user.groups.iter().map(of_group).collect());
    }
    Ok(document)
}

/// What a document says of somebody, and whether they may log in.
pub(super) fn profile(document: &Document) -> Result<(Profile, bool), Refused> {
    let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = UserName::new(&text("userName").unwrap_or_default());
    let name = name.map_err(|error| ScimError::new(Kind::InvalidValue, error.to_string()))?;
    let more: Document = ["name", "emails", "active"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), document.get(name)?.clone())))
        .collect();
    let profile = Profile {
        name,
        display: text("displayName"),
        email: address(document),
        external_id: text("externalId"),
        more: Value::Object(more).to_string(),
    };
    Ok((profile, document.get("active") == Some(&Value::Bool(true))))
}

/// The address to write to: the primary one, or the first.
fn address(document: &Document) -> Option<String> {
    let all = document.get("emails")?.as_array()?;
    let primary = all.iter().find(|one| one.get("primary") == Some(&Value::Bool(true)));
    let chosen = primary.or_else(|| all.first())?;
    chosen.get("value")?.as_str().map(str::to_owned)
}

pub(super) fn of_group(root: &str, group: &StoredGroup, members: Option<&[String]>) -> Document {
    let moments = (group.created, group.updated, group.version);
    let external = group.label.external_id.as_ref();
    let mut document = common(&scim::GROUP, (root, &group.uid), external, moments);
    document.insert("displayName".to_owned(), group.label.name.as_str().into());
    let members = members.unwrap_or_default().iter();
    let members: Vec<Value> = members
        .map(|uid| json!({"value": uid, "$ref": place(root, &scim::USER, uid), "type": "User"}))
        .collect();
    if !members.is_empty() {
        document.insert("members".to_owned(), members.into());
    }
    document
}

pub(super) fn label(document: &Document) -> GroupLabel {
    let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
    GroupLabel { name: text("displayName").unwrap_or_default(), external_id: text("externalId") }
}

/// The ids of a document's members.
pub(super) fn members(document: &Document) -> Vec<String> {
    let members = document.get("members").and_then(Value::as_array).into_iter().flatten();
    members.filter_map(|one| one.get("value")?.as_str().map(str::to_owned)).collect()
}
