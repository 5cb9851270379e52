//! Which calls of tools the models of a session asked for.

use std::collections::VecDeque;

/// Calls that one session remembers; the oldest goes first.
pub const MAX_ASKED: usize = 256;

/// Bytes of a name that is compared.
const MAX_NAME: usize = 256;

/// A digest of a call's arguments in canonical form.
pub type Arguments = [u8; 32];

/// Who asked for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedBy {
    /// The answer of a model, by the id of its record.
    Model(String),
    /// Models have answered in this session, and none of them asked for this.
    Nobody,
    /// No model has answered here, or what one answered could not be followed.
    Unknown,
}

#[derive(Default)]
pub(crate) struct Asked {
    calls: VecDeque<Call>,
    has_answers: bool,
    is_unsure: bool,
}

struct Call {
    name: String,
    arguments: Arguments,
    record: String,
}

impl Asked {
    /// A model has answered; nothing where its answer could not be followed.
    pub(crate) fn answered(&mut self, is_followed: bool) {
        self.has_answers = true;
        self.is_unsure |= !is_followed;
    }

    pub(crate) fn has_answers(&self) -> bool {
        self.has_answers || !self.calls.is_empty()
    }

    pub(crate) fn add(&mut self, name: &str, arguments: Arguments, record: &str) {
        if name.len() > MAX_NAME {
            self.is_unsure = true;
            return;
        }
        if self.calls.len() == MAX_ASKED {
            self.calls.pop_front();
        }
        self.calls.push_back(Call { name: plain(name), arguments, record: record.to_owned() });
    }

    /// Who asked for a call of a tool; of several the last.
    pub(crate) fn by(&self, tool: &str, arguments: &Arguments) -> AskedBy {
        let tool = plain(tool);
        let is_it = |call: &&Call| call.arguments == *arguments && is_named(&call.name, &tool);
        match self.calls.iter().rev().find(is_it) {
            Some(call) => AskedBy::Model(call.record.clone()),
            None if self.has_answers && !self.is_unsure => AskedBy::Nobody,
            None => AskedBy::Unknown,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        let names = self.calls.iter().map(|call| call.name.len() + call.record.len());
        self.calls.capacity() * size_of::<Call>() + names.sum::<usize>()
    }
}

/// Programs spell tools as the APIs of models want them, and often with the server's name before.
fn plain(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

fn is_named(given: &str, tool: &str) -> bool {
    let before = given.strip_suffix(tool);
    before.is_some_and(|before| before.is_empty() || before.ends_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Arguments = [1; 32];
    const B: Arguments = [2; 32];

    fn told() -> Asked {
        let mut asked = Asked::default();
        asked.answered(true);
        asked.add("files__read/file", A, "act_1");
        asked
    }

    #[test]
    fn a_call_is_the_models_by_its_name_and_its_arguments() {
        let asked = told();
        for name in ["read_file", "read.file", "files__read_file"] {
            assert_eq!(asked.by(name, &A), AskedBy::Model("act_1".into()), "{name}");
        }
        assert_eq!(asked.by("read_file", &B), AskedBy::Nobody);
        assert_eq!(asked.by("write_file", &A), AskedBy::Nobody);
        // A name that only ends alike is another's.
        assert_eq!(asked.by("ead_file", &A), AskedBy::Nobody);
    }

    #[test]
    fn what_could_not_be_followed_accuses_nobody() {
        assert_eq!(Asked::default().by("read", &A), AskedBy::Unknown);
        let mut asked = told();
        asked.answered(false);
        assert_eq!(asked.by("other", &A), AskedBy::Unknown);
        let mut asked = told();
        asked.add(&"x".repeat(MAX_NAME + 1), A, "act_2");
        assert_eq!(asked.by("other", &A), AskedBy::Unknown);
    }

    #[test]
    fn the_oldest_goes_first() {
        let mut asked = told();
        (0..MAX_ASKED).for_each(|n| asked.add(&format!("t{n}"), B, "act_2"));
        assert_eq!(asked.by("read_file", &A), AskedBy::Nobody);
        assert!(asked.bytes() < 128 * 1024, "{}", asked.bytes());
    }
}
