//! The session that a model call belongs to, and what is heard of it there.

use inspect::Origin;
use model::{Digest, SessionId, clip};

use super::parts::Part;
use super::serve::Call;
use crate::flow::{Task, overhear};
use crate::identify::Caller;

impl Call {
    /// Hears what the user and the tools say in a request, and notes the labels of its session. A
    /// conversation that nobody named is known by how it began, for each call brings that again.
    pub(super) fn overhear(&mut self, caller: &Caller, body: &[u8], parts: &[Part]) {
        let record = self.action.record();
        if record.session.is_none() {
            record.session = beginning(body, parts);
        }
        let task = Task::of(caller, record.session.as_ref());
        let labels = caller.tenant.books.sessions.with(&task, |session| {
            overhear(session, body, parts);
            session.labels().names()
        });
        self.action.record().labels.extend(labels.iter().map(|label| (*label).to_owned()));
        self.labels = labels;
    }
}

/// A name for the conversation that begins with these words of the user's.
fn beginning(body: &[u8], parts: &[Part]) -> Option<SessionId> {
    let own = parts.iter().take_while(|part| part.origin != Origin::Model);
    let texts: Vec<Vec<u8>> = own
        .filter(|part| part.origin == Origin::User && !part.is_description)
        .map(|part| part.text(body).text.into_owned())
        .collect();
    let spelt: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    let digest = Digest::of_parts(&spelt).to_string();
    (!texts.is_empty())
        .then(|| SessionId::new(&format!("conversation-{}", clip(&digest, 32))).ok())?
}
