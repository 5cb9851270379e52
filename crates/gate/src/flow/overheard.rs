//! What the body of a model call tells of its session: the user's words, and what tools, documents
//! and pages gave back.

use flow::{Session, Source};
use inspect::Origin;

use crate::llm::parts::Part;

/// Hears a request of a model API, whose history comes again with each call: what was heard before
/// is not heard twice.
pub(crate) fn overhear(session: &mut Session, body: &[u8], parts: &[Part]) {
    for part in parts {
        let text = part.text(body);
        let Ok(text) = std::str::from_utf8(&text.text) else { continue };
        let source = match part.origin {
            _ if part.is_description => continue,
            Origin::User => {
                session.hear_user(text);
                continue;
            }
            Origin::Model => continue,
            Origin::Tool => "a tool's answer in the conversation",
            Origin::File => "a document in the conversation",
            Origin::Web => "a page in the conversation",
        };
        session.learn_echo(&Source::unknown(source), text);
    }
}
