//! Lines of the list of users in SQL.

use model::TenantId;
use rusqlite::{Connection, params_from_iter};

use super::whom::Query;
use super::{columns, tenants};
use crate::{Result, StoreError, UserLine, UserListing, UserOrder, UserStanding};

const STANDING: &str = "CASE WHEN NOT active THEN 'disabled'
    WHEN id IN (SELECT user FROM user_factors) THEN 'active' ELSE 'invited' END";
const FACTORS: &str = "(SELECT count(*) FROM user_factors WHERE user = users.id)";
// Grants lie in the order of roles.
const ROLES: &str =
    "coalesce((SELECT group_concat(role, ' ') FROM user_grants WHERE user = users.id), '')";

pub(crate) fn lines(
    tx: &Connection,
    tenant: &TenantId,
    listing: &UserListing,
    (skip, limit): (usize, usize),
) -> Result<Vec<UserLine>> {
    let mut query = found(tenants::number(tx, tenant)?, &listing.text);
    let way = if listing.is_descending { "DESC" } else { "ASC" };
    let by = match listing.by {
        UserOrder::Name => String::new(),
        UserOrder::Standing => format!("{STANDING} {way}, "),
        UserOrder::Roles => format!("{ROLES} {way}, "),
        UserOrder::Factors => format!("{FACTORS} {way}, "),
        UserOrder::Updated => format!("updated {way}, "),
    };
    query.push(&format!(" ORDER BY {by} name {way} LIMIT "));
    query.bind(columns::signed(limit as u64));
    query.push(" OFFSET ");
    query.bind(columns::signed(skip as u64));
    // What a line says is looked up for those alone that are shown.
    let mut statement = tx.prepare(&query.text)?;
    let mut rows = statement.query(params_from_iter(query.values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(line(tx, row.get(0)?)?);
    }
    Ok(found)
}

fn line(tx: &Connection, user: i64) -> Result<UserLine> {
    let sql = format!("SELECT name, active, {ROLES}, {FACTORS}, updated FROM users WHERE id = ?1");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query([user])?;
    let row = rows.next()?.ok_or(StoreError::Corrupt("user"))?;
    let factors = columns::count(row, 3)?;
    Ok(UserLine {
        name: columns::name(row, 0)?,
        standing: UserStanding::of(row.get(1)?, factors),
        roles: row.get(2)?,
        factors,
        updated: columns::time(row, 4)?,
    })
}

pub(crate) fn count(tx: &Connection, tenant: &TenantId, text: &str) -> Result<(usize, usize)> {
    let number = tenants::number(tx, tenant)?;
    let all = tenants::rows(tx, number, "users")?;
    if text.is_empty() {
        return Ok((all, all));
    }
    let query = found(number, text);
    let sql = format!("SELECT count(*) FROM ({})", query.text);
    let found: i64 =
        tx.prepare(&sql)?.query_row(params_from_iter(query.values), |row| row.get(0))?;
    Ok((usize::try_from(found).map_err(|_| StoreError::Corrupt("number"))?, all))
}

/// Those whom a text finds.
fn found(tenant: i64, text: &str) -> Query {
    let mut query = Query::new(tenant, "SELECT id FROM users WHERE tenant = ?1");
    if text.is_empty() {
        return query;
    }
    let text = text.to_lowercase();
    query.push(" AND (instr(lower(name), ");
    query.bind(text.clone());
    query.push(") > 0 OR id IN (SELECT user FROM user_grants WHERE instr(role, ");
    query.bind(text.clone());
    query.push(") > 0)");
    for standing in UserStanding::ALL.into_iter().filter(|one| one.as_str().contains(&text)) {
        query.push(&format!(" OR {STANDING} = '{}'", standing.as_str()));
    }
    query.push(")");
    query
}
