//! Which news a client asks for, when it listens (2026-07-28, "Subscriptions").
//!
//! Everything here is opt-in: what a client did not ask for it does not hear, whatever its server sends.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::message::{Id, Message};
use super::names::{inner_uri, outer_uri};
use super::sort::Sort;
use crate::refusal::Refusal;

/// Resources that one client asks for news of at once.
pub(super) const MAX_URIS: usize = 1024;

/// Where news say which request they are for.
const META_SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// The notification with which a stream of news begins.
pub(super) const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

const UPDATED: &str = "notifications/resources/updated";
const RESOURCES: &str = "resourceSubscriptions";

/// The members that are a yes or a no, and what each is for.
const LISTS: [(&str, &str); 3] = [
    ("toolsListChanged", "notifications/tools/list_changed"),
    ("promptsListChanged", "notifications/prompts/list_changed"),
    ("resourcesListChanged", "notifications/resources/list_changed"),
];

/// What is asked for, or what of that a server has agreed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// In the order of [`LISTS`].
    lists: [bool; 3],
    pub uris: BTreeSet<String>,
}

impl Filter {
    /// Of a request's parameters. What nobody here knows is not agreed to, and so left out.
    pub(super) fn of_request(params: &Map<String, Value>) -> Result<Self, Refusal> {
        let wrong = |what: &str| Refusal::Params(format!("`notifications` {what}."));
        let given = params.get("notifications").and_then(Value::as_object);
        let given = given.ok_or_else(|| wrong("must be an object that says what to hear"))?;
        let mut filter = Self::default();
        for ((member, _), wants) in LISTS.iter().zip(&mut filter.lists) {
            *wants = match given.get(*member) {
                None => false,
                Some(Value::Bool(wants)) => *wants,
                Some(_) => return Err(wrong(&format!("has a `{member}` that is no yes or no"))),
            };
        }
        let uris = match given.get(RESOURCES) {
            None => &Vec::new(),
            Some(Value::Array(uris)) => uris,
            Some(_) => return Err(wrong(&format!("has `{RESOURCES}` that are no list"))),
        };
        if uris.len() > MAX_URIS {
            return Err(wrong(&format!("names more than {MAX_URIS} resources")));
        }
        for uri in uris {
            let uri = uri.as_str().filter(|uri| Sort::Resource.may_be(uri));
            let uri = uri.ok_or_else(|| wrong("names a resource whose address is none"))?;
            filter.uris.insert(uri.to_owned());
        }
        Ok(filter)
    }

    /// What a server has agreed to of what it was asked.
    pub(super) fn agreed(&self, acknowledged: &Map<String, Value>) -> Self {
        let given = acknowledged.get("notifications").and_then(Value::as_object);
        let given = |member: &str| given.and_then(|given| given.get(member));
        let mut lists = self.lists;
        for ((member, _), wants) in LISTS.iter().zip(&mut lists) {
            *wants &= given(member) == Some(&Value::Bool(true));
        }
        let uris = given(RESOURCES).and_then(Value::as_array).into_iter().flatten();
        let uris = uris.filter_map(Value::as_str).filter(|uri| self.uris.contains(*uri));
        Self { lists, uris: uris.map(str::to_owned).collect() }
    }

    /// What a server with sessions can be heard to say of what is asked, by its capabilities.
    pub(super) fn offered(&self, capabilities: Option<&Value>) -> Self {
        let has = |path: &str| capabilities.and_then(|all| all.pointer(path)?.as_bool());
        let offered = ["tools", "prompts", "resources"]
            .map(|of| has(&format!("/{of}/listChanged")).unwrap_or_default());
        let mut lists = self.lists;
        lists.iter_mut().zip(offered).for_each(|(wants, offered)| *wants &= offered);
        let subscribes = has("/resources/subscribe").unwrap_or_default();
        Self { lists, uris: if subscribes { self.uris.clone() } else { BTreeSet::new() } }
    }

