//! By whose word people log in, in SQL.

use model::{TenantId, UserName};
use rusqlite::{Connection, OptionalExtension, params};

use super::{columns, tenants, users};
use crate::{MAX_LINKS_PER_USER, Result, StoreError, StoredLink, StoredUser};

fn number(tx: &Connection, tenant: i64, issuer: &str, subject: &str) -> Result<Option<i64>> {
    let sql = "SELECT user FROM user_links WHERE tenant = ?1 AND issuer = ?2 AND subject = ?3";
    let values = params![tenant, issuer, subject];
    Ok(tx.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?)
}

pub(crate) fn user(
    tx: &Connection,
    tenant: &TenantId,
    issuer: &str,
    subject: &str,
) -> Result<Option<StoredUser>> {
    let Some(found) = number(tx, tenants::number(tx, tenant)?, issuer, subject)? else {
        return Ok(None);
    };
    let (_, name) = users::named(tx, found)?;
    users::one(tx, tenant, &name).map(Some)
}

pub(crate) fn put(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
    link: &StoredLink,
) -> Result<()> {
    let (user, tenant) = (users::number(tx, tenant, user)?, tenants::number(tx, tenant)?);
    match number(tx, tenant, &link.issuer, &link.subject)? {
        Some(other) if other != user => return Err(StoreError::exists("link", &link.subject)),
        Some(_) => {}
        None => {
            let count = "SELECT count(*) FROM user_links WHERE user = ?1";
            tenants::check_few(tx, count, user, "log-ins of one user", MAX_LINKS_PER_USER)?;
        }
    }
    let groups =
        serde_json::to_string(&link.groups).map_err(|error| StoreError::Database(error.into()))?;
    let sql = "INSERT INTO user_links (tenant, issuer, subject, user, groups, seen, created)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
        ON CONFLICT (tenant, issuer, subject) DO UPDATE SET groups = ?5, seen = ?6";
    let seen = link.seen.micros();
    let values = params![tenant, link.issuer, link.subject, user, groups, seen];
    tx.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

pub(crate) fn remove(
    tx: &Connection,
    tenant: &TenantId,
    user: &UserName,
    (issuer, subject): (&str, &str),
) -> Result<()> {
    let (user, tenant) = (users::number(tx, tenant, user)?, tenants::number(tx, tenant)?);
    let sql = "DELETE FROM user_links
        WHERE tenant = ?1 AND issuer = ?2 AND subject = ?3 AND user = ?4";
    if tx.prepare_cached(sql)?.execute(params![tenant, issuer, subject, user])? == 0 {
        return Err(StoreError::not_found("log-in", subject));
    }
    let sql = "DELETE FROM user_sessions WHERE user = ?1 AND issuer = ?2";
    tx.prepare_cached(sql)?.execute(params![user, issuer])?;
    Ok(())
}

pub(super) fn of_user(tx: &Connection, user: i64) -> Result<Vec<StoredLink>> {
    let sql = "SELECT issuer, subject, groups, seen FROM user_links WHERE user = ?1
        ORDER BY issuer, subject";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query([user])?;
    let mut links = Vec::new();
    while let Some(row) = rows.next()? {
        let groups = row.get_ref(2)?.as_str().map_err(|_| StoreError::Corrupt("group"))?;
        links.push(StoredLink {
            issuer: row.get(0)?,
            subject: row.get(1)?,
            groups: serde_json::from_str(groups).map_err(|_| StoreError::Corrupt("group"))?,
            seen: columns::time(row, 3)?,
        });
    }
    Ok(links)
}

pub(crate) fn end_sessions(
    tx: &Connection,
    tenant: &TenantId,
    issuer: &str,
    (session, subject): (Option<&str>, Option<&str>),
) -> Result<Vec<UserName>> {
    let tenant = tenants::number(tx, tenant)?;
    let user = match subject {
        Some(subject) => number(tx, tenant, issuer, subject)?,
        None => None,
    };
    // With a session named, that one; otherwise all of the subject's (Back-Channel Logout, section 2.7).
    let sql = "DELETE FROM user_sessions WHERE issuer = ?2
        AND user IN (SELECT id FROM users WHERE tenant = ?1)
        AND CASE WHEN ?3 IS NOT NULL THEN outside_id = ?3 ELSE user = ?4 END
        RETURNING user";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![tenant, issuer, session, user])?;
    let mut ended = Vec::new();
    while let Some(row) = rows.next()? {
        ended.push(row.get::<_, i64>(0)?);
    }
    ended.sort_unstable();
    ended.dedup();
    ended.into_iter().map(|user| Ok(users::named(tx, user)?.1)).collect()
}
