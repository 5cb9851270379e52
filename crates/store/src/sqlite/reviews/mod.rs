//! Access reviews in SQL.

mod apply;

use model::{Digest, TenantId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::{columns, tenants};
use crate::{
    AccessKind, MAX_REVIEW_ITEMS, MAX_REVIEWS, NewReview, NewReviewItem, Result, ReviewCounts,
    ReviewDecision, ReviewItem, ReviewWord, StoreError, StoredReview,
};

const SELECT: &str = "SELECT number, started, started_by, deadline, escalates, closed, closed_by,
    hash FROM reviews WHERE tenant = ?1";

const ITEMS: &str = "SELECT number, kind, holder, held, owner, terms, granted_by, granted, ends,
    last_used, last_seen, used, decision, narrowed, reason, decided_by, decided, outcome
    FROM review_items WHERE tenant = ?1 AND review = ?2";

fn from_row(tx: &Connection, tenant: i64, row: &Row<'_>) -> Result<StoredReview> {
    let number = columns::count(row, 0)?;
    Ok(StoredReview {
        number,
        started: columns::time(row, 1)?,
        started_by: row.get(2)?,
        deadline: columns::time(row, 3)?,
        escalates: row.get(4)?,
        closed: columns::optional_time(row, 5)?,
        closed_by: row.get(6)?,
        hash: row.get(7)?,
        counts: counts(tx, tenant, number)?,
    })
}

fn counts(tx: &Connection, tenant: i64, review: u64) -> Result<ReviewCounts> {
    let sql = "SELECT decision, count(*) FROM review_items WHERE tenant = ?1 AND review = ?2
        GROUP BY decision";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![tenant, columns::signed(review)])?;
    let mut counts = ReviewCounts::default();
    while let Some(row) = rows.next()? {
        let number = columns::count(row, 1)?;
        counts.items += number;
        match decision(row, 0)? {
            None => counts.undecided += number,
            Some(ReviewDecision::Keep) => counts.kept += number,
            Some(ReviewDecision::Narrow) => counts.narrowed += number,
            Some(ReviewDecision::Revoke) => counts.revoked += number,
            Some(ReviewDecision::Escalate) => counts.escalated += number,
        }
    }
    Ok(counts)
}

fn decision(row: &Row<'_>, at: usize) -> Result<Option<ReviewDecision>> {
    let Some(text) = row.get::<_, Option<String>>(at)? else { return Ok(None) };
    let read = ReviewDecision::parse(&text).ok_or(StoreError::Corrupt("decision of a review"))?;
    Ok(Some(read))
}

fn item_from_row(row: &Row<'_>) -> Result<ReviewItem> {
    let kind = row.get_ref(1)?.as_str().ok().and_then(AccessKind::parse);
    let access = NewReviewItem {
        kind: kind.ok_or(StoreError::Corrupt("kind of a review's item"))?,
        holder: row.get(2)?,
        held: row.get(3)?,
        owner: row.get(4)?,
        terms: row.get(5)?,
        granted_by: row.get(6)?,
        granted: columns::time(row, 7)?,
        ends: columns::optional_time(row, 8)?,
        last_used: columns::optional_time(row, 9)?,
        last_seen: columns::optional_time(row, 10)?,
        used: row.get(11)?,
    };
    Ok(ReviewItem {
        number: columns::count(row, 0)?,
        access,
        decision: decision(row, 12)?,
        narrowed: row.get(13)?,
        reason: row.get(14)?,
        decided_by: row.get(15)?,
        decided: columns::optional_time(row, 16)?,
        outcome: row.get(17)?,
    })
}

pub(crate) fn start(
    tx: &Connection,
    tenant: &TenantId,
    new: &NewReview,
    items: &[NewReviewItem],
    now: Timestamp,
) -> Result<StoredReview> {
    let id = tenants::number(tx, tenant)?;
    let last = list(tx, tenant, 1)?.pop();
    if last.as_ref().is_some_and(|last| last.closed.is_none()) {
        return Err(StoreError::exists("open access review", last.map_or(0, |last| last.number)));
    }
    if items.len() > MAX_REVIEW_ITEMS {
        let (what, limit) = ("items in one access review", MAX_REVIEW_ITEMS as u64);
        return Err(StoreError::Full { what, limit });
    }
    let number = last.map_or(1, |last| last.number + 1);
    let sql = "INSERT INTO reviews (tenant, number, started, started_by, deadline, escalates)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.prepare_cached(sql)?.execute(params![
        id,
        columns::signed(number),
        now.micros(),
        new.started_by,
        new.deadline.micros(),
        new.escalates
    ])?;
    let forget = "DELETE FROM reviews WHERE tenant = ?1 AND number <= ?2";
    let oldest = columns::signed(number.saturating_sub(MAX_REVIEWS));
    tx.prepare_cached(forget)?.execute(params![id, oldest])?;
    for (at, item) in (1_i64..).zip(items) {
        insert(tx, id, number, at, item)?;
    }
    one(tx, tenant, number)
}

