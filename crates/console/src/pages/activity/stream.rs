//! The live stream, as server-sent events: rows as they come, and how many were left out.
//!
//! Each event carries the position in the log, so a browser that was away asks for what came
//! meanwhile. A stream ends after a while by itself and the browser opens it again: who may not
//! watch any more is turned away then, at the latest.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::Frame;
use model::TenantId;
use serde::Deserialize;
use store::Filter;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc};
use tokio::time::Instant;

use super::super::page;
use super::feed::{Look, SAMPLE, Shown, join};
use super::list::Ask;
use crate::extract::Params;
use crate::routes::records;
use crate::{Endpoint, Principal, Problem, Shared, names};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Read get "/activity/stream" stream, "Records as they are written, as server-sent events"),
    ]
}

/// Who may watch at once, all tenants together.
pub(crate) const MAX_VIEWERS: usize = 512;

/// How long one stream lasts.
const LASTS: Duration = Duration::from_secs(60);

/// Something is said this often, so that a connection that has broken is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Events that a slow browser may be behind.
const QUEUE: usize = 64;

/// Records of the time that a browser was away which it is sent; the others are counted.
const MISSED: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Watch {
    #[serde(default)]
    q: String,
    #[serde(default)]
    since: String,
    /// The position after which to go on, where the browser has no `Last-Event-ID` yet.
    after: Option<u64>,
}

async fn stream(
    State(app): State<Shared>,
    who: Principal,
    headers: HeaderMap,
    Params(watch): Params<Watch>,
) -> Result<Response, Problem> {
    let permit = Arc::clone(&app.pages.viewers).try_acquire_owned().map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many watch already; reload the page later",
        )
    })?;
    let Watch { q, since, after } = watch;
    let mut filter = Ask { q, since, ..Ask::default() }.filter((app.clock)())?;
    names::in_search(&app, &who, &mut filter).await?;
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let (sender, receiver) = mpsc::channel(QUEUE);
    let viewer = Viewer { app, tenant: who.tenant, filter, last: last.or(after), sender };
    tokio::spawn(viewer.watch(permit));
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    Ok((kind, Body::new(Events(receiver))).into_response())
}

struct Viewer {
    app: Shared,
    tenant: TenantId,
    filter: Filter,
    /// The last position that was shown.
    last: Option<u64>,
    sender: mpsc::Sender<Bytes>,
}

/// The browser has gone.
struct Gone;

impl Viewer {
    async fn watch(mut self, _permit: OwnedSemaphorePermit) {
        // Joined before the past is read, so that nothing falls between.
        let mut looks = join(&self.app, &self.tenant);
        let end = Instant::now() + LASTS;
        if self.begin().await.is_err() {
            return;
        }
        while Instant::now() < end {
            let done = match tokio::time::timeout(HEARTBEAT, looks.recv()).await {
                Err(_) => self.say(": still here\n\n".to_owned()).await,
                Ok(Ok(look)) => self.show(&look).await,
                // Which they were is not known any more; the page's own reload shows them.
                Ok(Err(broadcast::error::RecvError::Lagged(looks))) => {
                    self.say(left_out(looks * SAMPLE as u64)).await
                }
                Ok(Err(broadcast::error::RecvError::Closed)) => return,
            };
            if done.is_err() {
                return;
            }
        }
    }

    async fn say(&self, text: String) -> Result<(), Gone> {
        self.sender.send(Bytes::from(text)).await.map_err(|_| Gone)
    }

    /// What came while the browser was away.
    async fn begin(&mut self) -> Result<(), Gone> {
        self.say("retry: 1000\n\n".to_owned()).await?;
        let Some(last) = self.last else { return Ok(()) };
        let page = self.app.store.search(&self.tenant, self.filter.clone(), None, MISSED).await;
        let Ok(page) = page else { return Ok(()) };
        let missed: Vec<_> = page.hits.iter().filter(|hit| hit.position > last).collect();
        for hit in missed.iter().rev() {
            if let Ok(record) = records::record(&self.app, &self.tenant, hit).await {
                self.last = Some(hit.position);
                self.say(Shown::new(hit.position, record).event().to_owned()).await?;
            }
        }
        let is_full = missed.len() == MISSED && page.next.is_some();
        if is_full { self.say(left_out(1)).await } else { Ok(()) }
    }

    /// All that one look found goes out as one piece: what a viewer costs is above all its writes.
    async fn show(&mut self, look: &Look) -> Result<(), Gone> {
        let mut text = String::new();
        for shown in &look.shown {
            let is_new = self.last.is_none_or(|last| shown.position > last);
            if is_new && shown.meets(&self.filter) {
                self.last = Some(shown.position);
                text.push_str(shown.event());
            }
        }
        if look.left_out > 0 {
            text.push_str(&left_out(look.left_out));
        }
        if text.is_empty() { Ok(()) } else { self.say(text).await }
    }
}

fn left_out(number: u64) -> String {
    format!("event: left-out\ndata: {number}\n\n")
}

/// An answer's body that is written as it goes.
struct Events(mpsc::Receiver<Bytes>);

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
