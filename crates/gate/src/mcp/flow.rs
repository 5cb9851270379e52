//! Where the arguments of a call come from, and what its answer brings into the session.

use flow::{AskedBy, Field, Flow, Labels, Reading, Session, Source, Tool};
use model::{Classification, Confidentiality, Integrity, ToolEffect};
use serde_json::{Map, Value};

use super::call::ToolCall;
use super::method::Method;
use super::serve::{Call, SESSION_PREFIX, Talk};
use super::server::{FlowRule, Server};
use super::stream::Expect;
use crate::flow::Task;
use crate::identify::Caller;
use crate::llm::calls;

/// Bytes of the origins in a record.
const MAX_SHOWN: usize = 1024;

/// A call whose values were traced.
pub(super) struct Followed {
    source: Source,
    /// Who chose what it reads.
    reading: Reading,
    /// Those of a call that writes, which may be read again later.
    written: Option<Value>,
    pub origins: Vec<String>,
    /// Why the baseline would hold it.
    pub reason: Option<String>,
}

impl Call {
    /// Traces the arguments of a call, and notes in the record what came of that.
    pub(super) fn trace(&mut self, talk: &Talk, call: &ToolCall<'_>) {
        let rule = talk.server.flow_rule(call.tool);
        let tool = declared_tool(rule, call.class);
        let source = declared_source(talk, call.tool, rule, call.class);
        let (flow, labels, is_asked, by) = self.in_session(talk, |session| {
            let flow = Flow::of(session, &tool, call.arguments);
            let digest = session.has_answers().then(|| calls::digest(call.given)).flatten();
            let by = digest.map(|digest| session.asked_by(call.tool, &digest));
            (flow, session.labels().clone(), session.points(call.arguments), by)
        });
        self.note_labels(&labels);
        let mut origins = flow.origins();
        origins.extend(self.note_asker(by.unwrap_or(AskedBy::Unknown)));
        let origins: Vec<String> = origins.into_iter().collect();
        if !origins.is_empty() {
            self.base.action.note("origins", model::clip(&origins.join(" "), MAX_SHOWN));
        }
        self.followed = Some(Followed {
            source,
            reading: Reading { is_asked, is_steered: flow.is_steered },
            written: (call.class.effect != ToolEffect::Read).then(|| call.arguments.clone()),
            origins,
            reason: flow.reason(&labels),
        });
    }

    /// Notes which answer of a model asked for the call, and says where the call itself comes from.
    fn note_asker(&mut self, by: AskedBy) -> Option<String> {
        let (origin, record) = match by {
            AskedBy::Model(record) => ("call:model", record),
            AskedBy::Nobody => ("call:program", "no model".to_owned()),
            AskedBy::Unknown => return None,
        };
        self.base.action.note("asked_by", record);
        Some(origin.to_owned())
    }

    /// Whether all that inspection has taken out of the arguments is the user's own.
    pub(super) fn are_users_words(&mut self, talk: &Talk, given: &Value, sent: &Value) -> bool {
        let Some(taken) = taken_out(given, sent) else { return false };
        let traced = self.in_session(talk, |session| session.trace(&taken));
        !traced.is_empty() && traced.iter().all(|one| one.origin == flow::Origin::User)
    }

    /// The call goes to its server. What it writes may be read again later.
    pub(super) fn let_through(&mut self, talk: &Talk) {
        let written = self.followed.as_mut().and_then(|followed| followed.written.take());
        if let Some(arguments) = written {
            self.in_session(talk, |session| session.wrote(&arguments));
        }
    }

    /// Takes what was answered, as the agent gets it, into the session.
    pub(super) fn learn(&mut self, talk: &Talk, expect: &Expect, result: Map<String, Value>) {
        let result = Value::Object(result);
        let (source, reading) = match &self.followed {
            Some(followed) => (followed.source.clone(), followed.reading),
            None => (stranger(talk, expect), Reading::default()),
        };
        let contents = result.get("contents").or_else(|| result.get("messages"));
        let labels = self.in_session(talk, |session| {
            match contents {
                Some(contents) => session.learn(&source, reading, contents),
                None => session.learn_result(&source, reading, &result),
            }
            session.labels().clone()
        });
        self.note_labels(&labels);
    }

    /// An error, or a question of the server's: a text that it chose.
    pub(super) fn learn_text(&mut self, talk: &Talk, expect: &Expect, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        let source = stranger(talk, expect);
        let labels = self.in_session(talk, |session| {
            session.learn_text(&source, false, &text);
            session.labels().clone()
        });
        self.note_labels(&labels);
    }

