//! All pins of a tenant: asked by every list and call, written down before anything relies on them.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin as Boxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use model::{Classification, ServerName, Timestamp};

use super::mirror::Param;
use super::pin::{Pin, Seen};
use super::schema::Schema;
use super::sort::Sort;
use super::template::gives;

/// Tools that are remembered in one tenant. A further one cannot be used.
pub const MAX_PINS: usize = 20_000;

/// Prompts, resources and templates that are remembered in one tenant, and of one server. Further ones
/// are not listed.
pub const MAX_OTHERS: usize = 20_000;
pub const MAX_OTHERS_OF_SERVER: usize = 5_000;

/// Templates of one server that an address is held against.
const MAX_TEMPLATES: usize = 256;

/// How long it counts what resources a server has listed.
const ASKED: Duration = Duration::from_secs(600);

/// How often a pin is tried again that another gate has changed meanwhile.
const MAX_TRIES: usize = 4;

/// Writes a pin down, if its revision is the next one; answers with what is written down now.
pub type Keeper =
    Arc<dyn Fn(Pin) -> Boxed<Box<dyn Future<Output = Result<Pin, String>> + Send>> + Send + Sync>;

/// A pin, and what is derived from it once.
#[derive(Debug)]
pub struct Known {
    pub pin: Pin,
    /// Of the description that was agreed to; or why it is unusable.
    pub schema: Result<Schema, String>,
    /// The arguments that its server wants in headers as well; or why it cannot have them.
    pub mirrored: Result<Vec<Param>, String>,
    pub claimed: Classification,
}

/// The pins of one tenant.
pub struct Pins {
    known: RwLock<Table>,
    /// Servers that have said their tools are others now, and were not asked since. No more than there
    /// are servers.
    stale: Mutex<HashSet<ServerName>>,
    /// When servers were last asked what their resources are.
    asked: Mutex<HashMap<ServerName, Timestamp>>,
    keeper: Keeper,
}

#[derive(Default)]
struct Table {
    pins: HashMap<String, Arc<Known>>,
    tools: usize,
    /// How many others there are of each server.
    others: HashMap<ServerName, usize>,
    /// The templates of each server, by their own names.
    templates: HashMap<ServerName, Vec<String>>,
}

impl Table {
    fn has_room(&self, server: &ServerName, name: &str) -> bool {
        match Sort::of(name) {
            Sort::Tool => self.tools < MAX_PINS,
            _ => {
                let of_server = self.others.get(server).copied().unwrap_or_default();
                of_server < MAX_OTHERS_OF_SERVER && self.others.values().sum::<usize>() < MAX_OTHERS
            }
        }
    }

    fn count(&mut self, pin: &Pin) {
        match Sort::of(&pin.tool) {
            Sort::Tool => self.tools += 1,
            _ => *self.others.entry(pin.server.clone()).or_default() += 1,
        }
        if let Some(template) = Sort::Template.own(&pin.tool) {
            self.templates.entry(pin.server.clone()).or_default().push(template.to_owned());
        }
    }
}

/// What came of looking at a description.
pub struct Observed {
    pub known: Arc<Known>,
    /// The pin is new or not what it was.
    pub has_changed: bool,
}

impl Known {
    fn new(pin: Pin) -> Self {
        let accepted = pin.accepted.as_ref();
        let schema = accepted.map_or_else(|| Err("nobody has accepted it".into()), |d| d.schema());
        let claimed = accepted.map(|d| d.claimed()).unwrap_or_default();
        let mirrored = accepted.map_or_else(|| Ok(Vec::new()), |d| d.mirrored());
        Self { pin, schema, mirrored, claimed }
    }
}

impl Pins {
    pub fn new(kept: Vec<Pin>, keeper: Keeper) -> Self {
        let pins = Self {
            known: RwLock::default(),
            stale: Mutex::default(),
            asked: Mutex::default(),
            keeper,
        };
        kept.into_iter().for_each(|pin| pins.put(pin));
        pins
    }

    /// What a person or another gate has written meanwhile.
    pub fn take_up(&self, kept: Vec<Pin>) {
        kept.into_iter().for_each(|pin| self.put(pin));
    }

