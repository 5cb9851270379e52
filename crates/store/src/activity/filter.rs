//! What to search for.

use model::{AgentName, Effect, Kind, RecordId, SessionId, Status, Timestamp, UserName};

use super::Field;

/// What to search for; what is `None` does not narrow. [`Filter::clauses`] reach every field; the
/// members before them are short for the fields that are asked for most.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub id: Option<RecordId>,
    pub agent: Option<AgentName>,
    pub person: Option<UserName>,
    pub kind: Option<Kind>,
    pub effect: Option<Effect>,
    pub status: Option<Status>,
    pub provider: Option<String>,
    /// The whole name, such as `openai/gpt-4o`.
    pub resource: Option<String>,
    pub session: Option<SessionId>,
    /// A kind such as `secret.github_token`, or a family such as `secret`.
    pub finding: Option<String>,
    /// The first moment in the range.
    pub since: Option<Timestamp>,
    /// The first moment after the range.
    pub until: Option<Timestamp>,
    /// All of them must hold.
    pub clauses: Vec<Clause>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Whether it must not hold.
    pub is_negated: bool,
    pub test: Test,
}

/// What a condition asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// The field has one of these values. Of a term, `*` at the end stands for anything.
    Is(Field, Vec<String>),
    /// The field's number, in the units of the index, is from the first to the last.
    Between(Field, u64, u64),
    /// All of these words stand in the reason, the resource or the detail. `*` at the end of one
    /// stands for anything.
    Words(Vec<String>),
}

impl Clause {
    /// That the field has this value.
    pub fn is(field: Field, value: impl Into<String>) -> Self {
        Self { is_negated: false, test: Test::Is(field, vec![value.into()]) }
    }
}

impl Filter {
    /// All conditions, however they were given. The most selective by experience come first.
    pub(crate) fn all_clauses(&self) -> Vec<Clause> {
        let finding = self.finding.as_ref().map(|kind| {
            let field = if kind.contains('.') { Field::Finding } else { Field::Family };
            (field, kind.clone())
        });
        let short = [
            self.id.map(|id| (Field::Id, id.to_string())),
            self.session.as_ref().map(|name| (Field::Session, name.to_string())),
            finding,
            self.person.as_ref().map(|name| (Field::User, name.to_string())),
            self.agent.as_ref().map(|name| (Field::Agent, name.to_string())),
            self.resource.as_ref().map(|name| (Field::Resource, name.clone())),
            self.status.map(|status| (Field::Status, status.as_str().to_owned())),
            self.effect.map(|effect| (Field::Effect, effect.as_str().to_owned())),
            self.provider.as_ref().map(|name| (Field::Provider, name.clone())),
            self.kind.as_ref().map(|kind| (Field::Kind, kind.as_str().to_owned())),
        ];
        let short = short.into_iter().flatten().map(|(field, value)| Clause::is(field, value));
        short.chain(self.clauses.iter().cloned()).collect()
    }
}