    /// All lists, and these resources: for a client that has no way to choose.
    pub(super) fn everything(uris: BTreeSet<String>) -> Self {
        Self { lists: [true; 3], uris }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lists == [false; 3] && self.uris.is_empty()
    }

    /// The part of it that is one server's, under that server's own names.
    pub(super) fn of_server(&self, server: &str) -> Self {
        let own = self.uris.iter().filter_map(|uri| inner_uri(uri));
        let own = own.filter(|(of, _)| of == server).map(|(_, uri)| uri.to_owned());
        Self { lists: self.lists, uris: own.collect() }
    }

    /// Takes in what a server has agreed to, under the names of `/mcp`.
    pub(super) fn add_server(&mut self, server: &str, agreed: &Self) {
        self.lists.iter_mut().zip(agreed.lists).for_each(|(any, one)| *any |= one);
        self.uris.extend(agreed.uris.iter().map(|uri| outer_uri(server, uri)));
    }

    /// Whether a notification was asked for. News of a part of a resource are news of it.
    pub(super) fn wants(&self, method: &str, params: &Map<String, Value>) -> bool {
        if method == UPDATED {
            let uri = params.get("uri").and_then(Value::as_str).unwrap_or_default();
            return self.uris.iter().any(|asked| is_part(uri, asked));
        }
        LISTS.iter().zip(self.lists).any(|((_, of), wants)| wants && *of == method)
    }

    pub(super) fn value(&self) -> Value {
        let wanted = LISTS.iter().zip(self.lists).filter(|(_, wants)| *wants);
        let mut value: Map<String, Value> =
            wanted.map(|((member, _), _)| ((*member).to_owned(), true.into())).collect();
        if !self.uris.is_empty() {
            value.insert(RESOURCES.into(), json!(self.uris));
        }
        value.into()
    }
}

/// Whether an address is another, or lies below it.
fn is_part(uri: &str, of: &str) -> bool {
    let ends = |text: &str| text.is_empty() || text.starts_with(['/', '?', '#']);
    uri.strip_prefix(of).is_some_and(|rest| ends(rest) || of.ends_with('/'))
}

/// The first message of a stream: what will be heard in it.
pub(super) fn acknowledgement(id: &Id, filter: &Filter) -> Message {
    let params =
        json!({"_meta": {META_SUBSCRIPTION: id.to_value()}, "notifications": filter.value()});
    let params = params.as_object().cloned().unwrap_or_default();
    Message::Notification { method: ACKNOWLEDGED.into(), params }
}

/// The last message of a stream that ends well.
pub(super) fn end(id: &Id) -> Message {
    let result = json!({"resultType": "complete", "_meta": {META_SUBSCRIPTION: id.to_value()}});
    Message::Result { id: id.clone(), result: result.as_object().cloned().unwrap_or_default() }
}

