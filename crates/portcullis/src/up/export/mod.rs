//! Records on their way to other systems, as they are written.
//!
//! Each sink has a task that reads the log itself, from where the sink last acknowledged: nothing
//! stands beside the gate that could fill up, and a slow or dead sink costs nobody but itself. What
//! was acknowledged is remembered in the store, so a restart may send some records twice and skips none.

mod file;
mod http;
mod ocsf;
mod otlp;
mod sink;
mod state;
mod syslog;
mod task;
mod webhook;

use std::sync::Arc;

use anyhow::Context;
use serde_json::Value;

use super::core::{Core, LOG};
use crate::config::sections::{Begin, Export};
use sink::Sink;
pub(super) use state::State;

/// Prepares every configured sink: its state, and the task that serves it.
pub(super) async fn prepare(
    core: &Arc<Core>,
    configured: &[Export],
) -> anyhow::Result<Vec<(Arc<State>, impl Future<Output = ()> + Send + use<>)>> {
    let mut prepared = Vec::new();
    for export in configured {
        let what = || format!("export \"{}\"", export.name.0);
        let filter = export.filter().with_context(what)?;
        let sink = Sink::new(export, &core.instance_name()).with_context(what)?;
        let from = begin(core, export).await?;
        let state = Arc::new(State::new(export.name.0.clone(), export.kind.as_str(), from));
        prepared.push((state.clone(), task::run(core.clone(), state, filter, sink)));
    }
    Ok(prepared)
}

/// Where a sink goes on, or begins.
async fn begin(core: &Core, export: &Export) -> anyhow::Result<u64> {
    let size = core.log.size();
    let name = export.name.0.as_str();
    match core.house.store.export_position(&core.tenant, LOG, name).await? {
        Some(position) if position <= size => Ok(position),
        Some(position) => {
            tracing::warn!(
                export = name,
                position,
                size,
                "the log is shorter than what was exported of it; the export goes on at its end"
            );
            Ok(size)
        }
        None => {
            let from = if export.begin == Begin::Start { 0 } else { size };
            core.house.store.save_export(&core.tenant, LOG, name, from).await?;
            Ok(from)
        }
    }
}

/// How every sink is, for the admin API.
pub(super) fn status(core: &Core) -> Value {
    let size = core.log.size();
    Value::Array(core.exports().iter().map(|state| state.show(size)).collect())
}

/// The same for Prometheus.
pub(super) fn metrics(core: &Core) -> String {
    state::metrics(core.exports(), core.log.size(), super::core::now())
}
