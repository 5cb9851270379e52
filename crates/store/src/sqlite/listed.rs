//! Which of those of whom a directory told stand on a page: their numbers, in the order that is asked for.
//!
//! A page of SCIM begins at a place (RFC 7644, section 3.4.2.4), so what comes before it is passed over: in an
//! index, row by row, and without a look at any profile.

use rusqlite::{Connection, params_from_iter};

use super::told::field;
use super::whom::Query;
use super::{columns, tenants};
use crate::{ListedBy, Listing, Result, StoreError, Told, Whom};

const FROM: &str = "FROM users WHERE tenant = ?1 AND is_provisioned = 1 AND ";

/// `limit` of them after the first `skip`.
pub(super) fn ids(
    tx: &Connection,
    tenant: i64,
    listing: &Listing,
    (skip, limit): (usize, usize),
) -> Result<Vec<i64>> {
    let ListedBy::Told(told) = listing.by else {
        return window(tx, plain(tenant, listing), (skip, limit));
    };
    let with = || with_value(tenant, told, listing);
    let without = || without_value(tenant, told, listing);
    let having = counted(tx, &with())?;
    let lacking = count(tx, tenant, &listing.whom)?.saturating_sub(having);
    // What somebody lacks comes last, and first where the order is the other way round. Those who lack it are
    // looked for one by one, and so only where they fall into the page.
    let parts: [(&dyn Fn() -> Query, usize); 2] = match listing.is_descending {
        true => [(&without, lacking), (&with, having)],
        false => [(&with, having), (&without, lacking)],
    };
    let (mut found, mut before) = (Vec::new(), 0);
    for (query, there) in parts {
        let from = skip.saturating_sub(before).min(there);
        if from < there && found.len() < limit {
            found.extend(window(tx, query(), (from, limit - found.len()))?);
        }
        before += there;
    }
    Ok(found)
}

/// Those after one of them, as they were told of.
pub(super) fn ids_after(
    tx: &Connection,
    tenant: i64,
    whom: &Whom,
    (after, limit): (i64, usize),
) -> Result<Vec<i64>> {
    let mut query = Query::new(tenant, "SELECT id ");
    query.push(FROM);
    query.whom(whom);
    query.push(" AND id > ");
    query.bind(after);
    query.push(" ORDER BY id");
    window(tx, query, (0, limit))
}

pub(super) fn count(tx: &Connection, tenant: i64, whom: &Whom) -> Result<usize> {
    match whom {
        Whom::Everybody => tenants::rows(tx, tenant, "users.told"),
        Whom::Active(true) => tenants::rows(tx, tenant, "users.told.active"),
        // Of these there is one value of each person.
        Whom::Text(told, relation, text) if !matches!(told, Told::Address | Told::AddressKind) => {
            let mut query = Query::new(tenant, "");
            query.values_of(*told, *relation, text);
            counted(tx, &query)
        }
        whom => {
            let mut query = Query::new(tenant, "SELECT id ");
            query.push(FROM);
            query.whom(whom);
            counted(tx, &query)
        }
    }
}

fn plain(tenant: i64, listing: &Listing) -> Query {
    let mut query = Query::new(tenant, "SELECT id ");
    query.push(FROM);
    query.whom(&listing.whom);
    let (way, nulls) = way(listing.is_descending);
    let by = match listing.by {
        ListedBy::Updated => format!("updated {way}, "),
        ListedBy::Created => format!("created {way}, "),
        ListedBy::Uid => format!("uid {way}, "),
        ListedBy::Active => format!(
            "CASE WHEN active THEN 1 WHEN json_type(profile, '$.active') IS NOT NULL THEN 0 END {way} NULLS {nulls}, "
        ),
        ListedBy::Added | ListedBy::Told(_) => String::new(),
    };
    query.push(&format!(" ORDER BY {by} id {way}"));
    query
}

fn way(is_descending: bool) -> (&'static str, &'static str) {
    if is_descending { ("DESC", "FIRST") } else { ("ASC", "LAST") }
}