    pub fn find(&self, server: &ServerName, tool: &str) -> Option<Arc<Known>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.pins.get(&key(server, tool)).cloned()
    }

    /// What was agreed of the templates of a server that give an address, as far as so many are tried.
    pub fn giving(&self, server: &ServerName, uri: &str) -> Vec<Arc<Known>> {
        let table = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let all = table.templates.get(server).into_iter().flatten().take(MAX_TEMPLATES);
        let giving = all.filter(|template| gives(template, uri));
        let keys = giving.map(|template| key(server, &Sort::Template.name(template)));
        keys.filter_map(|key| table.pins.get(&key).cloned()).collect()
    }

    /// Whether a server has to be asked what its resources are before one is used that nobody has
    /// listed; whoever is told so does it.
    pub fn is_unasked(&self, server: &ServerName, now: Timestamp) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let before = asked.get(server);
        let is_unasked = before.is_none_or(|before| now.since(*before) >= ASKED);
        if is_unasked {
            asked.insert(server.clone(), now);
        }
        is_unasked
    }

    /// A server says that its tools are others now.
    pub fn doubt(&self, server: &ServerName) {
        self.stale().insert(server.clone());
    }

    /// Whether a server must be asked again what its tools are; whoever is told so does it.
    pub fn is_doubted(&self, server: &ServerName) -> bool {
        self.stale().remove(server)
    }

    fn stale(&self) -> MutexGuard<'_, HashSet<ServerName>> {
        self.stale.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a description that an agent was given; what is new is durable when this returns.
    pub async fn observe(&self, seen: &Seen<'_>) -> Result<Observed, String> {
        let mut has_changed = false;
        for _ in 0..MAX_TRIES {
            let before = self.find(seen.server, &seen.definition.name);
            let after = Pin::after(before.as_deref().map(|known| &known.pin), seen);
            match (before, after) {
                (Some(known), None) => return Ok(Observed { known, has_changed }),
                (before, Some(after)) => {
                    if before.is_none() && !self.has_room(seen.server, &seen.definition.name) {
                        return Err("more than are remembered".into());
                    }
                    has_changed = true;
                    self.put((self.keeper)(after).await?);
                }
                (None, None) => {}
            }
        }
        Err("another gate changes this tool again and again".into())
    }

    /// Whether one more can be remembered.
    pub fn has_room(&self, server: &ServerName, name: &str) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).has_room(server, name)
    }

    /// Of two versions the later one stays, in whatever order they come.
    fn put(&self, pin: Pin) {
        let key = key(&pin.server, &pin.tool);
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = all.pins.get(&key);
        let (is_first, is_newer) =
            (before.is_none(), before.is_none_or(|known| known.pin.revision < pin.revision));
        if is_first {
            all.count(&pin);
        }
        if is_newer {
            all.pins.insert(key, Arc::new(Known::new(pin)));
        }
    }
}

/// A server's name holds no slash.
fn key(server: &ServerName, tool: &str) -> String {
    format!("{server}/{tool}")
}

#[cfg(test)]
mod tests {
    use model::AgentName;
    use serde_json::json;

    use super::super::pin::PinMode;
    use super::super::tool::Definition;
    use super::*;

    /// A store that keeps the newest, as another gate would see it.
    fn store() -> (Keeper, Arc<Mutex<Option<Pin>>>) {
        let kept: Arc<Mutex<Option<Pin>>> = Arc::default();
        let to = kept.clone();
        let keeper: Keeper = Arc::new(move |pin: Pin| {
            let mut kept = to.lock().unwrap();
            let next = kept.as_ref().map_or(1, |kept| kept.revision + 1);
            if pin.revision == next {
                *kept = Some(pin);
            }
            Box::pin(std::future::ready(Ok(kept.clone().unwrap())))
        });
        (keeper, kept)
    }

    async fn observe(pins: &Pins, text: &str) -> Observed {
        let (server, agent) = (ServerName::new("s").unwrap(), AgentName::new("a").unwrap());
        let definition =
            Definition::read(&json!({"name": "t", "description": text, "inputSchema": {}}))
                .unwrap();
        let seen = Seen {
            server: &server,
            agent: &agent,
            definition: &definition,
            findings: &[],
            mode: PinMode::FirstSight,
        };
        pins.observe(&seen).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_new_is_written_down_once() {
        let (keeper, kept) = store();
        let pins = Pins::new(Vec::new(), keeper);
        assert!(observe(&pins, "one").await.has_changed);
        assert!(!observe(&pins, "one").await.has_changed);
        assert_eq!(kept.lock().unwrap().as_ref().unwrap().revision, 1);
        assert!(!observe(&pins, "two").await.known.pin.is_usable());
    }

    #[tokio::test]
    async fn two_gates_that_see_different_things_agree_that_it_is_held() {
        let (keeper, kept) = store();
        let (one, two) = (Pins::new(Vec::new(), keeper.clone()), Pins::new(Vec::new(), keeper));
        assert!(observe(&one, "one").await.known.pin.is_usable());
        assert!(!observe(&two, "two").await.known.pin.is_usable());
        one.take_up(kept.lock().unwrap().iter().cloned().collect());
        let server = ServerName::new("s").unwrap();
        assert!(!one.find(&server, "t").unwrap().pin.is_usable());
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_not_relied_on() {
        let broken: Keeper = Arc::new(|_| Box::pin(std::future::ready(Err("full".to_owned()))));
        let pins = Pins::new(Vec::new(), broken);
        let (server, agent) = (ServerName::new("s").unwrap(), AgentName::new("a").unwrap());
        let definition = Definition::read(&json!({"name": "t"})).unwrap();
        let seen = Seen {
            server: &server,
            agent: &agent,
            definition: &definition,
            findings: &[],
            mode: PinMode::FirstSight,
        };
        assert!(pins.observe(&seen).await.is_err());
        assert!(pins.find(&server, "t").is_none());
    }
}
