//! What the agents' sessions have seen, shared by their model calls and their tool calls.
//!
//! A session is a tenant, an agent, the person whom it acts for, and a task. What is heard of it is kept in memory only, up to a
//! bound; a session that had to go is taken for the worst when it comes back. Of sessions before a restart the
//! records still tell which labels they had.

mod lost;
mod overheard;
mod table;

use std::sync::{Arc, Mutex, PoisonError};

pub use flow::Labels;
use flow::Session;
use model::{AgentName, SessionId, TenantId, UserName};

pub(crate) use overheard::overhear;
pub use table::{MAX_SESSION_BYTES, MAX_SESSIONS};

use crate::identify::Caller;
use table::Table;

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Task {
    tenant: TenantId,
    agent: AgentName,
    /// For whom, as the record calls them: what one person said is no other's word.
    person: Option<UserName>,
    /// Nothing for what an agent does outside of any session.
    session: Option<SessionId>,
}

impl Task {
    pub(crate) fn of(caller: &Caller, session: Option<&SessionId>) -> Self {
        Self {
            tenant: caller.tenant.id.clone(),
            agent: caller.agent.name.clone(),
            person: caller.shown.clone(),
            session: session.cloned(),
        }
    }

    /// Its name, where it has one.
    pub(crate) fn session(&self) -> Option<&str> {
        self.session.as_ref().map(SessionId::as_str)
    }
}

/// A session as it was before the gate began.
#[derive(Clone, Debug)]
pub struct Before {
    pub agent: AgentName,
    pub person: Option<UserName>,
    pub session: Option<SessionId>,
    pub labels: Labels,
}

/// All sessions of one tenant.
#[derive(Default)]
pub struct Sessions {
    /// Held for look-ups only, never while a session hears something.
    table: Mutex<Table>,
}

impl Sessions {
    /// Works on a session, which begins here if nobody knows it.
    pub(crate) fn with<T>(&self, task: &Task, work: impl FnOnce(&mut Session) -> T) -> T {
        let session = self.lock().enter(task);
        self.work(task, &session, work)
    }

    /// As [`Sessions::with`] where the session began earlier: unknown, it is one that was lost, with
    /// whatever it had seen.
    pub(crate) fn resume<T>(&self, task: &Task, work: impl FnOnce(&mut Session) -> T) -> T {
        let session = self.lock().resume(task);
        self.work(task, &session, work)
    }

    fn work<T>(
        &self,
        task: &Task,
        session: &Arc<Mutex<Session>>,
        work: impl FnOnce(&mut Session) -> T,
    ) -> T {
        let (done, bytes) = {
            let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
            let done = work(&mut session);
            (done, session.bytes())
        };
        self.lock().leave(task, session, bytes);
        done
    }

    /// A person takes the labels of a session away; what they were.
    pub fn clear(
        &self,
        tenant: &TenantId,
        agent: &AgentName,
        person: Option<&UserName>,
        session: Option<&SessionId>,
    ) -> Option<Labels> {
        let task = Task {
            tenant: tenant.clone(),
            agent: agent.clone(),
            person: person.cloned(),
            session: session.cloned(),
        };
        let session = self.lock().find(&task)?;
        let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
        let labels = session.labels().clone();
        session.clear();
        Some(labels)
    }

    /// Until [`Sessions::remember`], an unknown session is taken for the worst.
    pub fn darken(&self) {
        self.lock().darken();
    }

    /// The sessions with labels that there were before the gate began.
    pub fn remember(&self, tenant: &TenantId, before: impl IntoIterator<Item = Before>) {
        let before = before.into_iter().map(|one| {
            let Before { agent, person, session, labels } = one;
            (Task { tenant: tenant.clone(), agent, person, session }, labels)
        });
        self.lock().remember(before);
    }

    /// How many there are, and about how many bytes they take.
    pub fn size(&self) -> (usize, usize) {
        self.lock().size()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