/// Those of whom such a value was told, in its order.
fn with_value(tenant: i64, told: Told, listing: &Listing) -> Query {
    let mut query = Query::new(tenant, "SELECT rank.user FROM told_values AS rank ");
    // Everybody of whom anything stands there was told of.
    let is_joined = listing.whom != Whom::Everybody;
    query.push(if is_joined { "CROSS JOIN users ON users.id = rank.user " } else { "" });
    query.push(&format!(
        "WHERE rank.tenant = ?1 AND rank.field = {} AND rank.place = 0 AND ",
        field(told)
    ));
    query.whom(&listing.whom);
    let (way, _) = way(listing.is_descending);
    query.push(&format!(" ORDER BY rank.value {way}, rank.user {way}"));
    query
}

/// Those of whom it was not told.
fn without_value(tenant: i64, told: Told, listing: &Listing) -> Query {
    let mut query = Query::new(tenant, "SELECT id ");
    query.push(FROM);
    query.whom(&listing.whom);
    let (way, _) = way(listing.is_descending);
    query.push(&format!(
        " AND NOT EXISTS (SELECT 1 FROM told_values WHERE user = users.id AND field = {} AND place = 0)
        ORDER BY id {way}",
        field(told)
    ));
    query
}

fn window(tx: &Connection, mut query: Query, (skip, limit): (usize, usize)) -> Result<Vec<i64>> {
    query.push(" LIMIT ");
    query.bind(columns::signed(limit as u64));
    query.push(" OFFSET ");
    query.bind(columns::signed(skip as u64));
    let mut statement = tx.prepare(&query.text)?;
    let mut rows = statement.query(params_from_iter(query.values))?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(row.get(0)?);
    }
    Ok(ids)
}

fn counted(tx: &Connection, query: &Query) -> Result<usize> {
    let text = format!("SELECT count(*) FROM ({})", query.text);
    let found: i64 =
        tx.prepare(&text)?.query_row(params_from_iter(&query.values), |row| row.get(0))?;
    usize::try_from(found).map_err(|_| StoreError::Corrupt("number"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Relation;
    use crate::sqlite::migrate;

    fn plan(db: &Connection, query: &Query) -> String {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {}", query.text)).unwrap();
        let rows = statement.query_map(params_from_iter(&query.values), |row| row.get(3));
        rows.unwrap().map(Result::unwrap).collect::<Vec<String>>().join("; ")
    }

    #[test]
    fn an_index_serves_the_orders_and_finds_what_is_equal() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate::run(&mut db, migrate::STATE).unwrap();
        for is_descending in [false, true] {
            for by in [ListedBy::Added, ListedBy::Updated] {
                let plan =
                    plan(&db, &plain(1, &Listing { by, is_descending, ..Listing::default() }));
                assert!(plan.contains("USING COVERING INDEX users_told"), "{by:?}: {plan}");
                assert!(!plan.contains("TEMP B-TREE"), "{by:?} {is_descending}: {plan}");
            }
            for told in Told::ALL {
                let listing = Listing { is_descending, ..Listing::default() };
                let plan = plan(&db, &with_value(1, told, &listing));
                assert!(plan.contains("SEARCH rank USING PRIMARY KEY"), "{told:?}: {plan}");
                assert!(!plan.contains("TEMP B-TREE"), "{told:?} {is_descending}: {plan}");
            }
        }
        let texts = Told::ALL.map(|told| Whom::Text(told, Relation::Equal, "x".to_owned()));
        for whom in texts.into_iter().chain([Whom::Uid(Relation::Equal, "x".to_owned())]) {
            let plan = plan(&db, &plain(1, &Listing { whom: whom.clone(), ..Listing::default() }));
            let is_found = plan
                .contains("SEARCH one USING PRIMARY KEY (tenant=? AND field=? AND value=?)")
                || plan.contains("(uid=?)");
            assert!(is_found && plan.contains("SEARCH users"), "{whom:?}: {plan}");
        }
    }
}
