//! Many requests over one pair of pipes: which answer belongs to which, and who hears the rest.
//!
//! Ids of requests are the gate's own towards the process: what clients reuse does not collide.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::events::Event;
use super::message::{Id, Message};
use crate::refusal::Refusal;

/// Messages beside an answer that wait for a client; what is beyond is dropped.
const MAX_ASIDES: usize = 256;

/// Requests under way in one process.
const MAX_PENDING: usize = 1024;

/// What goes on between a client and one process.
#[derive(Default)]
pub(super) struct Conversation {
    state: Mutex<State>,
    next: AtomicI64,
}

#[derive(Default)]
struct State {
    pending: HashMap<i64, Pending>,
    listener: Option<mpsc::Sender<Event>>,
    has_ended: bool,
}

struct Pending {
    /// The client's id of the request.
    id: Id,
    /// By which progress is reported.
    token: Option<Value>,
    asides: mpsc::Sender<Event>,
    answer: oneshot::Sender<Event>,
}

/// What comes of one request, or of listening.
pub(super) struct PipeEvents {
    asides: mpsc::Receiver<Event>,
    answer: Option<oneshot::Receiver<Event>>,
    patience: Duration,
    /// Tells the process when nobody waits any more.
    waiting: Option<Waiting>,
}

struct Waiting {
    conversation: Arc<Conversation>,
    number: i64,
    to: mpsc::Sender<Bytes>,
}

impl Conversation {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request as it goes to the process, and where its answer comes.
    pub(super) fn ask(
        self: &Arc<Self>,
        message: Message,
        to: &mpsc::Sender<Bytes>,
        patience: Duration,
    ) -> Result<(Message, PipeEvents), Refusal> {
        let Message::Request { id, method, params } = message else {
            return Err(Refusal::ServerGarbage("it was asked nothing"));
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let token = params.get("_meta").and_then(|meta| meta.get("progressToken")).cloned();
        let ((asides, from), (answer, answered)) = (mpsc::channel(MAX_ASIDES), oneshot::channel());
        {
            let mut state = self.state();
            if state.has_ended {
                return Err(Refusal::ServerGarbage("it has ended"));
            }
            if state.pending.len() >= MAX_PENDING {
                return Err(Refusal::ServerBusy);
            }
            state.pending.insert(number, Pending { id, token, asides, answer });
        }
        let waiting = Waiting { conversation: self.clone(), number, to: to.clone() };
        let events =
            PipeEvents { asides: from, answer: Some(answered), patience, waiting: Some(waiting) };
        Ok((Message::Request { id: Id::Number(number), method, params }, events))
    }

    /// A notification or an answer as it goes to the process; nothing where it concerns nothing there.
    pub(super) fn tell(&self, message: Message) -> Option<Message> {
        match message {
            Message::Notification { method, mut params } if method == "notifications/cancelled" => {
                let state = self.state();
                let named = params.get("requestId")?;
                let mut all = state.pending.iter();
                let (number, _) = all.find(|(_, pending)| pending.id.to_value() == *named)?;
                params.insert("requestId".into(), (*number).into());
                Some(Message::Notification { method, params })
            }
            message => Some(message),
        }
    }

    /// Takes in a line of the process. What is no message is dropped; some programs print.
    pub(super) fn heard(&self, line: &[u8]) {
        let Ok(message) = Message::read(line) else {
            if !line.iter().all(u8::is_ascii_whitespace) {
                tracing::debug!(bytes = line.len(), "an MCP server wrote what is no message");
            }
            return;
        };
        let mut state = self.state();
        match message {
            Message::Result { id: Id::Number(number), result } => {
                if let Some(pending) = state.pending.remove(&number) {
                    let answer = Message::Result { id: pending.id, result };
                    // Nobody may wait any more.
                    let _ = pending.answer.send(event(answer));
                }
            }
            Message::Error { id: Some(Id::Number(number)), error } => {
                if let Some(pending) = state.pending.remove(&number) {
                    let answer = Message::Error { id: Some(pending.id), error };
                    let _ = pending.answer.send(event(answer));
                }
            }
            Message::Result { .. } | Message::Error { .. } => {}
            message => state.aside(message),
        }
    }

    /// A stream of what concerns no request. The last who listens hears it.
    pub(super) fn listen(&self) -> PipeEvents {
        let (sender, asides) = mpsc::channel(MAX_ASIDES);
        let mut state = self.state();
        if !state.has_ended {
            state.listener = Some(sender);
        }
        PipeEvents { asides, answer: None, patience: Duration::MAX, waiting: None }
    }

    /// The process has ended: nobody waits for it any longer.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.has_ended = true;
        state.pending.clear();
        state.listener = None;
    }