/// A notification under the id of the request that it is for; under none for a client with a session.
pub(super) fn stamped(data: Bytes, id: Option<&Id>) -> Bytes {
    let Ok(Message::Notification { method, mut params }) = Message::read(&data) else {
        return data;
    };
    let mut meta = match params.remove("_meta") {
        Some(Value::Object(meta)) => meta,
        _ => Map::new(),
    };
    meta.remove(META_SUBSCRIPTION);
    meta.extend(id.map(|id| (META_SUBSCRIPTION.to_owned(), id.to_value())));
    if !meta.is_empty() {
        params.insert("_meta".into(), meta.into());
    }
    Message::Notification { method, params }.write().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn filter(value: Value) -> Result<Filter, Refusal> {
        Filter::of_request(&map(json!({"notifications": value})))
    }

    #[test]
    fn what_is_asked_for_is_read_strictly_and_what_is_unknown_left_out() {
        let asked = json!({"toolsListChanged": true, "promptsListChanged": false, "resourceSubscriptions": ["a:b"], "taskIds": ["1"]});
        let read = filter(asked).unwrap();
        assert_eq!(
            read.value(),
            json!({"toolsListChanged": true, "resourceSubscriptions": ["a:b"]})
        );
        assert!(filter(json!({})).unwrap().is_empty());
        let many: Vec<String> = (0..=MAX_URIS).map(|n| format!("a:{n}")).collect();
        for bad in [
            json!([]),
            json!(null),
            json!({"toolsListChanged": "yes"}),
            json!({"resourceSubscriptions": "a:b"}),
            json!({"resourceSubscriptions": [1]}),
            json!({"resourceSubscriptions": ["a\u{202e}b"]}),
            json!({"resourceSubscriptions": [""]}),
            json!({"resourceSubscriptions": many}),
        ] {
            assert!(matches!(filter(bad.clone()), Err(Refusal::Params(_))), "{bad}");
        }
        assert!(Filter::of_request(&Map::new()).is_err());
    }

    #[test]
    fn a_server_agrees_to_no_more_than_it_was_asked() {
        let asked =
            filter(json!({"toolsListChanged": true, "resourceSubscriptions": ["a:b"]})).unwrap();
        let all = json!({"toolsListChanged": true, "promptsListChanged": true, "resourceSubscriptions": ["a:b", "a:c"]});
        assert_eq!(asked.agreed(&map(json!({"notifications": all}))), asked);
        assert!(asked.agreed(&Map::new()).is_empty());
        let capabilities =
            json!({"tools": {"listChanged": true}, "resources": {"listChanged": true}});
        let offered = asked.offered(Some(&capabilities));
        assert_eq!(offered.value(), json!({"toolsListChanged": true}));
    }

    #[test]
    fn only_what_was_asked_for_is_heard() {
        let asked = filter(
            json!({"promptsListChanged": true, "resourceSubscriptions": ["note://1", "dir:/"]}),
        )
        .unwrap();
        let wants = |method: &str, params: Value| asked.wants(method, &map(params));
        assert!(wants("notifications/prompts/list_changed", json!({})));
        for (uri, is_heard) in [
            ("note://1", true),
            ("note://1/part", true),
            ("note://12", false),
            ("dir:/x", true),
            ("", false),
        ] {
            assert_eq!(wants(UPDATED, json!({"uri": uri})), is_heard, "{uri}");
        }
        for other in ["notifications/tools/list_changed", "notifications/message", ACKNOWLEDGED, ""]
        {
            assert!(!wants(other, json!({"uri": "note://1"})), "{other}");
        }
        assert!(!wants(UPDATED, json!({})));
    }

    #[test]
    fn news_carry_the_id_of_who_asked_and_no_other() {
        let news = |meta: Value| {
            let params = json!({"uri": "a:b", "_meta": meta});
            Bytes::from(json!({"jsonrpc": "2.0", "method": UPDATED, "params": params}).to_string())
        };
        let meta = |data: Bytes| {
            serde_json::from_slice::<Value>(&data).unwrap()["params"]["_meta"].clone()
        };
        let id = Id::Text("mine".into());
        let theirs = json!({META_SUBSCRIPTION: "theirs", "x": 1});
        let stamped_with = meta(stamped(news(theirs.clone()), Some(&id)));
        assert_eq!(stamped_with, json!({META_SUBSCRIPTION: "mine", "x": 1}));
        assert_eq!(meta(stamped(news(theirs), None)), json!({"x": 1}));
        assert_eq!(meta(stamped(news(json!(7)), None)), Value::Null);
    }

    proptest! {
        /// What is one server's comes back under the same name.
        #[test]
        fn names_find_their_way_back(server in "[a-z][a-z0-9/-]{0,9}", uri in "[a-z]{1,5}:[ -~]{0,20}") {
            let own = Filter { lists: [true, false, true], uris: [uri].into() };
            let mut all = Filter::default();
            all.add_server(&server, &own);
            prop_assert_eq!(all.of_server(&server), own);
            prop_assert!(all.of_server("another one").uris.is_empty());
        }
    }
}
