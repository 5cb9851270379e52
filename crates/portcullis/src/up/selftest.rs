//! The self-test of a running instance: when it runs, what it leaves, and who is told.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwapOption;
use console::Check;
use gate::gate::SELF_TEST;
use gate::{Gate, Snapshot};
use model::{Effect, Kind, Status, TenantId, Timestamp, clip};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::core::{Core, now};
use super::house::House;
use super::tenants::durability;
use crate::config::Config;
use crate::selftest::{Canaries, Controls, Outcome, Report, State};

/// Beside the logs of tenants, not among them: nobody is shown what canaries do.
const FOLDER: &str = "self-test";

/// A result that is the same as before is written again after this long.
const RECORD_EVERY: Duration = Duration::from_secs(3600);

/// What to do about a tenant's control that does not work.
const SEE_THEM: &str = "read the record `system.selftest` in the tenant's own log";

/// Tenants besides the platform's own that one run by the schedule goes through; the next goes on.
const TENANTS_A_RUN: usize = 8;

/// Bytes of what is said of a control in a record.
const MAX_DETAIL: usize = 512;

/// The self-test's part of an instance.
pub(super) struct SelfTest {
    /// None where configuration switched it off.
    canaries: Option<Arc<Canaries>>,
    last: ArcSwapOption<Report>,
    /// Whose controls the canaries meet now; the platform's own where nobody's.
    turn: ArcSwapOption<TenantId>,
    /// One run at a time.
    known: Mutex<Known>,
}

/// What runs before this one came to.
#[derive(Default)]
struct Known {
    /// What was last recorded for each tenant, and how many runs agreed with it since.
    recorded: BTreeMap<TenantId, (Report, u64)>,
    /// What the last run came to for each tenant but the platform's own.
    others: BTreeMap<TenantId, Report>,
    /// The last tenant of the run before.
    reached: Option<TenantId>,
}

/// Who wants a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    BySchedule,
    ByAPerson,
}

impl SelfTest {
    pub(super) async fn open(config: &Config, gate: &Arc<Gate>) -> anyhow::Result<Self> {
        let canaries = match config.selftest.enabled {
            true => {
                let folder = config.data.dir.join(FOLDER);
                let canaries = Canaries::open(gate, &folder, durability(config), now).await?;
                Some(Arc::new(canaries))
            }
            false => None,
        };
        let (last, turn) = (ArcSwapOption::empty(), ArcSwapOption::empty());
        Ok(Self { canaries, last, turn, known: Mutex::default() })
    }

    /// Whether canaries meet the controls of a tenant now.
    pub(super) fn is_turn_of(&self, tenant: &TenantId) -> bool {
        self.turn.load().as_deref() == Some(tenant)
    }

    /// Puts the canaries' tenant into a snapshot.
    pub(super) fn join(&self, snapshot: &mut Snapshot, controls: &Controls) -> anyhow::Result<()> {
        self.canaries.as_ref().map_or(Ok(()), |canaries| canaries.join(snapshot, controls))
    }

    /// What the last run came to.
    pub(super) fn view(&self) -> Value {
        match (&self.canaries, self.last.load_full()) {
            (None, _) => json!({"state": "off", "controls": []}),
            (_, None) => json!({"state": "untested", "controls": []}),
            (_, Some(report)) => json!(*report),
        }
    }

    /// A control that does not work is no reason to take the gate away from its agents.
    pub(super) fn check(&self) -> Check {
        let report = self.last.load_full();
        let broken: Vec<&str> = report
            .iter()
            .flat_map(|report| report.in_state(State::Broken))
            .map(|one| one.control)
            .collect();
        let detail = match broken.is_empty() {
            true => String::new(),
            false => format!("not working: {}", broken.join(", ")),
        };
        Check { name: "controls".into(), ok: broken.is_empty(), is_needed: false, detail }
    }

    /// Lines for Prometheus: each control, and how old the result is.
    pub(super) fn metrics(&self, now: Timestamp) -> String {
        let Some(report) = self.last.load_full() else { return String::new() };
        let name = "portcullis_control_working";
        let help = "Whether the self-test saw the control work.";
        let mut text = format!("# HELP {name} {help}\n# TYPE {name} gauge\n");
        for one in &report.controls {
            let works = u8::from(one.state == State::Working);
            let (control, state) = (one.control, one.state.as_str());
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name}{{control=\"{control}\",state=\"{state}\"}} {works}");
        }
        let age = (now.micros() - report.time.micros()).max(0) as f64 / 1e6;
        let name = "portcullis_selftest_age_seconds";
        let help = "Since the last self-test ended.";
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {age:.1}");
        text
    }

    pub(super) async fn close(&self) {
        if let Some(canaries) = &self.canaries {
            canaries.close().await;
        }
    }
}

/// Tests now and then, as long as the instance runs.
pub(super) async fn run(house: Arc<House>) {
    while house.selftest.canaries.is_some() {
        if let Err(error) = test(&house, Asked::BySchedule).await {
            tracing::error!("the self-test: {error:#}");
        }
        let Ok(core) = house.main() else { return };
        let every = core.settings.load().config.selftest.every;
        tokio::time::sleep(every).await;
    }
}

