//! What a message of one era is in the other, as far as both have it.
//!
//! Nothing is promised that cannot be kept: what a server asks of a client and levels of its log have no
//! counterpart within one call, and so neither side is told that the other could do them. News have one, in
//! another form: see [`listen`](super::listen).

use serde_json::{Map, Value, json};

use super::era::{LEGACY, META_CAPABILITIES, META_CLIENT, META_SERVER, META_VERSION, MODERN};
use super::method::Method;

/// Begins the members of `_meta` that are the protocol's own.
const OWN: &str = "io.modelcontextprotocol/";

/// Code of a resource that is not there, before 2026-07-28.
const OLD_NOT_FOUND: i64 = -32002;
const INVALID_PARAMS: i64 = -32602;

/// The parameters of a request, for a server with sessions.
pub(super) fn to_legacy(params: &mut Map<String, Value>) {
    let Some(Value::Object(mut meta)) = params.remove("_meta") else { return };
    meta.retain(|name, _| !name.starts_with(OWN));
    if !meta.is_empty() {
        params.insert("_meta".into(), meta.into());
    }
}

/// The same for a server that wants to know of its client with each request.
pub(super) fn to_modern(params: &mut Map<String, Value>, envelope: &Map<String, Value>) {
    let meta = params.entry("_meta").or_insert_with(|| Map::new().into());
    if let Some(meta) = meta.as_object_mut() {
        meta.extend(envelope.clone());
    }
}

/// The result of a server with sessions, for a client that has none. What it may keep of it, nobody
/// has said: nothing.
pub(super) fn result_to_modern(method: Method, result: &mut Map<String, Value>) {
    result.entry("resultType").or_insert_with(|| "complete".into());
    if method.is_kept_by_clients() {
        result.entry("ttlMs").or_insert_with(|| 0.into());
        result.entry("cacheScope").or_insert_with(|| "private".into());
    }
}

/// The error of a server with sessions, for a client that has none.
pub(super) fn error_to_modern(error: &mut Map<String, Value>) {
    if error.get("code").and_then(Value::as_i64) == Some(OLD_NOT_FOUND) {
        error.insert("code".into(), INVALID_PARAMS.into());
    }
}

