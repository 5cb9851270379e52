//! `/mcp`: what all servers of a session say by themselves, in one stream: news of resources that the
//! agent subscribed to, of lists that have changed, and what a server asks of the agent.
//!
//! One server's end or failure ends its own part. Nothing has an id here, so a stream that broke off is
//! not taken up again but begun anew.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use model::{Effect, Kind};
use tokio::sync::mpsc;

use super::all::{Boxed, Hall, all, is_fatal};
use super::events::Event;
use super::link::{self, Reply, ReplyBody};
use super::serve::{Call, Ready, Talk};
use super::still::{Leave, until_over};
use super::stream::{Expect, Taken, close, driven};
use super::voices::{Source, Voices};
use crate::answer::{AnswerBody, Broken};
use crate::refusal::Refusal;

/// Servers that one stream listens to; further ones of the session are not heard here.
pub(super) const MAX_SERVERS: usize = 64;

/// How long a server may take to begin; one that takes longer is left out.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What the servers of a session say by themselves.
pub(super) struct News {
    talks: Vec<(Talk, Leave)>,
    /// In the same order.
    voices: Voices,
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
            ReplyBody::Many(events) => Some(((talk, Leave::default()), Source::Own(events))),
            _ => None,
        });
        let (talks, sources): (Vec<_>, Vec<_>) = heard.unzip();
        self.base.action.note("servers", talks.len().to_string());
        if talks.is_empty() {
            return Ok(Ready::accepted(StatusCode::METHOD_NOT_ALLOWED));
        }
        Ok(Ready::News(Box::new(News { talks, voices: Voices::of(sources) })))
    }
}

impl News {
    /// The answer's head, and a body that drives the rest.
    pub(super) fn answer(self: Box<Self>, call: Call) -> Response<AnswerBody> {
        driven(call, |call, pieces| self.run(call, pieces))
    }

    async fn run(
        mut self: Box<Self>,
        mut call: Call,
        pieces: mpsc::Sender<Bytes>,
    ) -> Result<(), Broken> {
        call.base.action.announce().await.map_err(|_| Broken)?;
        let ended = tokio::select! {
            biased;
            contained = until_over(&call.worker, self.talks.iter().map(|(talk, _)| talk)) => Err(Refusal::Contained(contained)),
            ended = self.pass(&mut call, &pieces) => ended,
        };
        close(call, None, ended.map(|()| Bytes::new()), &pieces).await
    }

    /// Passes on what each server says, until all have ended.
    async fn pass(&mut self, call: &mut Call, pieces: &mpsc::Sender<Bytes>) -> Result<(), Refusal> {
        let Self { talks, voices } = self;
        while !voices.are_silent() {
            let waiting = std::time::Instant::now();
            let (at, said) = voices.next().await;
            call.base.action.upstream += waiting.elapsed();
            let Some((talk, leave)) = talks.get_mut(at) else { break };
            let taken = match said {
                Ok(Some(event)) => match call.check_hears(talk, leave, "tools/list") {
                    Ok(()) => {
                        let event = Event { id: None, ..event };
                        call.take(talk, &Expect::default(), event).await
                    }
                    Err(refusal) => Err(refusal),
                },
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
                    voices.set(at, None);
                }
            }
        }
        Ok(())
    }
}
