//! What a server says by itself in a session that the gate holds, for the clients without sessions that
//! listen to it: one stream of the server's, heard by each of them.
//!
//! The session is the one in which their calls are made, since many servers tell only it what changed there.
//! The stream is open while somebody listens, and a resource is subscribed to while somebody wants its news.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};

use super::bridge::{Opened, first_answer};
use super::events::{Event, Events};
use super::filter::Filter;
use super::link::{self, Along, ReplyBody};
use super::message::{Id, Message};
use super::method::Method;
use super::server::Server;
use crate::refusal::Refusal;
use crate::worker::Worker;

/// News that wait for one client. One that takes them more slowly is listened for no longer.
const MAX_WAITING: usize = 64;

/// Bytes of one piece of news: it says what has changed, and not to what.
const MAX_NEWS_BYTES: usize = 16 * 1024;

/// A server that has not noticed yet that its last stream was closed is tried again.
const TRIES: usize = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// Who listens within one session.
#[derive(Debug, Default)]
pub(super) struct Hub {
    /// Resources that the server was asked for news of, and how many clients want them. Held while the
    /// server is told.
    subscribed: tokio::sync::Mutex<HashMap<String, usize>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    listeners: Vec<(u64, mpsc::Sender<Event>)>,
    /// Listeners so far, and streams so far.
    count: u64,
    streams: u64,
    /// Ends the stream; nothing where none is open.
    stop: Option<oneshot::Sender<()>>,
}

/// The way to a server, within the session.
#[derive(Clone)]
struct Way {
    worker: Worker,
    server: Arc<Server>,
    along: Along,
}

/// One client's part in what is heard.
pub(super) struct Heard {
    number: u64,
    events: mpsc::Receiver<Event>,
    opened: Arc<Opened>,
    way: Way,
    uris: Vec<String>,
}

/// Listens to a server with sessions; what of `asked` will be heard.
pub(super) async fn join(
    worker: &Worker,
    server: &Arc<Server>,
    along: &Along,
    (opened, asked): (&Arc<Opened>, &Filter),
) -> Result<(Filter, Heard), Refusal> {
    let mut agreed = asked.offered(opened.capabilities());
    if agreed.is_empty() {
        return Err(Refusal::NoSuchMethod(Method::Listen.as_str().to_owned()));
    }
    let way = Way { worker: worker.clone(), server: server.clone(), along: along.clone() };
    let mut subscribed = opened.hub.subscribed.lock().await;
    let entered = opened.hub.enter();
    let (number, events) = match entered {
        Some(entered) => entered,
        None => opened.hub.begin(opened.clone(), stream(&way).await?),
    };
    let mut heard = Heard { number, events, opened: opened.clone(), way, uris: Vec::new() };
    for uri in std::mem::take(&mut agreed.uris) {
        let clients = subscribed.get(&uri).copied().unwrap_or_default();
        if clients > 0 || heard.way.tell(Method::Subscribe, &uri).await? {
            subscribed.insert(uri.clone(), clients + 1);
            heard.uris.push(uri.clone());
            agreed.uris.insert(uri);
        }
    }
    Ok((agreed, heard))
}

/// The stream of what the server says by itself.
async fn stream(way: &Way) -> Result<Box<Events>, Refusal> {
    for _ in 0..TRIES {
        let reply = link::listen(&way.worker, &way.server, &way.along, None).await?;
        match (reply.status, reply.body) {
            (_, ReplyBody::Many(events)) => return Ok(events),
            (StatusCode::NOT_FOUND, _) => return Err(Refusal::NoSuchSession),
            (StatusCode::CONFLICT, _) => tokio::time::sleep(PAUSE).await,
            _ => break,
        }
    }
    Err(Refusal::NoSuchMethod(Method::Listen.as_str().to_owned()))
}

impl Way {
    /// Subscribes or unsubscribes; whether the server has agreed.
    async fn tell(&self, method: Method, uri: &str) -> Result<bool, Refusal> {
        let id = Id::Text(format!("portcullis-{}", self.worker.gate.new_id()));
        let params = Map::from_iter([("uri".to_owned(), Value::from(uri))]);
        let request = Message::Request { id: id.clone(), method: method.as_str().into(), params };
        let reply =
            link::post(&self.worker, &self.server, &self.along, request.write().into()).await?;
        Ok(matches!(first_answer(reply, &id).await?, Some(Message::Result { .. })))
    }
}

impl Hub {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more listens to the stream that is open.
    fn enter(&self) -> Option<(u64, mpsc::Receiver<Event>)> {
        let mut state = self.state();
        state.stop.as_ref()?;
        Some(state.add())
    }

    /// The first listens: passes a stream on until nobody listens any more.
    fn begin(&self, opened: Arc<Opened>, events: Box<Events>) -> (u64, mpsc::Receiver<Event>) {
        let (stop, stopped) = oneshot::channel();
        let mut state = self.state();
        state.streams += 1;
        state.stop = Some(stop);
        tokio::spawn(run(opened, state.streams, events, stopped));
        state.add()
    }