/// What the gate says to a server with sessions in place of a client that has none.
pub(super) fn hello(envelope: &Map<String, Value>) -> Map<String, Value> {
    let unnamed = || json!({"name": "portcullis", "version": env!("CARGO_PKG_VERSION")});
    let client = envelope.get(META_CLIENT).cloned().unwrap_or_else(unnamed);
    let version = LEGACY.last().copied().unwrap_or_default();
    let members = [
        ("protocolVersion", version.into()),
        ("capabilities", Map::new().into()),
        ("clientInfo", client),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What goes with each request of a client that has said who it is once.
pub(super) fn envelope(hello: &Map<String, Value>) -> Map<String, Value> {
    let version = MODERN.last().copied().unwrap_or_default();
    let client = hello.get("clientInfo").cloned().map(|client| (META_CLIENT, client));
    let always = [(META_VERSION, version.into()), (META_CAPABILITIES, Map::new().into())];
    let all = always.into_iter().chain(client);
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What a server says of itself in a handshake, as it would say it when asked.
pub(super) fn discovered(initialized: &Map<String, Value>) -> Map<String, Value> {
    let mut result = Map::new();
    result.insert("supportedVersions".into(), json!(MODERN));
    result.insert("capabilities".into(), kept(initialized.get("capabilities")));
    if let Some(server) = initialized.get("serverInfo") {
        result.insert("_meta".into(), json!({META_SERVER: server}));
    }
    copy("instructions", initialized, &mut result);
    result_to_modern(Method::Discover, &mut result);
    result
}

/// What a server says of itself when asked, as it would say it in a handshake.
pub(super) fn initialized(discovered: &Map<String, Value>, asked: &str) -> Map<String, Value> {
    let newest = LEGACY.last().copied().unwrap_or_default();
    let version = if LEGACY.contains(&asked) { asked } else { newest };
    let told = discovered.get("_meta").and_then(|meta| meta.get(META_SERVER));
    let unnamed = || json!({"name": "unnamed", "version": "0"});
    let server = told.or_else(|| discovered.get("serverInfo")).cloned();
    let mut result = Map::new();
    result.insert("protocolVersion".into(), version.into());
    result.insert("capabilities".into(), kept(discovered.get("capabilities")));
    result.insert("serverInfo".into(), server.unwrap_or_else(unnamed));
    copy("instructions", discovered, &mut result);
    result
}

/// The capabilities that have a counterpart.
fn kept(capabilities: Option<&Value>) -> Value {
    let news = |members: &Map<String, Value>| -> Value {
        let has = |name: &&str| members.get(*name) == Some(&Value::Bool(true));
        let names = ["listChanged", "subscribe"].into_iter().filter(has);
        names.map(|name| (name.to_owned(), true.into())).collect::<Map<_, _>>().into()
    };
    let all = capabilities.and_then(Value::as_object);
    let member = |name| all.and_then(|all| all.get(name)?.as_object());
    let names = ["tools", "resources", "prompts", "completions"].into_iter();
    let kept = names.filter_map(|name| Some((name.to_owned(), news(member(name)?))));
    kept.collect::<Map<_, _>>().into()
}

fn copy(name: &str, from: &Map<String, Value>, to: &mut Map<String, Value>) {
    to.extend(from.get(name).map(|value| (name.to_owned(), value.clone())));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn what_a_client_says_of_itself_goes_and_the_rest_stays() {
        let envelope =
            envelope(&map(json!({"clientInfo": {"name": "c"}, "capabilities": {"roots": {}}})));
        let plain = map(json!({"name": "read", "_meta": {"progressToken": 7}}));
        let mut params = plain.clone();
        to_modern(&mut params, &envelope);
        assert_eq!(params["_meta"]["progressToken"], 7);
        assert_eq!(params["_meta"][META_VERSION], "2026-07-28");
        // A server that cannot ask is not told that it could.
        assert_eq!(params["_meta"][META_CAPABILITIES], json!({}));
        to_legacy(&mut params);
        assert_eq!(params, plain);
        let mut bare = map(json!({"_meta": {META_VERSION: "2026-07-28"}}));
        to_legacy(&mut bare);
        assert!(bare.is_empty());
    }

    #[test]
    fn a_server_says_the_same_of_itself_both_ways_but_what_it_could_not_keep() {
        let capabilities = json!({"tools": {"listChanged": true}, "resources": {"subscribe": true}, "logging": {}, "tasks": {}});
        let server = json!({"name": "s", "version": "2"});
        let said = map(
            json!({"protocolVersion": "2025-06-18", "capabilities": capabilities, "serverInfo": server, "instructions": "i"}),
        );
        let asked = discovered(&said);
        let news = json!({"tools": {"listChanged": true}, "resources": {"subscribe": true}});
        assert_eq!(asked["capabilities"], news);
        assert_eq!(asked["supportedVersions"], json!(["2026-07-28"]));
        assert_eq!(
            (&asked["resultType"], &asked["cacheScope"]),
            (&json!("complete"), &json!("private"))
        );
        let again = initialized(&asked, "2025-03-26");
        assert_eq!(again["protocolVersion"], "2025-03-26");
        assert_eq!((&again["serverInfo"], &again["instructions"]), (&server, &json!("i")));
        assert_eq!(initialized(&asked, "2020-01-01")["protocolVersion"], "2025-11-25");
    }

    #[test]
    fn results_and_errors_are_made_complete() {
        let mut list = map(json!({"tools": []}));
        result_to_modern(Method::ListTools, &mut list);
        assert_eq!(
            Value::from(list),
            json!({"tools": [], "resultType": "complete", "ttlMs": 0, "cacheScope": "private"})
        );
        let mut call = map(json!({"content": []}));
        result_to_modern(Method::CallTool, &mut call);
        assert_eq!(Value::from(call), json!({"content": [], "resultType": "complete"}));
        let mut error = map(json!({"code": -32002, "message": "x"}));
        error_to_modern(&mut error);
        assert_eq!(error["code"], -32602);
    }
}
