//! Which sessions have labels, gathered from records as they are indexed.

use std::collections::BTreeMap;

use model::TenantId;
use rusqlite::{Connection, params};

use super::tenants;
use crate::{Entry, Field, LabelledSession, MAX_LABELLED_SESSIONS, Result};

/// How long a session with labels is known after its last record: 30 days, in microseconds.
const KEPT: i64 = 30 * 24 * 60 * 60 * 1_000_000;

/// How a record says that a person has taken labels away.
const CLEARED: &str = "act=session.clear_labels";

/// Agent, person and session.
type Whose = (String, String, String);

/// What the records of a batch say of one session.
#[derive(Default)]
struct Said {
    is_cleared: bool,
    untrusted: bool,
    confidential: bool,
    seen: i64,
}

/// What a batch says of sessions, to be written at its end.
#[derive(Default)]
pub(super) struct Labelled(BTreeMap<Whose, Said>);

impl Labelled {
    /// Takes in one record, in the order of the log.
    pub(super) fn add(&mut self, entry: &Entry) {
        if entry.kind == "admin.change" {
            return self.add_change(entry);
        }
        let has = |label: &str| entry.terms.contains(&(Field::Label, label.to_owned()));
        let (untrusted, confidential) = (has("untrusted"), has("confidential"));
        let Some(agent) = entry.agent.clone().filter(|_| untrusted || confidential) else { return };
        let session = entry.only(Field::Session);
        if comes_again(&session) {
            return;
        }
        let said = self.0.entry((agent, entry.only(Field::User), session)).or_default();
        said.untrusted |= untrusted;
        said.confidential |= confidential;
        said.seen = said.seen.max(entry.time.micros());
    }

    /// A person has looked: what was before counts no more.
    fn add_change(&mut self, entry: &Entry) {
        if !entry.terms.contains(&(Field::Detail, CLEARED.to_owned())) {
            return;
        }
        let Some(agent) = entry.resource.clone() else { return };
        let detail = |name: &str| {
            let all = entry.terms.iter().filter(|(field, _)| *field == Field::Detail);
            let mut named = all.filter_map(|(_, text)| text.strip_prefix(name)?.strip_prefix('='));
            named.next().unwrap_or_default().to_owned()
        };
        let cleared = Said { is_cleared: true, ..Said::default() };
        self.0.insert((agent, detail("person"), detail("session")), cleared);
    }

    pub(super) fn write(&self, tx: &Connection, tenant: i64) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let delete = "DELETE FROM labelled_sessions
            WHERE tenant = ?1 AND agent = ?2 AND person = ?3 AND session = ?4";
        let upsert = "INSERT INTO labelled_sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT DO UPDATE SET untrusted = max(untrusted, ?5),
                confidential = max(confidential, ?6), seen = max(seen, ?7)";
        for ((agent, person, session), said) in &self.0 {
            if said.is_cleared {
                tx.prepare_cached(delete)?.execute(params![tenant, agent, person, session])?;
            }
            if said.untrusted || said.confidential {
                let labels = (said.untrusted, said.confidential, said.seen);
                let values = params![tenant, agent, person, session, labels.0, labels.1, labels.2];
                tx.prepare_cached(upsert)?.execute(values)?;
            }
        }
        prune(tx, tenant)
    }
}

/// Whether the content of a session comes again by itself: a conversation that is known by how it
/// began brings all of it with each call.
fn comes_again(session: &str) -> bool {
    let digits = session.strip_prefix("conversation-");
    digits.is_some_and(|d| d.len() == 32 && d.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Lets go of what is old, and of the oldest beyond the bound.
fn prune(tx: &Connection, tenant: i64) -> Result<()> {
    let old = "DELETE FROM labelled_sessions WHERE tenant = ?1
        AND seen < (SELECT max(seen) FROM labelled_sessions WHERE tenant = ?1) - ?2";
    tx.prepare_cached(old)?.execute(params![tenant, KEPT])?;
    let many = "DELETE FROM labelled_sessions WHERE tenant = ?1 AND seen <
        (SELECT seen FROM labelled_sessions WHERE tenant = ?1 ORDER BY seen DESC LIMIT 1 OFFSET ?2)";
    tx.prepare_cached(many)?.execute(params![tenant, MAX_LABELLED_SESSIONS as i64])?;
    Ok(())
}

/// The latest first.
pub(crate) fn list(tx: &Connection, tenant: &TenantId) -> Result<Vec<LabelledSession>> {
    let id = tenants::number(tx, tenant)?;
    let sql = "SELECT agent, person, session, untrusted, confidential FROM labelled_sessions
        WHERE tenant = ?1 ORDER BY seen DESC LIMIT ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![id, MAX_LABELLED_SESSIONS as i64])?;
    let mut sessions = Vec::new();
    while let Some(row) = rows.next()? {
        let [agent, person, session]: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        // Names that were right when they were recorded.
        let Ok(agent) = agent.parse() else { continue };
        sessions.push(LabelledSession {
            agent,
            person: some(person).and_then(|name| name.parse().ok()),
            session: some(session).and_then(|name| name.parse().ok()),
            untrusted: row.get(3)?,
            confidential: row.get(4)?,
        });
    }
    Ok(sessions)
}
