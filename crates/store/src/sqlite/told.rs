//! What a directory tells of people, value by value: how filters and orders find it.

use rusqlite::{Connection, params};
use serde_json::{Map, Value};

use crate::{Result, StoreError, Told};

/// Under which number it stands in the table; numbers never change.
pub(super) fn field(told: Told) -> i64 {
    match told {
        Told::Name => 1,
        Told::External => 2,
        Told::Display => 3,
        Told::Formatted => 4,
        Told::Family => 5,
        Told::Given => 6,
        Told::Middle => 7,
        Told::Prefix => 8,
        Told::Suffix => 9,
        Told::Address => 10,
        Told::AddressKind => 11,
    }
}

/// Makes the values those of somebody's row, after whatever changed it.
pub(super) fn renew(tx: &Connection, user: i64) -> Result<()> {
    tx.prepare_cached("DELETE FROM told_values WHERE user = ?1")?.execute([user])?;
    let sql = "SELECT tenant, name, external_id, display, profile FROM users
        WHERE id = ?1 AND is_provisioned";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([user])?;
    let Some(row) = rows.next()? else { return Ok(()) };
    let tenant: i64 = row.get(0)?;
    let mut values = Values::default();
    values.add(Told::Name, 0, row.get(1)?);
    values.add(Told::External, 0, row.get(2)?);
    values.add(Told::Display, 0, row.get(3)?);
    values.add_profile(row.get::<_, Option<String>>(4)?.as_deref())?;
    let sql = "INSERT INTO told_values (tenant, field, value, user, place)
        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    let mut put = tx.prepare_cached(sql)?;
    for (told, place, value) in values.0 {
        put.execute(params![tenant, field(told), value, user, place])?;
    }
    Ok(())
}

/// Those of everybody of whom a directory told before there was a table of them.
pub(super) fn renew_all(tx: &Connection) -> Result<()> {
    let mut statement = tx.prepare("SELECT id FROM users WHERE is_provisioned")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        renew(tx, row.get(0)?)?;
    }
    Ok(())
}

#[derive(Default)]
struct Values(Vec<(Told, i64, String)>);

impl Values {
    fn add(&mut self, told: Told, place: i64, value: Option<String>) {
        self.0.extend(value.map(|value| (told, place, told.compared(&value))));
    }

    fn add_profile(&mut self, profile: Option<&str>) -> Result<()> {
        let Some(profile) = profile else { return Ok(()) };
        let profile: Map<String, Value> =
            serde_json::from_str(profile).map_err(|_| StoreError::Corrupt("profile"))?;
        for (told, part) in [
            (Told::Formatted, "formatted"),
            (Told::Family, "familyName"),
            (Told::Given, "givenName"),
            (Told::Middle, "middleName"),
            (Told::Prefix, "honorificPrefix"),
            (Told::Suffix, "honorificSuffix"),
        ] {
            self.add(told, 0, profile.get("name").and_then(|name| text(name, part)));
        }
        let addresses = profile.get("emails").and_then(Value::as_array);
        let addresses = addresses.map(Vec::as_slice).unwrap_or_default();
        for (place, address) in (0..).zip(leading_first(addresses)) {
            self.add(Told::Address, place, text(address, "value"));
            self.add(Told::AddressKind, place, text(address, "type"));
        }
        Ok(())
    }
}

fn text(value: &Value, part: &str) -> Option<String> {
    value.get(part)?.as_str().map(str::to_owned)
}

/// The primary one, or else the first, and then the others.
fn leading_first(values: &[Value]) -> impl Iterator<Item = &Value> {
    let is_primary = |value: &Value| value.get("primary") == Some(&Value::Bool(true));
    let leads = values.iter().position(is_primary).unwrap_or(0);
    let rest = values.iter().enumerate().filter(move |(at, _)| *at != leads);
    values.get(leads).into_iter().chain(rest.map(|(_, value)| value))
}