    /// Whether nobody waits and nobody listens.
    pub(super) fn is_quiet(&self) -> bool {
        let state = self.state();
        state.pending.is_empty() && state.listener.as_ref().is_none_or(mpsc::Sender::is_closed)
    }
}

impl State {
    /// To the request whose progress it is; else to one that runs, else to whoever listens.
    fn aside(&mut self, message: Message) {
        let token = match &message {
            Message::Notification { params, .. } => params.get("progressToken").cloned(),
            _ => None,
        };
        let by_token = |pending: &&Pending| token.is_some() && pending.token == token;
        let latest = || self.pending.iter().max_by_key(|(number, _)| **number).map(|(_, p)| p);
        let is_general = matches!(&message, Message::Notification { method, .. } if method.ends_with("_changed") || method.ends_with("/updated"));
        let listener = self.listener.as_ref().filter(|listener| !listener.is_closed());
        let to = match self.pending.values().find(by_token) {
            Some(pending) => Some(&pending.asides),
            None if is_general && listener.is_some() => listener,
            None => latest().map(|pending| &pending.asides).or(listener),
        };
        if let Some(to) = to
            && to.try_send(event(message)).is_err()
        {
            tracing::debug!("a message of an MCP server was dropped: nobody takes so many");
        }
    }
}

fn event(message: Message) -> Event {
    Event { data: message.write().into(), ..Event::default() }
}

impl PipeEvents {
    /// The next message; nothing once all is said.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Refusal> {
        match tokio::time::timeout(self.patience.min(DAY), self.wait()).await {
            Ok(event) => event,
            Err(_) => Err(Refusal::ServerFailed(crate::net::upstream::UpstreamError::IdleTimeout)),
        }
    }

    async fn wait(&mut self) -> Result<Option<Event>, Refusal> {
        let Some(answer) = &mut self.answer else { return Ok(self.asides.recv().await) };
        tokio::select! {
            biased;
            Some(aside) = self.asides.recv() => Ok(Some(aside)),
            answered = answer => {
                self.answer = None;
                self.waiting = None;
                self.asides.close();
                answered.map(Some).map_err(|_| Refusal::ServerGarbage("it ended without an answer"))
            }
        }
    }

    /// The answer alone.
    pub(super) async fn answer(&mut self) -> Result<Event, Refusal> {
        loop {
            let event = self.next().await?;
            let event = event.ok_or(Refusal::ServerGarbage("it ended without an answer"))?;
            if self.answer.is_none() {
                return Ok(event);
            }
        }
    }
}

const DAY: Duration = Duration::from_secs(86_400);

