//! A held call whose client can be told to wait: by what its protocol offers.
//!
//! A client of 2026-07-28 gets a result that asks for input, and tries again with the answer; each try
//! waits for people for a while. A client with a session that can be asked is asked within the answer
//! to its call, which stays open until they have decided. Any other client gets an error.
//!
//! **What a client answers approves nothing**: it is the agent's own program. A yes says that it goes on
//! waiting, a no that it gives up; the call stays before people either way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use model::{AgentName, Effect, Kind, Status, Subject};
use policy::Verdict;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::era::{Era, META_CAPABILITIES};
use super::events::Event;
use super::message::{Id, Message};
use super::method::Method;
use super::seal::Use;
use super::serve::{Call, Ready, Talk};
use super::still::until_over;
use super::stream::{Expect, close, driven};
use crate::answer::{AnswerBody, Broken};
use crate::approvals::until_voted;
use crate::identify::Caller as Who;
use crate::refusal::{Refusal, Waiting};

/// How long a stream stays open for people to decide. After that the client gets the error.
pub const MAX_HOLD: Duration = Duration::from_secs(600);

/// How long one try of a client without a session waits: less than clients wait for an answer.
pub const MAX_ROUND: Duration = Duration::from_secs(20);

/// After so much silence a sign of life goes out, so that nothing on the way closes the stream.
const SILENCE: Duration = Duration::from_secs(15);

/// Clients of one tenant that wait with a stream open; the next gets the error.
pub const MAX_HELD_STREAMS: usize = 1024;

/// How the ids begin of what the gate itself asks.
const OWN: &str = "portcullis-held-";

/// The name of the gate's own request for input.
const INPUT: &str = "portcullis-approval";

/// A comment of an event stream.
const SIGN_OF_LIFE: &[u8] = b": waits for approval\n\n";

/// What a client hands back with its next try.
#[derive(Serialize, Deserialize)]
struct State {
    approval: String,
}

/// What a client has answered to the gate's own request for input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// It was not asked yet.
    First,
    /// For this approval.
    Waits(String),
    GivesUp,
}

/// A call that waits with its client's stream open.
pub(super) struct Held {
    expect: Expect,
    body: Bytes,
    asked: Value,
    waiting: Box<Waiting>,
}

/// Whether a client can be asked something in words: it says so, and not only for addresses.
pub(super) fn elicits(capabilities: Option<&Value>) -> bool {
    let elicitation =
        capabilities.and_then(|all| all.get("elicitation")).and_then(Value::as_object);
    elicitation.is_some_and(|modes| modes.is_empty() || modes.contains_key("form"))
}

/// The question, in words for a person before the client.
fn question(waiting: &Waiting) -> Value {
    let Waiting { reason, record, ends } = waiting;
    let message = format!(
        "This call {reason}. It waits for somebody who may approve it (`portcullis approval approve {record}`), until {ends}. Accept to go on waiting, decline to give up; neither approves it."
    );
    json!({"message": message, "requestedSchema": {"type": "object", "properties": {}}})
}

/// The answer where policies, grants or who calls are others than when the call came.
fn changed() -> Verdict {
    let reason = "The policies that held this call, or what its agent is granted, have changed while it waited: send it again, and it is decided anew.";
    Verdict {
        effect: Effect::Deny,
        policies: Vec::new(),
        reason: reason.to_owned(),
        obligations: Vec::new(),
    }
}

/// A client's word on the gate's question.
fn goes_on(answer: Option<&Value>) -> bool {
    answer.and_then(|answer| answer.get("action")).and_then(Value::as_str) == Some("accept")
}