    /// Begins the session that a server has just opened.
    pub(super) fn begin_session(&mut self, who: &Caller) {
        let task = self.task(who);
        who.tenant.books.sessions.with(&task, |_| ());
    }

    /// A session by the server's id began with `initialize`: one that is not known was lost.
    fn in_session<T>(&mut self, talk: &Talk, work: impl FnOnce(&mut Session) -> T) -> T {
        let task = self.task(&talk.who);
        let sessions = &talk.who.tenant.books.sessions;
        match task.session().is_some_and(|name| name.starts_with(SESSION_PREFIX)) {
            true => sessions.resume(&task, work),
            false => sessions.with(&task, work),
        }
    }

    fn task(&mut self, who: &Caller) -> Task {
        let session = self.base.action.record().session.clone();
        Task::of(who, session.as_ref())
    }

    fn note_labels(&mut self, labels: &Labels) {
        self.base.labels = labels.names();
        let named = self.base.labels.iter().map(|label| (*label).to_owned()).collect();
        self.base.action.record().labels = named;
    }
}

/// What is not as it was given, under the same names; nothing where the two are alike.
fn taken_out(given: &Value, sent: &Value) -> Option<Value> {
    match (given, sent) {
        _ if given == sent => None,
        (Value::Object(given), Value::Object(sent)) => {
            let part = |(name, value): (&String, &Value)| {
                let sent = sent.get(name).unwrap_or(&Value::Null);
                Some((name.clone(), taken_out(value, sent)?))
            };
            Some(Value::Object(given.iter().filter_map(part).collect()))
        }
        (Value::Array(given), Value::Array(sent)) if given.len() == sent.len() => {
            let parts = given.iter().zip(sent).filter_map(|(given, sent)| taken_out(given, sent));
            Some(Value::Array(parts.collect()))
        }
        _ => Some(given.clone()),
    }
}

impl Server {
    /// Whether the operator says anything of a tool.
    pub(super) fn declares(&self, tool: &str) -> bool {
        self.flow_rule(tool).is_some()
    }

    fn flow_rule(&self, tool: &str) -> Option<&FlowRule> {
        self.rules.iter().find(|rule| rule.tools.matches(tool)).map(|rule| &rule.flow)
    }
}

fn declared_tool(rule: Option<&FlowRule>, class: Classification) -> Tool {
    let Some(rule) = rule else { return Tool::unknown() };
    Tool {
        effect: match class.effect {
            ToolEffect::Read => flow::Effect::Read,
            ToolEffect::Write => flow::Effect::Write,
            ToolEffect::External => flow::Effect::External,
            ToolEffect::Destructive => flow::Effect::Destructive,
        },
        decisive: rule.decisive.clone(),
        object: rule.object.clone(),
        kind: rule.acts_on.clone(),
        guided: rule.guided.clone(),
        cleared: rule.cleared.clone(),
        links: rule.links.clone(),
    }
}

fn declared_source(
    talk: &Talk,
    tool: &str,
    rule: Option<&FlowRule>,
    class: Classification,
) -> Source {
    let fields = |paths: &[String], integrity| -> Vec<Field> {
        paths.iter().map(|path| Field { path: path.clone(), integrity }).collect()
    };
    let trusted = rule.map(|rule| fields(&rule.trusted, flow::Integrity::Trusted));
    let named = rule.map(|rule| fields(&rule.named, flow::Integrity::Named));
    Source {
        name: format!("{}/{tool}", talk.server.name),
        integrity: match class.integrity {
            Integrity::Trusted => flow::Integrity::Trusted,
            Integrity::Untrusted => flow::Integrity::Untrusted,
        },
        fields: trusted.into_iter().chain(named).flatten().collect(),
        conditions: rule.map(|rule| rule.conditions.clone()).unwrap_or_default(),
        kind: rule.and_then(|rule| rule.returns.clone()),
        confidential: class.confidentiality == Confidentiality::Confidential,
    }
}

/// A source of which nothing is known but its name.
fn stranger(talk: &Talk, expect: &Expect) -> Source {
    let server = &talk.server.name;
    let name = match (&expect.name, expect.method) {
        // What a resource is called is data.
        (Some(name), Some(Method::CallTool | Method::GetPrompt)) => format!("{server}/{name}"),
        _ => server.to_string(),
    };
    Source { confidential: true, ..Source::unknown(name) }
}
