//! `/mcp`: what all servers of a session say by themselves, in one stream: news of resources that the
//! agent subscribed to, of lists that have changed, and what a server asks of the agent.
//!
//! One server's end or failure ends its own part. Nothing has an id here, so a stream that broke off is
//! not taken up again but begun anew.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use model::{Effect, Kind, Status};
use tokio::sync::mpsc;

use super::all::{Boxed, Hall, all, is_fatal};
use super::events::{Event, Events};
use super::link::{self, Reply, ReplyBody};
use super::serve::{Call, Ready, Talk};
use super::stream::{Expect, Taken, broken_off, head};
use crate::answer::{AnswerBody, Broken, Driven};
use crate::refusal::Refusal;

/// Servers that one stream listens to; further ones of the session are not heard here.
pub(super) const MAX_SERVERS: usize = 64;

/// How long a server may take to begin; one that takes longer is left out.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What the servers of a session say by themselves.
pub(super) struct News {
    talks: Vec<Talk>,
    /// In the same order; nothing once one has ended.
    sources: Vec<Option<Box<Events>>>,
}

impl Call {
    /// Listens to every server of the session that says anything by itself.
    pub(super) async fn listen_all(&mut self, hall: &Hall) -> Result<Ready, Refusal> {
        self.base.action.record().kind = Kind::MCP_LISTEN;
        self.enforce()?;
        self.base
            .action
            .decide(Effect::Permit, "what the servers of the session say by themselves");
        let servers = self.permitted(hall).into_iter();
        let servers = servers.filter(|server| !server.needs_person || hall.who.person.is_some());
        let talks = servers.filter_map(|server| self.at(hall, server.name.as_str()).ok());
        let talks: Vec<Talk> = talks.filter(|_| hall.session.is_some()).take(MAX_SERVERS).collect();
        let begun = talks.iter().map(|talk| {
            let (worker, server) = (self.worker.clone(), talk.server.clone());
            let along = talk.along.clone();
            let listening = async move { link::listen(&worker, &server, &along, None).await };
            Box::pin(async { tokio::time::timeout(PATIENCE, listening).await.ok()?.ok() })
                as Boxed<Option<Reply>>
        });
        let begun = all(begun.collect()).await;
        let heard = talks.into_iter().zip(begun).filter_map(|(talk, reply)| match reply?.body {
            ReplyBody::Many(events) => Some((talk, Some(events))),
            _ => None,
        });
        let (talks, sources): (Vec<_>, Vec<_>) = heard.unzip();
        self.base.action.note("servers", talks.len().to_string());
        if talks.is_empty() {
            return Ok(Ready::accepted(StatusCode::METHOD_NOT_ALLOWED));
        }
        Ok(Ready::News(Box::new(News { talks, sources })))
    }
}

impl News {
    /// The answer's head, and a body that drives the rest.
    pub(super) fn answer(self: Box<Self>, mut call: Call) -> Response<AnswerBody> {
        let mut response = head(&mut call);
        *response.body_mut() =
            AnswerBody::Driven(Box::new(Driven::new(|pieces| self.run(call, pieces))));
        response
    }

    async fn run(
        mut self: Box<Self>,
        mut call: Call,
        pieces: mpsc::Sender<Bytes>,
    ) -> Result<(), Broken> {
        call.base.action.announce().await.map_err(|_| Broken)?;
        let worker = call.worker.clone();
        let contained = self.talks.iter().map(|talk| Box::pin(talk.until_contained(&worker)));
        let mut contained: Vec<_> = contained.collect();
        let ended = tokio::select! {
            biased;
            (_, contained) = first(&mut contained) => Err(Refusal::Contained(contained)),
            ended = pass(&self.talks, &mut self.sources, &mut call, &pieces) => ended,
        };
        let status = match ended {
            Ok(()) => Status::Ok,
            Err(refusal) => broken_off(&mut call, None, &refusal).1,
        };
        call.base.action.finish(status).await.map(drop).map_err(|_| Broken)
    }
}

/// Passes on what each server says, until all have ended.
async fn pass(
    talks: &[Talk],
    sources: &mut [Option<Box<Events>>],
    call: &mut Call,
    pieces: &mpsc::Sender<Bytes>,
) -> Result<(), Refusal> {
    let mut turn = 0;
    while sources.iter().any(Option::is_some) {
        let waiting = std::time::Instant::now();
        let (at, said) = next_of(sources, turn).await;
        call.base.action.upstream += waiting.elapsed();
        // Whoever has just spoken is asked last.
        turn = at + 1;
        let Some(talk) = talks.get(at) else { break };
        let taken = match said {
            Ok(Some(event)) => {
                call.take(talk, &Expect::default(), Event { id: None, ..event }).await
            }
            Ok(None) => Err(Refusal::ServerGarbage("it has ended its stream")),
            Err(refusal) => Err(refusal),
        };
        match taken {
            Ok(Taken::Aside(event)) if !event.data.is_empty() => {
                let bytes = event.write();
                call.base.action.answer_bytes(&bytes);
                let _ = pieces.send(bytes).await;
            }
            Ok(_) => {}
            Err(refusal) if is_fatal(&refusal) => return Err(refusal),
            Err(refusal) => {
                tracing::debug!(server = %talk.server.name, why = refusal.message(), "a server is listened to no longer");
                if let Some(source) = sources.get_mut(at) {
                    *source = None;
                }
            }
        }
    }
    Ok(())
}

/// The next thing that any of them says, the one whose turn it is before others.
async fn next_of(
    sources: &mut [Option<Box<Events>>],
    turn: usize,
) -> (usize, Result<Option<Event>, Refusal>) {
    let open = sources.iter_mut().enumerate();
    let mut open: Vec<_> = open
        .filter_map(|(at, events)| {
            let next = events.as_mut()?.next();
            Some(Box::pin(async move { (at, next.await) }))
        })
        .collect();
    let from = open.len().min(turn);
    open.rotate_left(from);
    first(&mut open).await.1
}

/// The first that is done, with its place.
pub(super) async fn first<F: Future>(futures: &mut [Pin<Box<F>>]) -> (usize, F::Output) {
    std::future::poll_fn(|cx| {
        for (at, future) in futures.iter_mut().enumerate() {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready((at, value));
            }
        }
        Poll::Pending
    })
    .await
}