fn insert(tx: &Connection, tenant: i64, review: u64, at: i64, item: &NewReviewItem) -> Result<()> {
    let sql = "INSERT INTO review_items (tenant, review, number, kind, holder, held, owner, terms,
        granted_by, granted, ends, last_used, last_seen, used)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    tx.prepare_cached(sql)?.execute(params![
        tenant,
        columns::signed(review),
        at,
        item.kind.as_str(),
        item.holder,
        item.held,
        item.owner,
        item.terms,
        item.granted_by,
        item.granted.micros(),
        item.ends.map(Timestamp::micros),
        item.last_used.map(Timestamp::micros),
        item.last_seen.map(Timestamp::micros),
        item.used,
    ])?;
    Ok(())
}

pub(crate) fn list(tx: &Connection, tenant: &TenantId, limit: usize) -> Result<Vec<StoredReview>> {
    let id = tenants::number(tx, tenant)?;
    let mut statement = tx.prepare_cached(&format!("{SELECT} ORDER BY number DESC LIMIT ?2"))?;
    let mut rows = statement.query(params![id, columns::signed(limit as u64)])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(from_row(tx, id, row)?);
    }
    Ok(all)
}

pub(crate) fn one(tx: &Connection, tenant: &TenantId, number: u64) -> Result<StoredReview> {
    let id = tenants::number(tx, tenant)?;
    let mut statement = tx.prepare_cached(&format!("{SELECT} AND number = ?2"))?;
    let mut rows = statement.query(params![id, columns::signed(number)])?;
    let found = rows.next()?.map(|row| from_row(tx, id, row)).transpose()?;
    found.ok_or_else(|| StoreError::not_found("access review", number))
}

pub(crate) fn items(
    tx: &Connection,
    tenant: &TenantId,
    review: u64,
    after: u64,
    limit: usize,
) -> Result<Vec<ReviewItem>> {
    let id = tenants::number(tx, tenant)?;
    let sql = format!("{ITEMS} AND number > ?3 ORDER BY number LIMIT ?4");
    let limit = columns::signed(limit as u64);
    read(tx, &sql, params![id, columns::signed(review), columns::signed(after), limit])
}

fn read(tx: &Connection, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<ReviewItem>> {
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(item_from_row(row)?);
    }
    Ok(all)
}

pub(crate) fn item(
    tx: &Connection,
    tenant: &TenantId,
    review: u64,
    number: u64,
) -> Result<ReviewItem> {
    let id = tenants::number(tx, tenant)?;
    let sql = format!("{ITEMS} AND number = ?3");
    let values = params![id, columns::signed(review), columns::signed(number)];
    let found = read(tx, &sql, values)?.pop();
    found.ok_or_else(|| StoreError::not_found("item of the access review", number))
}

pub(crate) fn decide(
    tx: &Connection,
    tenant: &TenantId,
    review: u64,
    number: u64,
    word: &ReviewWord,
    now: Timestamp,
) -> Result<ReviewItem> {
    let (of, item) = (one(tx, tenant, review)?, item(tx, tenant, review, number)?);
    check_open(&of, &item, now)?;
    if word.person.is_some()
        && word.person.as_ref().map(|name| name.as_str()) == item.access.owner.as_deref()
    {
        return Err(StoreError::Settled("your own: somebody else decides on it"));
    }
    let outcome = apply::apply(tx, tenant, &item.access, word, now)?;
    write(tx, tenant, (review, number), word, (&outcome, now))?;
    self::item(tx, tenant, review, number)
}

/// While a review runs, what was not taken away can be decided on; afterwards what was escalated.
fn check_open(review: &StoredReview, item: &ReviewItem, now: Timestamp) -> Result<()> {
    let is_running = review.closed.is_none() && now < review.deadline;
    match item.decision {
        Some(ReviewDecision::Escalate) => Ok(()),
        None | Some(ReviewDecision::Keep) if is_running => Ok(()),
        Some(decision) if is_running => Err(StoreError::Settled(decision.as_str())),
        _ => Err(StoreError::Settled("of a review that is over")),
    }
}

fn write(
    tx: &Connection,
    tenant: &TenantId,
    (review, number): (u64, u64),
    word: &ReviewWord,
    (outcome, now): (&str, Timestamp),
) -> Result<()> {
    let id = tenants::number(tx, tenant)?;
    let sql = "UPDATE review_items SET decision = ?4, narrowed = ?5, reason = ?6, decided_by = ?7,
        decided = ?8, outcome = ?9 WHERE tenant = ?1 AND review = ?2 AND number = ?3";
    tx.prepare_cached(sql)?.execute(params![
        id,
        columns::signed(review),
        columns::signed(number),
        word.decision.as_str(),
        apply::narrowed(word),
        word.reason,
        word.who,
        now.micros(),
        outcome
    ])?;
    Ok(())
}

