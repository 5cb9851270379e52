//! Tells a session which calls of tools the answer of a model asks for, before the agent has it.

use std::sync::Arc;

use bytes::Bytes;
use model::RecordId;

use super::calls::{self, Calls, Lost, Wanted};
use super::serve::Call;
use crate::flow::Task;
use crate::identify::Caller;
use crate::snapshot::Tenant;

/// Who is told of an answer's calls.
pub(crate) struct Listening {
    tenant: Arc<Tenant>,
    task: Task,
    record: RecordId,
    calls: Calls,
    is_lost: bool,
}

impl Call {
    /// Begins to listen to an answer, where there are servers that it could ask for a call of, and a
    /// session that such a call could belong to.
    pub(super) fn listen(&mut self, caller: &Caller) -> Option<Listening> {
        let session = self.action.record().session.clone()?;
        (!caller.tenant.mcp.servers.is_empty()).then(|| Listening {
            tenant: caller.tenant.clone(),
            task: Task::of(caller, Some(&session)),
            record: self.action.id(),
            calls: Calls::default(),
            is_lost: false,
        })
    }
}

impl Listening {
    /// A whole answer, as the agent gets it; nothing where it cannot be read.
    pub(crate) fn whole(self, answer: Option<&[u8]>) {
        let wanted = answer.map_or(Err(Lost), calls::of_answer);
        self.answered(wanted.is_ok());
        self.tell(&wanted.unwrap_or_default());
    }

    /// An answer begins that comes in pieces.
    pub(crate) fn begin(self) -> Self {
        self.answered(true);
        self
    }

    /// The next piece, as the agent gets it.
    pub(crate) fn push(&mut self, piece: &Bytes) {
        if !self.is_lost && !piece.is_empty() {
            let wanted = self.calls.push(piece.clone());
            self.hear(wanted);
        }
    }

    /// What somebody else has followed of it.
    pub(crate) fn hear(&mut self, wanted: Result<Vec<Wanted>, Lost>) {
        if self.is_lost {
            return;
        }
        match wanted {
            Ok(wanted) => self.tell(&wanted),
            Err(Lost) => {
                self.is_lost = true;
                self.answered(false);
            }
        }
    }

    fn answered(&self, is_followed: bool) {
        let sessions = &self.tenant.books.sessions;
        sessions.with(&self.task, |session| session.model_answered(is_followed));
    }

    fn tell(&self, wanted: &[Wanted]) {
        if wanted.is_empty() {
            return;
        }
        let record = self.record.to_string();
        self.tenant.books.sessions.with(&self.task, |session| {
            for Wanted { name, arguments } in wanted {
                session.model_asked(name, *arguments, &record);
            }
        });
    }
}
