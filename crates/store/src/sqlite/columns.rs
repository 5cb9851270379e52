//! How nouns stand in columns. What a column holds that no program wrote is an error, never a
//! default: a standing that cannot be read must not read as active.

use model::{Digest, Effect, RecordId, RoleName, Standing, Status, Tier, Timestamp};
use rusqlite::Row;

use crate::{Origin, Result, Scope, StoreError};

pub(super) fn time(row: &Row<'_>, at: usize) -> Result<Timestamp> {
    Ok(Timestamp::from_micros(row.get(at)?))
}

pub(super) fn optional_time(row: &Row<'_>, at: usize) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_micros))
}

pub(super) fn digest(row: &Row<'_>, at: usize) -> Result<Digest> {
    Ok(Digest(row.get(at)?))
}

pub(super) fn record_id(row: &Row<'_>, at: usize) -> Result<RecordId> {
    Ok(RecordId::from_u128(u128::from_be_bytes(row.get(at)?)))
}

pub(super) fn bytes<'a>(row: &'a Row<'_>, at: usize) -> Result<&'a [u8]> {
    row.get_ref(at)?.as_blob().map_err(|_| StoreError::Corrupt("set of positions"))
}

pub(super) fn count(row: &Row<'_>, at: usize) -> Result<u64> {
    unsigned(row.get(at)?)
}

pub(super) fn unsigned(value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|_| StoreError::Corrupt("number"))
}

/// A number too great for the database is stored as the greatest that it holds.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A name of any of the model's kinds.
pub(super) fn name<N: TryFrom<String>>(row: &Row<'_>, at: usize) -> Result<N> {
    parse_name(row.get(at)?)
}

pub(super) fn parse_name<N: TryFrom<String>>(text: String) -> Result<N> {
    N::try_from(text).map_err(|_| StoreError::Corrupt("name"))
}

pub(super) fn roles(row: &Row<'_>, at: usize) -> Result<Vec<RoleName>> {
    let text = row.get_ref(at)?.as_str().map_err(|_| StoreError::Corrupt("role"))?;
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt("role"))
}

pub(super) fn roles_text(roles: &[RoleName]) -> Result<String> {
    serde_json::to_string(roles).map_err(|error| StoreError::Database(error.into()))
}

/// No containment means active.
pub(super) fn standing(row: &Row<'_>, at: usize) -> Result<Standing> {
    match row.get_ref(at)?.as_str_or_null().map_err(|_| StoreError::Corrupt("standing"))? {
        None => Ok(Standing::Active),
        Some("suspended") => Ok(Standing::Suspended),
        Some("quarantined") => Ok(Standing::Quarantined),
        Some(_) => Err(StoreError::Corrupt("standing")),
    }
}

/// None leaves it to how the agent came to call.
pub(super) fn tier(row: &Row<'_>, at: usize) -> Result<Option<Tier>> {
    let text = row.get_ref(at)?.as_str_or_null().map_err(|_| StoreError::Corrupt("tier"))?;
    text.map(|text| Tier::parse(text).ok_or(StoreError::Corrupt("tier"))).transpose()
}

pub(super) fn origin(row: &Row<'_>, at: usize) -> Result<Origin> {
    match row.get_ref(at)?.as_str() {
        Ok("api") => Ok(Origin::Api),
        Ok("config") => Ok(Origin::Config),
        _ => Err(StoreError::Corrupt("origin")),
    }
}

pub(super) fn origin_text(origin: Origin) -> &'static str {
    match origin {
        Origin::Api => "api",
        Origin::Config => "config",
    }
}

pub(super) fn scope(row: &Row<'_>, at: usize) -> Result<Scope> {
    match row.get_ref(at)?.as_str() {
        Ok("read") => Ok(Scope::Read),
        Ok("write") => Ok(Scope::Write),
        Ok("payload") => Ok(Scope::Payload),
        Ok("provision") => Ok(Scope::Provision),
        _ => Err(StoreError::Corrupt("scope")),
    }
}

pub(super) fn scope_text(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Write => "write",
        Scope::Payload => "payload",
        Scope::Provision => "provision",
    }
}

/// The index has a partial index on the number of [`Status::Begun`].
const EFFECTS: [Effect; 4] = [Effect::Permit, Effect::Redact, Effect::Hold, Effect::Deny];
const STATUSES: [Status; 7] = [
    Status::Ok,
    Status::Begun,
    Status::Refused,
    Status::Failed,
    Status::Cancelled,
    Status::Cut,
    Status::Interrupted,
];

pub(super) fn effect_number(effect: Effect) -> i64 {
    number_in(&EFFECTS, &effect)
}

pub(super) fn status_number(status: Status) -> i64 {
    number_in(&STATUSES, &status)
}

fn number_in<T: PartialEq>(all: &[T], one: &T) -> i64 {
    all.iter().position(|other| other == one).map_or(-1, |at| at as i64)
}

pub(super) fn effect(row: &Row<'_>, at: usize) -> Result<Effect> {
    numbered(&EFFECTS, row, at).ok_or(StoreError::Corrupt("decision"))
}

pub(super) fn status(row: &Row<'_>, at: usize) -> Result<Status> {
    numbered(&STATUSES, row, at).ok_or(StoreError::Corrupt("status"))
}

fn numbered<T: Copy>(all: &[T], row: &Row<'_>, at: usize) -> Option<T> {
    all.get(usize::try_from(row.get::<_, i64>(at).ok()?).ok()?).copied()
}
