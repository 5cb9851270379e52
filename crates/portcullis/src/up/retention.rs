//! Retention: what was kept long enough is let go, once a day and when asked.
//!
//! Of payloads the keys are destroyed, a month at a time; a month's volumes go once no key opens
//! anything in them. Of the log, whole segments are dropped from its beginning, as far as all
//! records in them are old enough by the first rule that fits each. What is under a legal hold
//! stays, and so does what no rule speaks of. Each run leaves a record.

use std::sync::Arc;
use std::time::Duration;

use console::Failure;
use model::{DataSubject, Decision, Effect, Kind, Month, Record, RecordId, Status, Timestamp};
use serde_json::{Value, json};
use store::Hold;

use super::core::{Core, LOG, now};
use crate::config::sections::{Retained, Retention};

/// Between two runs.
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long after a start the first run waits, so that the index can catch up.
const FIRST: Duration = Duration::from_secs(30);

/// Records that are read at once.
const BATCH: usize = 1000;

/// Runs until it is aborted.
pub(super) async fn daily(core: Arc<Core>) {
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + FIRST, EVERY);
    loop {
        ticks.tick().await;
        if core.settings.load().config.retention.is_empty() {
            continue;
        }
        let id = core.new_id();
        if let Err(error) = run(&core, id, "the scheduler", "").await {
            tracing::error!(%error, "retention could not run");
        }
    }
}

/// What a run let go.
#[derive(Default)]
struct LetGo {
    keys: usize,
    bytes: u64,
    months: Vec<String>,
    records: u64,
    first: u64,
}

/// One run, and its record.
pub(super) async fn run(
    core: &Arc<Core>,
    id: RecordId,
    who: &str,
    address: &str,
) -> Result<Value, Failure> {
    let _one = core.retaining.lock().await;
    let mut record = begun(core, id, who, address);
    core.record(&record).await.map_err(failed)?;
    let done = let_go(core).await;
    record.time = now();
    record.status = if done.is_ok() { Status::Ok } else { Status::Failed };
    match &done {
        Ok(done) => {
            let noted = [
                ("keys", done.keys.to_string()),
                ("bytes", done.bytes.to_string()),
                ("months", done.months.join(" ")),
                ("records", done.records.to_string()),
                ("first_record", done.first.to_string()),
            ];
            record.detail.extend(noted.map(|(name, value)| (name.into(), value)));
        }
        Err(error) => _ = record.detail.insert("problem".into(), format!("{error:#}")),
    }
    core.record(&record).await.map_err(failed)?;
    let done = done.map_err(|error| Failure(format!("{error:#}")))?;
    Ok(json!({
        "keys": done.keys, "months": done.months, "bytes": done.bytes,
        "records": done.records, "first_record": done.first,
    }))
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure(error.to_string())
}

fn begun(core: &Core, id: RecordId, who: &str, address: &str) -> Record {
    let decision = Decision { effect: Effect::Permit, ..Decision::default() };
    let mut record = Record::new(id, now(), core.tenant.clone(), Kind::DATA_RETAIN, decision);
    record.status = Status::Begun;
    record.client.address = address.to_owned();
    record.detail.insert("who".into(), who.to_owned());
    record
}

async fn let_go(core: &Arc<Core>) -> anyhow::Result<LetGo> {
    let rules = Rules {
        rules: core.settings.load().config.retention.clone(),
        holds: core.house.store.list_holds(&core.tenant).await?,
        now: now(),
    };
    let mut done = LetGo { first: core.log.first(), ..LetGo::default() };
    payloads(core, &rules, &mut done).await?;
    records(core, &rules, &mut done).await?;
    Ok(done)
}

async fn payloads(core: &Core, rules: &Rules, done: &mut LetGo) -> anyhow::Result<()> {
    let ring = &core.keys.keyring;
    let is_over = |subject: &DataSubject, month: Month, label: &str| {
        rules.lets_payload_go(subject, month, label)
    };
    done.keys = ring.expire(is_over).await?.len();
    let used = ring.months().await?;
    let volumes = core.keys.payloads.volumes();
    for month in volumes.months()? {
        // Of a month that is not over, another payload may be on its way.
        if month.end() < rules.now && !used.contains(&month) {
            done.bytes += volumes.remove(month)?;
            done.months.push(month.to_string());
        }
    }
    Ok(())
}

async fn records(core: &Arc<Core>, rules: &Rules, done: &mut LetGo) -> anyhow::Result<()> {
    if !rules.rules.iter().any(|rule| rule.what == Retained::Records) {
        return Ok(());
    }
    let (shared, rules) = (core.clone(), rules.clone());
    let first = tokio::task::spawn_blocking(move || {
        let wanted = still_needed(&shared, &rules)?;
        Ok::<_, anyhow::Error>(shared.log.drop_before(wanted)?)
    });
    let first = first.await??;
    done.records = first - done.first;
    done.first = first;
    // The index speaks of nothing that cannot be read.
    core.house.store.forget_before(&core.tenant, LOG, first).await?;
    Ok(())
}

/// The first record of the first segment that holds anything that must stay.
fn still_needed(core: &Core, rules: &Rules) -> anyhow::Result<u64> {
    let signed = core.log.latest_checkpoint().map_or(0, |checkpoint| checkpoint.size);
    let end = signed.min(*core.indexed.borrow());
    let begin = core.log.first();
    let mut wanted = begin;
    for next in core.log.segments()?.into_iter().filter(|next| *next > begin) {
        if next > end || !all_go(core, rules, wanted..next)? {
            break;
        }
        wanted = next;
    }
    Ok(wanted)
}