    /// Each hears the news. What the server asks, one of them answers for all.
    fn spread(&self, event: &Event) {
        let is_question = match Message::read(&event.data) {
            Ok(Message::Request { .. }) => true,
            Ok(Message::Notification { .. }) => false,
            _ => return,
        };
        let mut state = self.state();
        let most = if is_question { 1 } else { state.listeners.len() };
        let mut told = 0;
        state.listeners.retain(|(_, to)| {
            told += 1;
            told > most || to.try_send(event.clone()).is_ok()
        });
    }

    fn leave(&self, number: u64) {
        let mut state = self.state();
        state.listeners.retain(|(one, _)| *one != number);
        if state.listeners.is_empty() {
            // The stream hears of it as the sender goes.
            state.stop = None;
        }
    }

    /// A stream has ended; a later one may be open already.
    fn end(&self, stream: u64) {
        let mut state = self.state();
        if state.streams == stream {
            state.listeners.clear();
            state.stop = None;
        }
    }
}

impl State {
    fn add(&mut self) -> (u64, mpsc::Receiver<Event>) {
        let (to, from) = mpsc::channel(MAX_WAITING);
        self.count += 1;
        self.listeners.push((self.count, to));
        (self.count, from)
    }
}

async fn run(
    opened: Arc<Opened>,
    stream: u64,
    mut events: Box<Events>,
    mut stopped: oneshot::Receiver<()>,
) {
    loop {
        let event = tokio::select! {
            _ = &mut stopped => break,
            event = events.next() => event,
        };
        match event {
            Ok(Some(event)) if event.data.len() <= MAX_NEWS_BYTES => {
                opened.hub.spread(&Event { data: event.data, ..Event::default() });
            }
            Ok(Some(_)) => tracing::debug!("a server's news are too long for news"),
            Ok(None) | Err(_) => break,
        }
    }
    opened.hub.end(stream);
}

impl Heard {
    /// The next that the server says; nothing once it is heard no longer.
    pub(super) async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.opened.hub.leave(self.number);
        let (uris, opened, way) =
            (std::mem::take(&mut self.uris), self.opened.clone(), self.way.clone());
        if !uris.is_empty()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { unsubscribe(&opened, &way, uris).await });
        }
    }
}

/// News that nobody wants any more are not asked for any longer.
async fn unsubscribe(opened: &Opened, way: &Way, uris: Vec<String>) {
    let mut subscribed = opened.hub.subscribed.lock().await;
    for uri in uris {
        let Some(clients) = subscribed.get_mut(&uri) else { continue };
        *clients -= 1;
        if *clients > 0 {
            continue;
        }
        subscribed.remove(&uri);
        if let Err(refusal) = way.tell(Method::Unsubscribe, &uri).await {
            tracing::debug!(why = refusal.message(), "a server could not be unsubscribed from");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(message: &Value) -> Event {
        Event { data: message.to_string().into(), ..Event::default() }
    }

    fn listening(hub: &Hub) -> (u64, mpsc::Receiver<Event>) {
        let (stop, _stopped) = oneshot::channel();
        let mut state = hub.state();
        state.streams += 1;
        state.stop = Some(stop);
        state.add()
    }

    #[tokio::test]
    async fn each_hears_the_news_and_one_the_question() {
        let hub = Hub::default();
        assert!(hub.enter().is_none());
        let (_, mut one) = listening(&hub);
        let (number, mut two) = hub.enter().unwrap();
        let news = event(&json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}));
        let ask = event(&json!({"jsonrpc": "2.0", "id": 1, "method": "roots/list"}));
        let answer = event(&json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
        for said in [&news, &ask, &answer] {
            hub.spread(said);
        }
        assert_eq!((one.try_recv(), one.try_recv()), (Ok(news.clone()), Ok(ask)));
        assert_eq!(two.try_recv(), Ok(news));
        assert!(one.try_recv().is_err() && two.try_recv().is_err());
        hub.leave(number);
        assert_eq!(two.recv().await, None);
    }

    #[tokio::test]
    async fn who_does_not_keep_up_is_left_and_a_stream_ends_only_its_own() {
        let hub = Hub::default();
        let (_, mut slow) = listening(&hub);
        let news = event(&json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}));
        (0..=MAX_WAITING).for_each(|_| hub.spread(&news));
        let mut count = 0;
        while slow.recv().await.is_some() {
            count += 1;
        }
        assert_eq!(count, MAX_WAITING);
        let (_, mut later) = listening(&hub);
        hub.end(1);
        hub.spread(&news);
        assert!(later.recv().await.is_some());
        hub.end(2);
        assert!(later.recv().await.is_none() && hub.enter().is_none());
    }
}
