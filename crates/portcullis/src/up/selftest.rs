//! The self-test of a running instance: when it runs, what it leaves, and who is told.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

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
use crate::selftest::{Canaries, Controls, Report, State};

/// Beside the logs of tenants, not among them: nobody is shown what canaries do.
const FOLDER: &str = "self-test";

/// A result that is the same as before is written again after this long.
const RECORD_EVERY: Duration = Duration::from_secs(3600);

/// Bytes of what is said of a control in a record.
const MAX_DETAIL: usize = 512;

/// The self-test's part of an instance.
pub(super) struct SelfTest {
    /// None where configuration switched it off.
    canaries: Option<Arc<Canaries>>,
    last: ArcSwapOption<Report>,
    /// One run at a time; what was last recorded, and how many runs agreed with it since.
    recorded: Mutex<Option<(Report, u64)>>,
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
        Ok(Self { canaries, last: ArcSwapOption::empty(), recorded: Mutex::default() })
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

/// One run.
pub(super) async fn test(house: &Arc<House>, asked: Asked) -> anyhow::Result<()> {
    let Some(canaries) = &house.selftest.canaries else {
        anyhow::bail!("the self-test is switched off; write [selftest] enabled = true and restart");
    };
    let core = house.main()?;
    let canary = TenantId::new(SELF_TEST)?;
    let mut recorded = house.selftest.recorded.lock().await;
    let controls = core.settings.load().controls.clone();
    let publish = || -> std::pin::Pin<Box<dyn Future<Output = _> + Send + '_>> {
        Box::pin(async { house.publish(Some(&canary)).await.map(|_| ()) })
    };
    let report = canaries.run(&house.gate, &controls, &core.log, &publish).await;
    // A gate that is stopping refuses canaries as it refuses all.
    anyhow::ensure!(!house.gate.is_draining(), "the gate is stopping");
    say(&report, recorded.as_ref().map(|(before, _)| before));
    house.selftest.last.store(Some(Arc::new(report.clone())));
    let agreed = match recorded.take() {
        Some((before, runs)) if asked == Asked::BySchedule && is_known(&before, &report) => {
            *recorded = Some((before, runs + 1));
            return Ok(());
        }
        Some((_, runs)) => runs,
        None => 0,
    };
    core.record(&record(&core, &report, agreed, asked)).await?;
    *recorded = Some((report, 0));
    Ok(())
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
