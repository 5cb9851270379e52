//! Serving one sink: read, deliver, remember; on failure wait, and try the same again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{Record, Status, Timestamp};
use store::{Entry, Filter};

use super::sink::{Item, Sink};
use super::state::State;
use crate::up::core::{Core, LOG, now};

/// Bytes of one delivery, as they stand in the log.
const BATCH_BYTES: usize = 4 << 20;
/// How long a record waits for company: each delivery costs the sink a request, and us a commit.
const LINGER: Duration = Duration::from_millis(500);
/// The longest that a sink may take for one delivery.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first wait after a failure; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A record that waits longer is worth a warning.
const LATE: Duration = Duration::from_secs(60);

/// Runs until it is aborted, or the log is closed.
pub(super) async fn run(core: Arc<Core>, state: Arc<State>, filter: Filter, sink: Sink) {
    let name = state.name.clone();
    let task = Task {
        next: state.position(),
        reader: Some(core.log.reader()),
        core,
        state,
        filter,
        sink,
        unsettled: VecDeque::new(),
        wait: FIRST_WAIT,
        is_late: false,
    };
    if let Err(error) = task.serve().await {
        tracing::error!(
            export = name,
            "the export has ended, and goes on at the next start: {error:#}"
        );
    }
}

struct Task {
    core: Arc<Core>,
    state: Arc<State>,
    filter: Filter,
    sink: Sink,
    /// Away while a thread reads with it.
    reader: Option<ledger::LogReader>,
    /// The record that is read next.
    next: u64,
    /// What was delivered to a sink that acknowledges by staying connected, and when.
    unsettled: VecDeque<(u64, Instant)>,
    wait: Duration,
    is_late: bool,
}

impl Task {
    async fn serve(mut self) -> anyhow::Result<()> {
        let mut durable = self.core.log.durable();
        loop {
            if self.core.log.size() <= self.next {
                tokio::select! {
                    grown = durable.changed() => if grown.is_err() { return Ok(()) },
                    () = tokio::time::sleep(LINGER), if !self.unsettled.is_empty() => {}
                }
                self.settle().await?;
                continue;
            }
            if self.core.log.size() - self.next < self.sink.batch() as u64 {
                tokio::time::sleep(LINGER).await;
            }
            let (end, items) = self.read().await?;
            self.watch(items.first().map(|item| item.record.time));
            let count = items.len() as u64;
            if let Err(why) = self.deliver(&items).await {
                self.back_off(&format!("{why:#}")).await;
                continue;
            }
            self.next = end;
            self.acknowledge(count).await?;
        }
    }

    /// The next records, up to the bounds of a delivery; and the position behind them. What the sink
    /// does not want is passed over, and so is what only says that an action began.
    async fn read(&mut self) -> anyhow::Result<(u64, Vec<Item>)> {
        let mut reader = self.reader.take().unwrap_or_else(|| self.core.log.reader());
        let (from, most) = (self.next, self.sink.batch());
        let read = tokio::task::spawn_blocking(move || {
            let records = reader.read(from, most);
            (reader, records)
        });
        let (reader, records) = read.await?;
        self.reader = Some(reader);
        let (mut end, mut bytes, mut items) = (from, 0, Vec::new());
        for text in records? {
            bytes += text.len();
            if bytes > BATCH_BYTES && end > from {
                break;
            }
            let record = Record::decode(&text)?;
            let is_wanted =
                record.status != Status::Begun && self.filter.matches(&Entry::of(end, &record));
            if is_wanted {
                items.push(Item { position: end, record, text });
            }
            end += 1;
        }
        Ok((end, items))
    }

    async fn deliver(&mut self, items: &[Item]) -> anyhow::Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        match tokio::time::timeout(PATIENCE, self.sink.deliver(items)).await {
            Ok(done) => done,
            Err(_) => anyhow::bail!("it did not take {} records in {PATIENCE:?}", items.len()),
        }
    }

    /// What was not settled is sent again.
    async fn back_off(&mut self, why: &str) {
        self.sink.reset();
        if self.state.failed(why, now()) {
            tracing::warn!(
                export = self.state.name,
                "a sink takes no records; they wait in the log: {why}"
            );
        }
        self.unsettled.clear();
        self.next = self.state.position();
        tokio::time::sleep(self.wait).await;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
    }

    async fn acknowledge(&mut self, count: u64) -> anyhow::Result<()> {
        self.wait = FIRST_WAIT;
        self.unsettled.push_back((self.next, Instant::now()));
        if let Some(since) = self.state.delivered(self.state.position(), count) {
            tracing::info!(export = self.state.name, failing_since = %since, "the sink takes records again");
        }
        self.settle().await
    }

    /// Remembers what the sink has for certain.
    async fn settle(&mut self) -> anyhow::Result<()> {
        let settles = self.sink.settles_after();
        let mut settled = None;
        while let Some((position, _)) =
            self.unsettled.pop_front_if(|(_, at)| at.elapsed() >= settles)
        {
            settled = Some(position);
        }
        let Some(position) = settled else { return Ok(()) };
        self.core
            .house
            .store
            .save_export(&self.core.tenant, LOG, &self.state.name, position)
            .await?;
        self.state.delivered(position, 0);
        Ok(())
    }

    fn watch(&mut self, oldest: Option<Timestamp>) {
        self.state.waits_since(oldest);
        let is_late = oldest.is_some_and(|oldest| now().since(oldest) > LATE);
        if is_late && !self.is_late {
            let behind = self.core.log.size() - self.next;
            tracing::warn!(
                export = self.state.name,
                behind,
                "a sink is more than {LATE:?} behind the log"
            );
        }
        self.is_late = is_late;
    }
}