fn all_go(core: &Core, rules: &Rules, range: std::ops::Range<u64>) -> anyhow::Result<bool> {
    let mut at = range.start;
    while at < range.end {
        let left = usize::try_from(range.end - at).unwrap_or(BATCH).min(BATCH);
        let raw = core.log.read(at, left)?;
        for bytes in &raw {
            if !rules.lets_record_go(&Record::decode(bytes)?) {
                return Ok(false);
            }
        }
        at += raw.len() as u64;
        if raw.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

#[derive(Clone)]
struct Rules {
    rules: Vec<Retention>,
    holds: Vec<Hold>,
    now: Timestamp,
}

impl Rules {
    fn holds(&self, subject: &DataSubject) -> bool {
        self.holds.iter().any(|hold| hold.subject.as_ref().is_none_or(|held| held == subject))
    }

    fn lets_payload_go(&self, subject: &DataSubject, month: Month, label: &str) -> bool {
        let fits = |rule: &&Retention| {
            rule.what == Retained::Payloads && rule.label.as_ref().is_none_or(|own| own == label)
        };
        let rule = self.rules.iter().find(fits);
        rule.is_some_and(|rule| month.end().plus(rule.keep) < self.now) && !self.holds(subject)
    }

    fn lets_record_go(&self, record: &Record) -> bool {
        let fits = |rule: &&Retention| {
            rule.what == Retained::Records
                && rule.kind.as_ref().is_none_or(|kind| kind == record.kind.as_str())
                && rule.label.as_ref().is_none_or(|label| model::has_label(&record.labels, label))
        };
        let rule = self.rules.iter().find(fits);
        rule.is_some_and(|rule| record.time.plus(rule.keep) < self.now)
            && !self.holds_record(record)
    }

    fn holds_record(&self, record: &Record) -> bool {
        let agent = record.agent.clone().map(DataSubject::Agent);
        let person = record.on_behalf_of.clone().map(DataSubject::Person);
        let is_held = agent.into_iter().chain(person).any(|subject| self.holds(&subject));
        is_held || self.holds.iter().any(|hold| hold.subject.is_none())
    }
}

#[cfg(test)]
mod tests {
    use model::TenantId;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn rule(what: Retained, kind: Option<&str>, label: Option<&str>, days: u64) -> Retention {
        Retention {
            what,
            kind: kind.map(str::to_owned),
            label: label.map(str::to_owned),
            keep: Duration::from_secs(days * 86_400),
        }
    }

    fn hold(subject: Option<&str>) -> Hold {
        Hold {
            name: "h".to_owned(),
            subject: subject.map(|text| text.parse().unwrap()),
            reason: String::new(),
            who: String::new(),
            created: at("2026-01-01T00:00:00Z"),
        }
    }

    #[test]
    fn payloads_go_by_label_month_and_hold() {
        let now = at("2026-11-26T00:00:00Z");
        let list = vec![
            rule(Retained::Records, None, None, 0),
            rule(Retained::Payloads, None, Some("pii"), 30),
            rule(Retained::Payloads, None, None, 90),
        ];
        let mut rules = Rules { rules: list, holds: vec![], now };
        let goes = |rules: &Rules, month: &str, label: &str| {
            let subject = "agent:bot".parse().unwrap();
            rules.lets_payload_go(&subject, month.parse().unwrap(), label)
        };
        assert!(goes(&rules, "2026-09", "pii") && !goes(&rules, "2026-10", "pii"));
        assert!(goes(&rules, "2026-07", "") && !goes(&rules, "2026-09", ""));
        for (held, stays) in [
            (hold(Some("agent:other")), false),
            (hold(Some("agent:bot")), true),
            (hold(None), true),
        ] {
            rules.holds = vec![held];
            assert_eq!(!goes(&rules, "2026-07", ""), stays);
        }
        assert!(!goes(&Rules { rules: vec![], holds: vec![], now }, "2020-01", ""));
    }

    #[test]
    fn records_go_by_the_first_rule_that_fits() {
        let now = at("2026-11-26T00:00:00Z");
        let rules = vec![
            rule(Retained::Records, Some("llm.call"), Some("pii"), 10),
            rule(Retained::Records, Some("llm.call"), None, 100),
        ];
        let mut rules = Rules { rules, holds: vec![], now };
        let record = |kind: Kind, days: u64, labels: &[&str]| {
            let time = now.minus(Duration::from_secs(days * 86_400));
            let id = RecordId::new(time, 1);
            let mut record = Record::new(id, time, TenantId::main(), kind, Decision::default());
            record.agent = Some("bot".parse().unwrap());
            record.labels = labels.iter().map(|label| (*label).to_owned()).collect();
            record
        };
        for (kind, days, labels, goes) in [
            (Kind::LLM_CALL, 101, &[][..], true),
            (Kind::LLM_CALL, 99, &[], false),
            (Kind::LLM_CALL, 11, &["pii.email"], true),
            (Kind::LLM_CALL, 9, &["pii.email"], false),
            (Kind::ADMIN_CHANGE, 10_000, &[], false),
        ] {
            assert_eq!(
                rules.lets_record_go(&record(kind.clone(), days, labels)),
                goes,
                "{kind:?} {days}"
            );
        }
        rules.holds = vec![hold(Some("agent:bot"))];
        assert!(!rules.lets_record_go(&record(Kind::LLM_CALL, 101, &[])));
    }
}