impl Call {
    /// Takes the answer to the gate's own request for input out of a call that is tried again. What a
    /// server asked for is left as it is.
    pub(super) fn rounds(
        &self,
        talk: &Talk,
        params: &mut Map<String, Value>,
        body: &mut Bytes,
    ) -> Round {
        let state = params.get("requestState").and_then(Value::as_str);
        let agent = talk.who.agent.name.as_str();
        let opened = state
            .and_then(|state| talk.mcp.seal.open::<State>(Use::Held, agent, &talk.path, state));
        let (Some(state), Some(id)) = (opened, &self.id) else { return Round::First };
        params.remove("requestState");
        let answers = params.remove("inputResponses");
        let method = Method::CallTool.as_str().to_owned();
        let request = Message::Request { id: id.clone(), method, params: params.clone() };
        *body = request.write().into();
        let answer = answers.as_ref().and_then(|answers| answers.get(INPUT));
        if goes_on(answer) { Round::Waits(state.approval) } else { Round::GivesUp }
    }

    /// Leave to make a call of a tool; or what its client gets while people have not decided.
    pub(super) async fn leave(
        &mut self,
        talk: &Talk,
        round: Round,
        expect: &Expect,
        (asked, body): (&Value, &Bytes),
    ) -> Result<Option<Ready>, Refusal> {
        let waiting = match self.approve(talk, asked).await {
            Ok(()) => return Ok(None),
            Err(Refusal::Held(waiting)) => waiting,
            Err(refusal) => return Err(refusal),
        };
        let is_call = expect.method == Some(Method::CallTool);
        match self.era {
            _ if !is_call || round == Round::GivesUp => Err(Refusal::Held(waiting)),
            Era::Modern if self.may_ask_for_input(asked) => {
                // Who waited for one that is forgotten is told the new one first.
                let waits = round == Round::Waits(waiting.record.to_string());
                if waits && self.wait(talk, asked, &waiting, MAX_ROUND).await? {
                    return Ok(None);
                }
                self.input_required(talk, &waiting).map(Some)
            }
            Era::Legacy if talk.session.as_ref().is_some_and(|session| session.elicits) => {
                let (expect, body, asked) = (expect.clone(), body.clone(), asked.clone());
                Ok(Some(Ready::Held(Box::new(Held { expect, body, asked, waiting }))))
            }
            _ => Err(Refusal::Held(waiting)),
        }
    }

    /// A call that answers its server's own questions has no room for the gate's.
    fn may_ask_for_input(&self, asked: &Value) -> bool {
        elicits(self.envelope.get(META_CAPABILITIES))
            && asked.get("inputResponses").is_none()
            && asked.get("requestState").is_none()
    }

    /// Waits until people have approved; no where they have not in time. What is forgotten meanwhile is not
    /// put before them again: nobody would know that it is another.
    async fn wait(
        &mut self,
        talk: &Talk,
        asked: &Value,
        waiting: &Waiting,
        most: Duration,
    ) -> Result<bool, Refusal> {
        let Some(approvals) = &talk.who.tenant.approvals else {
            return Err(Refusal::ApprovalsDown);
        };
        let mut votes = approvals.votes.clone();
        let gate = self.worker.gate.clone();
        let until = Instant::now() + most;
        let mut over = until_over(&self.worker, [talk]);
        loop {
            // A vote between the look and the wait is not missed: it was marked before the look.
            votes.mark_unchanged();
            self.check_still(talk, asked)?;
            let left = waiting.ends.since(gate.now());
            if left.is_zero() {
                return Err(Refusal::Unanswered(Box::new(waiting.clone())));
            }
            match self.approve(talk, asked).await {
                Ok(()) => return Ok(true),
                Err(Refusal::Held(_)) => {}
                Err(refusal) => return Err(refusal),
            }
            tokio::select! {
                () = until_voted(&mut votes) => {}
                () = tokio::time::sleep_until(until) => return Ok(false),
                () = tokio::time::sleep(left) => {}
                contained = &mut over => return Err(Refusal::Contained(contained)),
            }
        }
    }