/// One run: through the controls of the platform's own tenant, and of others.
pub(super) async fn test(house: &Arc<House>, asked: Asked) -> anyhow::Result<()> {
    if house.selftest.canaries.is_none() {
        anyhow::bail!("the self-test is switched off; write [selftest] enabled = true and restart");
    }
    let main = house.main()?;
    let mut known = house.selftest.known.lock().await;
    for core in known.next(&house.tenants(), asked) {
        let report = test_one(house, &core).await?;
        known.others.insert(core.tenant.clone(), report.clone());
        known.record(&core, report, asked).await?;
    }
    let mut report = test_one(house, &main).await?;
    report.add(known.of_tenants());
    say(&report, known.recorded.get(&main.tenant).map(|(before, _)| before));
    house.selftest.last.store(Some(Arc::new(report.clone())));
    known.record(&main, report, asked).await
}

/// Canaries through the controls of one tenant.
async fn test_one(house: &Arc<House>, core: &Arc<Core>) -> anyhow::Result<Report> {
    let canaries = house.selftest.canaries.as_ref().context("the self-test is switched off")?;
    let canary = TenantId::new(SELF_TEST)?;
    house.selftest.turn.store(Some(Arc::new(core.tenant.clone())));
    let controls = core.settings.load().controls.clone();
    let publish = || -> std::pin::Pin<Box<dyn Future<Output = _> + Send + '_>> {
        Box::pin(async { house.publish(Some(&canary)).await.map(|_| ()) })
    };
    let report = canaries.run(&house.gate, &controls, &core.log, &publish).await;
    // A gate that is stopping refuses canaries as it refuses all.
    anyhow::ensure!(!house.gate.is_draining(), "the gate is stopping");
    Ok(report)
}

impl Known {
    /// Whose turn it is besides the platform's own: everybody's where a person asks, else so many after
    /// the last one.
    fn next(&mut self, all: &[Arc<Core>], asked: Asked) -> Vec<Arc<Core>> {
        let others: Vec<_> =
            all.iter().filter(|core| core.tenant != TenantId::main()).cloned().collect();
        self.others.retain(|tenant, _| others.iter().any(|core| core.tenant == *tenant));
        self.recorded.retain(|tenant, _| all.iter().any(|core| core.tenant == *tenant));
        let count = if asked == Asked::ByAPerson { others.len() } else { TENANTS_A_RUN };
        let reached = others.iter().position(|core| Some(&core.tenant) == self.reached.as_ref());
        let from = reached.map_or(0, |at| at + 1);
        let round = others.iter().cycle().skip(from).take(count.min(others.len()));
        let next: Vec<_> = round.cloned().collect();
        self.reached = next.last().map(|core| core.tenant.clone());
        next
    }

    /// Of all other tenants in one; nothing where there are none.
    fn of_tenants(&self) -> Option<Outcome> {
        let named = |state: State| {
            let all = self.others.iter();
            let names = all.flat_map(move |(tenant, report)| {
                report.in_state(state).map(move |one| format!("{tenant}: {}", one.control))
            });
            names.collect::<Vec<_>>().join(", ")
        };
        let (broken, off) = (named(State::Broken), named(State::Off));
        let count = self.others.len();
        Some(match (count, broken.is_empty(), off.is_empty()) {
            (0, ..) => return None,
            (_, false, _) => Outcome::broken("tenants", broken, SEE_THEM),
            (_, _, false) => Outcome::off("tenants", off, SEE_THEM),
            _ => Outcome::working("tenants", format!("the controls of {count} tenants work")),
        })
    }

    /// Leaves a record in the tenant's log, unless one of before says the same.
    async fn record(&mut self, core: &Core, report: Report, asked: Asked) -> anyhow::Result<()> {
        let agreed = match self.recorded.remove(&core.tenant) {
            Some((before, runs)) if asked == Asked::BySchedule && is_known(&before, &report) => {
                self.recorded.insert(core.tenant.clone(), (before, runs + 1));
                return Ok(());
            }
            Some((_, runs)) => runs,
            None => 0,
        };
        core.record(&record(core, &report, agreed, asked)).await?;
        self.recorded.insert(core.tenant.clone(), (report, 0));
        Ok(())
    }
}

fn is_known(before: &Report, report: &Report) -> bool {
    before.agrees(report)
        && report.time.micros() - before.time.micros() < RECORD_EVERY.as_micros() as i64
}

fn say(report: &Report, before: Option<&Report>) {
    if before.is_some_and(|before| before.agrees(report)) {
        return;
    }
    for one in &report.controls {
        let remedy = one.remedy.unwrap_or_default();
        match one.state {
            State::Working => {}
            State::Off => tracing::warn!(control = one.control, remedy, "{}", one.detail),
            State::Broken => tracing::error!(control = one.control, remedy, "{}", one.detail),
        }
    }
}

/// `agreed` runs before this one came to what was recorded last.
fn record(core: &Core, report: &Report, agreed: u64, asked: Asked) -> model::Record {
    let reason = match report.state {
        State::Working => "every control was seen to work",
        State::Off => "every control that is not switched off was seen to work",
        State::Broken => "a control does not work",
    };
    let mut record = core.system_record(Kind::SYSTEM_SELFTEST, reason);
    if report.state == State::Broken {
        record.status = Status::Failed;
        record.decision.effect = Effect::Deny;
    }
    for one in &report.controls {
        let said = match one.state {
            State::Working => one.state.as_str().to_owned(),
            _ => format!("{}: {}", one.state.as_str(), one.detail),
        };
        record.detail.insert(one.control.into(), clip(&said, MAX_DETAIL).to_owned());
    }
    record.detail.insert("took_ms".into(), format!("{:.1}", report.took_ms));
    record.detail.insert("runs_before".into(), agreed.to_string());
    let asked = if asked == Asked::ByAPerson { "a person" } else { "the schedule" };
    record.detail.insert("asked_by".into(), asked.into());
    record
}
