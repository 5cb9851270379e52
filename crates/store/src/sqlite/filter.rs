//! A filter as SQL, and which index it walks.
//!
//! SQLite guesses which of several indexes selects best, and guesses the same for an agent with
//! ten records as for one with a million. Here each candidate is walked for a bounded number of
//! steps first, and the shortest wins.

use model::{Effect, Status};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::{columns, terms};
use crate::{Cursor, Filter, Result};

/// Steps of one probe, some 0.1 ms.
const PROBE: i64 = 2_000;

/// What a row must meet.
pub(super) struct Conditions {
    /// The narrowest way in.
    from: Source,
    sql: String,
    values: Vec<Value>,
}

/// An index to walk, in order of preference where the probes do not decide.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    Finding,
    Index(&'static str),
}

impl Source {
    fn clause(self) -> String {
        match self {
            Self::Finding => {
                "activity_findings AS found CROSS JOIN activity ON activity.seq = found.seq"
                    .to_owned()
            }
            Self::Index(name) => format!("activity INDEXED BY {name}"),
        }
    }

    /// The columns that order its entries.
    fn order(self) -> (&'static str, &'static str) {
        match self {
            Self::Finding => ("found.time", "found.seq"),
            Self::Index(_) => ("activity.time", "activity.seq"),
        }
    }
}

/// One equality of the filter.
struct Term {
    source: Source,
    sql: &'static str,
    value: Value,
}

impl Conditions {
    /// `None` where nothing can meet the filter: it names what this tenant never saw.
    pub(super) fn of(tx: &Connection, tenant: i64, filter: &Filter) -> Result<Option<Self>> {
        let Some(mut terms) = equalities(tx, tenant, filter)? else { return Ok(None) };
        let mut best = (i64::MAX, Source::Index("activity_time"));
        for term in &terms {
            let steps = if terms.len() == 1 { 0 } else { probe(tx, tenant, term, filter)? };
            if steps < best.0 {
                best = (steps, term.source);
            }
        }
        let from = best.1;
        if let Some(finding) = terms.iter_mut().find(|term| term.source == Source::Finding)
            && from != Source::Finding
        {
            finding.sql = "EXISTS (SELECT 1 FROM activity_findings AS f
                WHERE f.kind = ? AND f.time = activity.time AND f.seq = activity.seq)";
        }
        let mut conditions = Self {
            from,
            sql: "activity.tenant = ?".to_owned(),
            values: vec![Value::Integer(tenant)],
        };
        for term in terms {
            conditions.and(term.sql, [term.value]);
        }
        conditions.and_range(filter);
        Ok(Some(conditions))
    }

    fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
        self.values.extend(values);
    }

    fn and_range(&mut self, filter: &Filter) {
        let (time, _) = self.from.order();
        if let Some(since) = filter.since {
            self.and(&format!("{time} >= ?"), [Value::Integer(since.micros())]);
        }
        if let Some(until) = filter.until {
            self.and(&format!("{time} < ?"), [Value::Integer(until.micros())]);
        }
    }

    /// Rows after the cursor, newest first.
    pub(super) fn page(mut self, after: Option<Cursor>, limit: usize) -> (String, Vec<Value>) {
        let (time, seq) = self.from.order();
        if let Some(Cursor { time: at, seq: last }) = after {
            let below = format!("({time}, {seq}) < (?, ?)");
            self.and(&below, [Value::Integer(at), Value::Integer(last)]);
        }
        let sql = format!(
            "SELECT activity.seq, activity.id, activity.time, activity.kind, activity.effect,
                activity.status, activity.agent, activity.resource, activity.begun
             FROM {} WHERE {} ORDER BY {time} DESC, {seq} DESC LIMIT {limit}",
            self.from.clause(),
            self.sql
        );
        (sql, self.values)
    }

    pub(super) fn count(self, limit: u64) -> (String, Vec<Value>) {
        let from = self.from.clause();
        let sql =
            format!("SELECT count(*) FROM (SELECT 1 FROM {from} WHERE {} LIMIT {limit})", self.sql);
        (sql, self.values)
    }
}