    /// What was approved is made as what was decided on: not with a key that was taken away meanwhile, nor
    /// past policies, grants or a description of its tool that nobody held it against.
    fn check_still(&self, talk: &Talk, asked: &Value) -> Result<(), Refusal> {
        let gate = &self.worker.gate;
        let snapshot = gate.snapshot();
        let (server, tool) = (&talk.server.name, asked.get("name").and_then(Value::as_str));
        let place = Subject::Server(server.clone());
        snapshot.goes_on(&talk.who, &[place], gate.now()).map_err(Refusal::Contained)?;
        let known = tool.and_then(|tool| talk.mcp.pins.find(server, tool));
        if let Some(why) = known.and_then(|known| known.pin.held_because()) {
            return Err(Refusal::PinHeld("tool", why));
        }
        match talk.who.is_decided_alike(&snapshot) {
            true => Ok(()),
            false => Err(Refusal::Denied(Arc::new(changed()))),
        }
    }

    fn input_required(&mut self, talk: &Talk, waiting: &Waiting) -> Result<Ready, Refusal> {
        let state = State { approval: waiting.record.to_string() };
        let agent = talk.who.agent.name.as_str();
        let sealed = talk.mcp.seal.seal(Use::Held, agent, &talk.path, &state);
        let sealed = sealed.ok_or(Refusal::VaultDown)?;
        let asks = json!({"method": "elicitation/create", "params": question(waiting)});
        let result = json!({
            "resultType": "input_required",
            "inputRequests": {INPUT: asks},
            "requestState": sealed,
        });
        let id = self.id.clone().ok_or(Refusal::ApprovalsDown)?;
        let result = result.as_object().cloned().unwrap_or_default();
        self.base.action.note("waits", "input_required");
        let body = Message::Result { id, result }.write().into();
        Ok(Ready::Whole { status: StatusCode::OK, body, session: None, outcome: Status::Refused })
    }

    /// An answer to what the gate itself has asked; nothing where somebody else asked.
    pub(super) fn answers_gate(
        &mut self,
        who: &Who,
        id: Option<&Id>,
        result: Option<&Map<String, Value>>,
    ) -> Option<Ready> {
        let Some(Id::Text(id)) = id else { return None };
        if !id.starts_with(OWN) {
            return None;
        }
        self.base.action.record().kind = Kind::MCP_MESSAGE;
        self.base.action.note("method", "answer");
        self.base.action.decide(Effect::Permit, "an answer to what the gate asked");
        let answer = result.map(|result| Value::Object(result.clone()));
        if !goes_on(answer.as_ref()) {
            who.tenant.books.held.give_up(&who.agent.name, id);
        }
        Some(Ready::accepted(StatusCode::ACCEPTED))
    }
}

impl Held {
    /// The answer's head, and a body that waits.
    pub(super) fn answer(self: Box<Self>, mut call: Call, talk: Talk) -> Response<AnswerBody> {
        call.base.action.note("waits", "elicitation");
        driven(call, |call, pieces| self.run(call, talk, pieces))
    }

    async fn run(
        self: Box<Self>,
        mut call: Call,
        mut talk: Talk,
        pieces: mpsc::Sender<Bytes>,
    ) -> Result<(), Broken> {
        call.base.action.announce().await.map_err(|_| Broken)?;
        let id = self.expect.id.clone();
        let last = self.ended(&mut call, &mut talk, &pieces).await;
        close(call, id.as_ref(), last, &pieces).await
    }

    /// The last event: the answer to the call, once it was approved and made.
    async fn ended(
        self: Box<Self>,
        call: &mut Call,
        talk: &mut Talk,
        pieces: &mpsc::Sender<Bytes>,
    ) -> Result<Bytes, Refusal> {
        let Self { expect, body, asked, waiting } = *self;
        if !decided(call, talk, (&asked, &waiting), pieces).await? {
            return Err(Refusal::Held(waiting));
        }
        call.count_repeats(talk, &asked)?;
        call.let_through(talk);
        let worker = call.worker.clone();
        match call.forward(talk, expect, body).await? {
            Ready::Whole { body, .. } => Ok(Event { data: body, ..Event::default() }.write()),
            Ready::Events(events) => Ok(events),
            Ready::Streamed(mut stream) => {
                let passed = tokio::select! {
                    biased;
                    contained = talk.until_contained(&worker) => return Err(Refusal::Contained(contained)),
                    passed = stream.pass(call, talk, pieces) => passed?,
                };
                Ok(passed.map(|event| event.write()).unwrap_or_default())
            }
            Ready::Held(held) => Err(Refusal::Held(held.waiting)),
            Ready::News(_) | Ready::Listening(_) => {
                Err(Refusal::ServerGarbage("it is no answer to what was asked"))
            }
        }
    }
}