impl Drop for Waiting {
    /// The process is told that its answer is not needed; if it takes no message now, it is not.
    fn drop(&mut self) {
        if self.conversation.state().pending.remove(&self.number).is_none() {
            return;
        }
        let mut params = serde_json::Map::new();
        params.insert("requestId".into(), self.number.into());
        let method = "notifications/cancelled".into();
        let mut line = Message::Notification { method, params }.write();
        line.push(b'\n');
        let _ = self.to.try_send(line.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(id: Id, token: Option<i64>) -> Message {
        let params = match token {
            Some(token) => json!({"_meta": {"progressToken": token}}),
            None => json!({}),
        };
        let Value::Object(params) = params else { unreachable!() };
        Message::Request { id, method: "tools/call".into(), params }
    }

    fn answer(number: i64) -> Vec<u8> {
        json!({"jsonrpc": "2.0", "id": number, "result": {"n": number}}).to_string().into_bytes()
    }

    fn asked(
        conversation: &Arc<Conversation>,
        message: Message,
    ) -> (i64, PipeEvents, mpsc::Receiver<Bytes>) {
        let (to, from) = mpsc::channel(4);
        let (sent, events) = conversation.ask(message, &to, Duration::from_secs(5)).unwrap();
        let Message::Request { id: Id::Number(number), .. } = sent else { panic!("{sent:?}") };
        (number, events, from)
    }

    #[tokio::test]
    async fn reused_ids_do_not_collide_and_come_back_as_they_were() {
        let conversation = Arc::new(Conversation::default());
        let (first, mut one, _keep) = asked(&conversation, request(Id::Text("x".into()), None));
        let (second, mut two, _keep2) = asked(&conversation, request(Id::Text("x".into()), None));
        conversation.heard(&answer(second));
        conversation.heard(&answer(first));
        for (events, number) in [(&mut one, first), (&mut two, second)] {
            let message = Message::read(&events.answer().await.unwrap().data).unwrap();
            let Message::Result { id, result } = message else { panic!() };
            assert_eq!((id, &result["n"]), (Id::Text("x".into()), &json!(number)));
        }
        assert!(conversation.is_quiet());
    }

    #[tokio::test]
    async fn progress_goes_to_its_request_and_the_rest_to_who_listens() {
        let conversation = Arc::new(Conversation::default());
        let (_, mut one, _keep) = asked(&conversation, request(Id::Number(1), Some(7)));
        let (_, _two, _keep2) = asked(&conversation, request(Id::Number(2), Some(8)));
        let mut listening = conversation.listen();
        let note = |method: &str, params: Value| {
            json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string()
        };
        conversation.heard(note("notifications/progress", json!({"progressToken": 7})).as_bytes());
        conversation.heard(note("notifications/tools/list_changed", json!({})).as_bytes());
        assert!(
            String::from_utf8_lossy(&one.next().await.unwrap().unwrap().data).contains("progress")
        );
        assert!(
            String::from_utf8_lossy(&listening.next().await.unwrap().unwrap().data)
                .contains("list_changed")
        );
    }

    #[tokio::test]
    async fn an_end_is_heard_by_all_who_wait_and_a_flood_is_bounded() {
        let conversation = Arc::new(Conversation::default());
        let (_, mut one, _keep) = asked(&conversation, request(Id::Number(1), None));
        let note =
            json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {}}).to_string();
        for _ in 0..10 * MAX_ASIDES {
            conversation.heard(note.as_bytes());
        }
        conversation.end();
        assert!(one.answer().await.is_err());
        let (to, _from) = mpsc::channel(1);
        assert!(conversation.ask(request(Id::Number(2), None), &to, DAY).is_err());
    }

    #[tokio::test]
    async fn who_leaves_cancels_and_may_cancel_by_its_own_id() {
        let conversation = Arc::new(Conversation::default());
        let (number, events, mut from) = asked(&conversation, request(Id::Text("x".into()), None));
        let named = |id: Value| Message::Notification {
            method: "notifications/cancelled".into(),
            params: [("requestId".to_owned(), id)].into_iter().collect(),
        };
        let Some(Message::Notification { params, .. }) = conversation.tell(named(json!("x")))
        else {
            panic!()
        };
        assert_eq!(params["requestId"], json!(number));
        assert!(conversation.tell(named(json!("other"))).is_none());
        drop(events);
        let line = String::from_utf8(from.recv().await.unwrap().to_vec()).unwrap();
        assert!(
            line.contains("notifications/cancelled") && line.contains(&number.to_string()),
            "{line}"
        );
    }
}