/// Walks a term's own index for at most [`PROBE`] entries; gives how many it has.
fn probe(tx: &Connection, tenant: i64, term: &Term, filter: &Filter) -> Result<i64> {
    let mut alone = Conditions { from: term.source, sql: String::new(), values: Vec::new() };
    let from = match term.source {
        Source::Finding => {
            alone.sql.push_str("found.kind = ?");
            "activity_findings AS found".to_owned()
        }
        Source::Index(_) => {
            // Indexes over a tenant's own terms do not hold the tenant.
            if term.sql.contains("<> 0") {
                alone.and("activity.tenant = ?", [Value::Integer(tenant)]);
            }
            alone.and(term.sql, []);
            alone.sql = alone.sql.trim_start_matches(" AND ").to_owned();
            term.source.clause()
        }
    };
    alone.values.push(term.value.clone());
    if term.source != Source::Index("activity_id") {
        alone.and_range(filter);
    }
    let sql =
        format!("SELECT count(*) FROM (SELECT 1 FROM {from} WHERE {} LIMIT {PROBE})", alone.sql);
    let mut statement = tx.prepare_cached(&sql)?;
    Ok(statement.query_row(params_from_iter(alone.values), |row| row.get(0))?)
}

/// The filter's equalities, the most selective first by experience.
fn equalities(tx: &Connection, tenant: i64, filter: &Filter) -> Result<Option<Vec<Term>>> {
    let mut all = Vec::new();
    if let Some(id) = filter.id {
        let value = Value::Blob(id.as_u128().to_be_bytes().to_vec());
        all.push(Term { source: Source::Index("activity_id"), sql: "activity.id = ?", value });
    }
    for (text, source, sql) in texts(filter) {
        let Some(text) = text else { continue };
        let Some(number) = terms::find(tx, tenant, text)? else { return Ok(None) };
        all.push(Term { source, sql, value: Value::Integer(number) });
    }
    if let Some(status) = filter.status {
        all.push(status_term(status));
    }
    if let Some(effect) = filter.effect {
        all.push(effect_term(effect));
    }
    Ok(Some(all))
}

type Text<'a> = (Option<&'a str>, Source, &'static str);

fn texts(filter: &Filter) -> [Text<'_>; 7] {
    let index = Source::Index;
    let session = filter.session.as_ref().map(|name| name.as_str());
    let person = filter.person.as_ref().map(|name| name.as_str());
    let agent = filter.agent.as_ref().map(|name| name.as_str());
    let kind = filter.kind.as_ref().map(|kind| kind.as_str());
    [
        (session, index("activity_session"), "activity.session = ?"),
        (filter.finding.as_deref(), Source::Finding, "found.kind = ?"),
        (person, index("activity_person"), "activity.person = ?"),
        (agent, index("activity_agent"), "activity.agent = ?"),
        (filter.resource.as_deref(), index("activity_resource"), "activity.resource = ?"),
        (filter.provider.as_deref(), index("activity_provider"), "activity.provider = ?"),
        (kind, index("activity_kind"), "activity.kind = ?"),
    ]
}

/// The common value has no index: the walk goes by time.
fn status_term(status: Status) -> Term {
    let value = Value::Integer(columns::status_number(status));
    if status == Status::Ok {
        return Term { source: Source::Index("activity_time"), sql: "activity.status = ?", value };
    }
    let sql = "activity.status <> 0 AND activity.status = ?";
    Term { source: Source::Index("activity_status"), sql, value }
}

fn effect_term(effect: Effect) -> Term {
    let value = Value::Integer(columns::effect_number(effect));
    if effect == Effect::Permit {
        return Term { source: Source::Index("activity_time"), sql: "activity.effect = ?", value };
    }
    let sql = "activity.effect <> 0 AND activity.effect = ?";
    Term { source: Source::Index("activity_effect"), sql, value }
}
