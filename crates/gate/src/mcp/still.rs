//! Streams outlast what they began with: whether whoever listens still may.

use std::future::pending;

use model::{Effect, Subject};
use policy::{Action, Resource};

use super::all::Boxed;
use super::serve::{Call, Talk};
use crate::refusal::Refusal;
use crate::snapshot::Contained;
use crate::worker::Worker;

/// When it was last asked whether an agent may hear a server: by which snapshot, and in which minute, since
/// policies see the time by the minute. Until one of them is another the answer is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Leave(Option<(u64, i64)>);

/// Ends when the kill switch hits the agent or one of the servers of a stream, or when what opened it is taken
/// no more. All talks are of one agent.
pub(super) fn until_over<'t>(
    worker: &Worker,
    talks: impl IntoIterator<Item = &'t Talk>,
) -> Boxed<Contained> {
    let talks: Vec<&Talk> = talks.into_iter().collect();
    let place = |talk: &&Talk| Subject::Server(talk.server.name.clone());
    let places = talks.iter().map(place).collect();
    match talks.first() {
        Some(talk) => Box::pin(worker.gate.until_over(&talk.who, places)),
        None => Box::pin(pending()),
    }
}

impl Call {
    /// Whether an agent may hear a server as things stand now. `method` is how it asked to.
    pub(super) fn check_hears(
        &self,
        talk: &mut Talk,
        leave: &mut Leave,
        method: &str,
    ) -> Result<(), Refusal> {
        let gate = &self.worker.gate;
        let snapshot = gate.snapshot();
        let now = Leave(Some((snapshot.revision, gate.now().seconds().div_euclid(60))));
        if *leave == now {
            return Ok(());
        }
        let is_there = talk.who.renew(&snapshot);
        let server = Resource::Server(&talk.server.name);
        let may = || match self.if_used(&talk.who, Action::UseServer, server, method).effect {
            Effect::Permit | Effect::Redact => true,
            // What people have approved when it began is asked of nobody again.
            Effect::Hold => self.base.action.has_noted("approved_by"),
            Effect::Deny => false,
        };
        if !is_there || !may() {
            return Err(Refusal::AskDenied("the agent may not use this server any more".into()));
        }
        *leave = now;
        Ok(())
    }
}
