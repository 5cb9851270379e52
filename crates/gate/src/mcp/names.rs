//! What things are called at `/mcp`, where all servers are one: each name says whose it is.
//!
//! A tool or a prompt is `server__name`. A resource keeps its address behind `mcp:server/`, and so does a
//! template: what is filled in does not stand before it.

use serde_json::{Map, Value};

use super::method::Method;
use super::server::DIVIDER;

/// How addresses begin here.
const SCHEME: &str = "mcp:";

/// The address of a server's resource, or of its template.
pub(super) fn outer_uri(server: &str, uri: &str) -> String {
    format!("{SCHEME}{}/{uri}", server.replace('/', "%2F"))
}

/// Whose resource an address is, and what its server calls it.
pub(super) fn inner_uri(text: &str) -> Option<(String, &str)> {
    let (server, uri) = text.strip_prefix(SCHEME)?.split_once('/')?;
    Some((server.replace("%2F", "/"), uri))
}

/// An entry of a list, under its name here.
pub(super) fn renamed(server: &str, method: Method, mut entry: Value) -> Value {
    let (member, is_address) = match method {
        Method::ListResources => ("uri", true),
        Method::ListTemplates => ("uriTemplate", true),
        _ => ("name", false),
    };
    let name = entry.get(member).and_then(Value::as_str).unwrap_or_default();
    let name =
        if is_address { outer_uri(server, name) } else { format!("{server}{DIVIDER}{name}") };
    entry[member] = name.into();
    entry
}

/// Where a request goes by what it names, which is then called as its server calls it.
pub(super) fn routed(method: Method, params: &mut Map<String, Value>) -> Option<String> {
    match method {
        Method::ReadResource | Method::Subscribe | Method::Unsubscribe => by_uri(params),
        Method::Complete => {
            let reference = params.get_mut("ref")?.as_object_mut()?;
            if reference.contains_key("uri") { by_uri(reference) } else { by_name(reference) }
        }
        _ => by_name(params),
    }
}

fn by_name(params: &mut Map<String, Value>) -> Option<String> {
    let (server, name) = params.get("name")?.as_str()?.split_once(DIVIDER)?;
    let (server, name) = (server.to_owned(), Value::from(name));
    params.insert("name".into(), name);
    Some(server)
}

fn by_uri(params: &mut Map<String, Value>) -> Option<String> {
    let (server, uri) = inner_uri(params.get("uri")?.as_str()?)?;
    let uri = Value::from(uri);
    params.insert("uri".into(), uri);
    Some(server)
}

/// The addresses in what a server returned, as they are called here; whether there are any.
pub(super) fn rename_uris(server: &str, result: &mut Map<String, Value>) -> bool {
    let mut has_any = false;
    let mut rename = |holder: Option<&mut Value>| {
        let uri = holder.and_then(|holder| holder.get_mut("uri"));
        if let Some(Value::String(uri)) = uri {
            *uri = outer_uri(server, uri);
            has_any = true;
        }
    };
    if let Some(Value::Array(contents)) = result.get_mut("contents") {
        contents.iter_mut().for_each(|one| rename(Some(one)));
    }
    let mut blocks = |content: Option<&mut Value>| match content {
        Some(Value::Array(all)) => all.iter_mut().for_each(|one| block(one, &mut rename)),
        Some(one) => block(one, &mut rename),
        None => {}
    };
    blocks(result.get_mut("content"));
    if let Some(Value::Array(messages)) = result.get_mut("messages") {
        messages.iter_mut().for_each(|message| blocks(message.get_mut("content")));
    }
    has_any
}

/// A link to a resource, or a resource that is there whole.
fn block(block: &mut Value, rename: &mut impl FnMut(Option<&mut Value>)) {
    match block.get("type").and_then(Value::as_str) {
        Some("resource_link") => rename(Some(block)),
        Some("resource") => rename(block.get_mut("resource")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        /// Whatever a server calls its resource: the way here and back ends where it began.
        #[test]
        fn an_address_finds_its_way_back(server in "[a-zA-Z0-9][a-zA-Z0-9@:./_-]{0,20}", uri in any::<String>()) {
            let outer = outer_uri(&server, &uri);
            prop_assert_eq!(inner_uri(&outer), Some((server, uri.as_str())));
        }
    }

    #[test]
    fn a_request_is_routed_by_what_it_names_and_by_nothing_else() {
        let route = |method: Method, params: Value| {
            let mut params = params.as_object().unwrap().clone();
            (routed(method, &mut params), Value::from(params))
        };
        let (server, params) = route(Method::GetPrompt, json!({"name": "files__sum__up"}));
        assert_eq!((server.as_deref(), &params["name"]), (Some("files"), &json!("sum__up")));
        let (server, params) = route(Method::ReadResource, json!({"uri": "mcp:a%2Fb/file:///x"}));
        assert_eq!((server.as_deref(), &params["uri"]), (Some("a/b"), &json!("file:///x")));
        let reference = json!({"ref": {"type": "ref/prompt", "name": "files__sum"}});
        let (server, params) = route(Method::Complete, reference);
        assert_eq!((server.as_deref(), &params["ref"]["name"]), (Some("files"), &json!("sum")));
        for (method, params) in [
            (Method::GetPrompt, json!({"name": "sum"})),
            (Method::ReadResource, json!({"uri": "file:///etc/passwd"})),
            (Method::ReadResource, json!({"uri": "mcp:files"})),
            (Method::Complete, json!({"ref": "files__sum"})),
            (Method::Complete, json!({})),
        ] {
            assert_eq!(route(method, params.clone()).0, None, "{params}");
        }
    }

    #[test]
    fn addresses_in_results_are_called_as_they_are_here() {
        let link = json!({"type": "resource_link", "uri": "a:b", "name": "n"});
        let whole = json!({"type": "resource", "resource": {"uri": "a:b", "text": "x"}});
        let text = json!({"type": "text", "text": "{\"uri\": \"a:b\"}"});
        let result = json!({
            "contents": [{"uri": "a:b"}],
            "content": [link, whole, text],
            "messages": [{"role": "user", "content": whole}],
        });
        let mut result = result.as_object().unwrap().clone();
        assert!(rename_uris("files", &mut result));
        let shown = Value::from(result).to_string();
        assert_eq!(shown.matches("\"mcp:files/a:b\"").count(), 4, "{shown}");
        let mut plain = json!({"content": [text]}).as_object().unwrap().clone();
        assert!(!rename_uris("files", &mut plain));
    }
}