/// Asks the client to wait, and waits; no where it gives up or nobody decides in time.
async fn decided(
    call: &mut Call,
    talk: &Talk,
    (asked, waiting): (&Value, &Waiting),
    pieces: &mpsc::Sender<Bytes>,
) -> Result<bool, Refusal> {
    let id = format!("{OWN}{}", call.base.action.id());
    let place = talk.who.tenant.books.held.enter(&talk.who.agent.name, &id);
    let Some(place) = place else { return Ok(false) };
    let params = question(waiting).as_object().cloned().unwrap_or_default();
    let method = "elicitation/create".to_owned();
    let ask = Message::Request { id: Id::Text(id), method, params };
    let ask = Event { data: ask.write().into(), ..Event::default() }.write();
    call.base.action.answer_bytes(&ask);
    let _ = pieces.send(ask).await;
    let signs = async {
        loop {
            tokio::time::sleep(SILENCE).await;
            let _ = pieces.send(Bytes::from_static(SIGN_OF_LIFE)).await;
        }
    };
    tokio::select! {
        decided = call.wait(talk, asked, waiting, MAX_HOLD) => decided,
        () = place.given_up.notified() => Ok(false),
        () = signs => Ok(false),
    }
}

type Key = (AgentName, String);

/// The clients of one tenant that wait with a stream open.
#[derive(Default)]
pub struct HeldStreams(Mutex<HashMap<Key, Arc<Notify>>>);

/// A place among them, until it is dropped.
struct Place<'a> {
    all: &'a HeldStreams,
    key: Key,
    given_up: Arc<Notify>,
}

impl HeldStreams {
    fn enter(&self, agent: &AgentName, id: &str) -> Option<Place<'_>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_HELD_STREAMS {
            return None;
        }
        let (key, given_up) = ((agent.clone(), id.to_owned()), Arc::new(Notify::new()));
        all.insert(key.clone(), given_up.clone());
        Some(Place { all: self, key, given_up })
    }

    /// Only the agent whose call it is can give it up.
    fn give_up(&self, agent: &AgentName, id: &str) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(given_up) = all.get(&(agent.clone(), id.to_owned())) {
            given_up.notify_one();
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clients_that_take_questions_in_words_are_asked() {
        let asks = |capabilities: Value| elicits(Some(&capabilities));
        assert!(asks(json!({"elicitation": {}})));
        assert!(asks(json!({"elicitation": {"form": {}, "url": {}}})));
        assert!(!asks(json!({"elicitation": {"url": {}}})));
        assert!(!asks(json!({"elicitation": true})) && !asks(json!({})) && !elicits(None));
    }

    #[test]
    fn a_place_is_its_agents_alone_and_bounded() {
        let (ours, other) = (AgentName::new("bot").unwrap(), AgentName::new("eve").unwrap());
        let all = HeldStreams::default();
        let place = all.enter(&ours, "1").unwrap();
        all.give_up(&other, "1");
        let mut noticed = std::pin::pin!(place.given_up.notified());
        assert!(!noticed.as_mut().enable());
        all.give_up(&ours, "1");
        assert!(noticed.as_mut().enable());
        let places: Vec<_> =
            (1..MAX_HELD_STREAMS).map(|at| all.enter(&ours, &format!("x{at}")).unwrap()).collect();
        assert!(all.enter(&ours, "more").is_none());
        drop(places);
        assert!(all.enter(&ours, "more").is_some());
    }
}