pub(crate) fn settle(
    tx: &Connection,
    tenant: &TenantId,
    review: u64,
    by_hand: bool,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<ReviewItem>> {
    let of = one(tx, tenant, review)?;
    if of.closed.is_some() || (now < of.deadline && !by_hand) {
        return Ok(Vec::new());
    }
    let id = tenants::number(tx, tenant)?;
    let sql = format!("{ITEMS} AND decision IS NULL ORDER BY number LIMIT ?3");
    let values = params![id, columns::signed(review), columns::signed(limit as u64)];
    let mut settled = Vec::new();
    for item in read(tx, &sql, values)? {
        settle_one(tx, tenant, &of, &item, now)?;
        settled.push(self::item(tx, tenant, review, item.number)?);
    }
    Ok(settled)
}

const UNDECIDED: &str = "nobody decided in time";

fn settle_one(
    tx: &Connection,
    tenant: &TenantId,
    of: &StoredReview,
    item: &ReviewItem,
    now: Timestamp,
) -> Result<()> {
    let word = |decision| ReviewWord {
        decision,
        ends: None,
        roles: None,
        reason: UNDECIDED.to_owned(),
        who: "clock".to_owned(),
        person: None,
    };
    let place = (of.number, item.number);
    let escalate =
        |why: &str| write(tx, tenant, place, &word(ReviewDecision::Escalate), (why, now));
    if of.escalates {
        return escalate("stays, and waits for a security officer");
    }
    if item.access.kind == AccessKind::BrokenGlass {
        return escalate("nobody's silence signs off a role that was taken");
    }
    if apply::is_last_administrator(tx, tenant, &item.access)? {
        return escalate("stays: nobody else could administer this installation");
    }
    let revoke = word(ReviewDecision::Revoke);
    match apply::apply(tx, tenant, &item.access, &revoke, now) {
        Ok(outcome) => write(tx, tenant, place, &revoke, (&outcome, now)),
        Err(StoreError::Declared { .. }) => escalate("stays: the configuration declares it"),
        Err(error) => Err(error),
    }
}

pub(crate) fn close(
    tx: &Connection,
    tenant: &TenantId,
    review: u64,
    who: &str,
    now: Timestamp,
) -> Result<StoredReview> {
    let before = one(tx, tenant, review)?;
    if before.closed.is_some() {
        return Err(StoreError::Settled("closed already"));
    }
    if before.counts.undecided > 0 {
        return Err(StoreError::Invalid("something in this access review is still undecided"));
    }
    let items = items(tx, tenant, review, 0, MAX_REVIEW_ITEMS)?;
    let evidence = json!({
        "tenant": tenant, "review": before.number, "started": before.started,
        "started_by": before.started_by, "deadline": before.deadline, "closed": now,
        "closed_by": who, "counts": before.counts, "items": items,
    });
    let evidence = evidence.to_string();
    let hash = Digest::of(evidence.as_bytes()).to_string();
    let id = tenants::number(tx, tenant)?;
    let sql = "UPDATE reviews SET closed = ?3, closed_by = ?4, evidence = ?5, hash = ?6
        WHERE tenant = ?1 AND number = ?2";
    let values = params![id, columns::signed(review), now.micros(), who, evidence, hash];
    tx.prepare_cached(sql)?.execute(values)?;
    one(tx, tenant, review)
}

pub(crate) fn evidence(tx: &Connection, tenant: &TenantId, review: u64) -> Result<String> {
    let id = tenants::number(tx, tenant)?;
    let sql = "SELECT evidence FROM reviews WHERE tenant = ?1 AND number = ?2";
    let values = params![id, columns::signed(review)];
    let found: Option<Option<String>> =
        tx.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    found.flatten().ok_or_else(|| StoreError::not_found("closed access review", review))
}

pub(crate) fn first_user_added(tx: &Connection, tenant: &TenantId) -> Result<Option<Timestamp>> {
    let sql = "SELECT min(created) FROM users WHERE tenant = ?1";
    let values = [tenants::number(tx, tenant)?];
    let first: Option<i64> = tx.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    Ok(first.map(Timestamp::from_micros))
}

pub(crate) fn touch_token(tx: &Connection, hash: Digest, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO token_uses (hash, used)
        SELECT hash, ?2 FROM admin_tokens WHERE hash = ?1
        ON CONFLICT (hash) DO UPDATE SET used = max(used, ?2)";
    tx.prepare_cached(sql)?.execute(params![hash.0, now.micros()])?;
    Ok(())
}

pub(crate) fn token_used(tx: &Connection, hash: Digest) -> Result<Option<Timestamp>> {
    let sql = "SELECT used FROM token_uses WHERE hash = ?1";
    let found = tx.prepare_cached(sql)?.query_row([hash.0], |row| row.get(0)).optional()?;
    Ok(found.map(Timestamp::from_micros))
}
