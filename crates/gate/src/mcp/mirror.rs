//! What a request says in headers besides its body, so that others on the way need not read bodies
//! (2026-07-28, "Request Metadata").
//!
//! The gate decides on the body. Where a header says something else, somebody else on the way would
//! decide on something else, and the request is refused. Towards a server the headers are made anew
//! from the body that is sent: a value that was masked there is masked here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value};

/// The member of a schema that names the header of a parameter.
const ANNOTATION: &str = "x-mcp-header";

/// Begins the names of headers of parameters.
const PREFIX: &str = "mcp-param-";

/// Headers of one tool. More are no tool's.
const MAX_PARAMS: usize = 64;

/// How a value begins that is carried in Base64, and how it ends.
const ENCODED: (&str, &str) = ("=?base64?", "?=");

/// A parameter of a tool that its server wants in a header as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    header: HeaderName,
    /// Members, from the arguments down to the value.
    path: Vec<String>,
    is_integer: bool,
}

/// A text as a header carries it: as it is, or in Base64.
pub(super) fn encode(text: &str) -> Option<HeaderValue> {
    let is_plain = text.bytes().all(|b| (0x20..0x7f).contains(&b)) && text.trim() == text;
    match is_plain && !(text.starts_with(ENCODED.0) && text.ends_with(ENCODED.1)) {
        true => HeaderValue::from_str(text).ok(),
        false => {
            let (begin, end) = ENCODED;
            HeaderValue::from_str(&format!("{begin}{}{end}", STANDARD.encode(text))).ok()
        }
    }
}

/// The text that a header carries; nothing where it is none.
pub(super) fn decode(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let inner = text.strip_prefix(ENCODED.0).and_then(|rest| rest.strip_suffix(ENCODED.1));
    match inner {
        None => Some(text.to_owned()),
        Some(inner) => String::from_utf8(STANDARD.decode(inner).ok()?).ok(),
    }
}

/// Holds a header against what the body says in its place.
pub(super) fn agrees(headers: &HeaderMap, name: &HeaderName, body: &str) -> Result<(), String> {
    match single(headers, name)? {
        None => Err(format!("the header {name} is missing")),
        Some(value) if decode(value).as_deref() == Some(body) => Ok(()),
        Some(_) => Err(format!("the header {name} does not say what the body says")),
    }
}

/// The one value of a header: of two, one reader takes the first and another the last.
pub(super) fn single<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'h HeaderValue>, String> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(format!("the header {name} is there twice")),
        (value, None) => Ok(value),
    }
}

impl Param {
    /// The parameters that a tool's schema wants in headers; why it cannot have them.
    pub fn of_schema(schema: &Value) -> Result<Vec<Self>, String> {
        let mut found = Vec::new();
        collect(schema, Some(&mut Vec::new()), &mut found)?;
        for (at, param) in found.iter().enumerate() {
            if found.iter().take(at).any(|before| before.header == param.header) {
                return Err(format!("two parameters want the header {}", param.header));
            }
        }
        Ok(found)
    }

    /// Holds the headers of a request against its arguments.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        arguments: &Map<String, Value>,
    ) -> Result<(), String> {
        let said = single(headers, &self.header)?;
        let name = &self.header;
        match (self.value(arguments), said) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(format!("the header {name} says what the arguments do not")),
            (Some(_), None) => Err(format!("the header {name} is missing")),
            (Some(value), Some(said)) => match decode(said) {
                Some(said) if self.is_same(&value, &said) => Ok(()),
                _ => Err(format!("the header {name} does not say what the arguments say")),
            },
        }
    }

    /// The header for these arguments.
    pub(super) fn header(
        &self,
        arguments: &Map<String, Value>,
    ) -> Option<(HeaderName, HeaderValue)> {
        Some((self.header.clone(), encode(&self.value(arguments)?)?))
    }

    fn value(&self, arguments: &Map<String, Value>) -> Option<String> {
        let (last, above) = self.path.split_last()?;
        let mut inside = arguments;
        for name in above {
            inside = inside.get(name)?.as_object()?;
        }
        match inside.get(last)? {
            Value::String(text) => Some(text.clone()),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            _ => None,
        }
    }

    /// Whole numbers are the same however they are written.
    fn is_same(&self, body: &str, header: &str) -> bool {
        body == header || self.is_integer && whole(body).is_some_and(|n| whole(header) == Some(n))
    }
}

/// A whole number without a fraction that says nothing.
fn whole(text: &str) -> Option<&str> {
    let (number, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = number.strip_prefix('-').unwrap_or(number);
    let is_plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let is_whole = !fraction.is_empty() && fraction.bytes().all(|b| b == b'0');
    (is_plain && is_whole).then_some(number)
}

/// Walks the places of a schema where schemas stand. `path` is there while only `properties` lead to it.
fn collect(
    schema: &Value,
    mut path: Option<&mut Vec<String>>,
    found: &mut Vec<Param>,
) -> Result<(), String> {
    let Some(members) = schema.as_object() else {
        let items = schema.as_array().into_iter().flatten();
        return items.into_iter().try_for_each(|item| collect(item, None, found));
    };
    if let Some(annotation) = members.get(ANNOTATION) {
        let param = param(annotation, members, path.as_deref())?;
        found.push(param);
        if found.len() > MAX_PARAMS {
            return Err(format!("more than {MAX_PARAMS} parameters want headers"));
        }
    }
    for (keyword, value) in members {
        match (keyword.as_str(), value) {
            // Data, not schemas.
            ("default" | "examples" | "const" | "enum", _) => {}
            ("properties", Value::Object(properties)) => {
                for (name, property) in properties {
                    match &mut path {
                        None => collect(property, None, found)?,
                        Some(path) => {
                            path.push(name.clone());
                            collect(property, Some(path), found)?;
                            path.pop();
                        }
                    }
                }
            }
            (
                "patternProperties" | "dependentSchemas" | "$defs" | "definitions",
                Value::Object(of),
            ) => {
                of.values().try_for_each(|schema| collect(schema, None, found))?;
            }
            (_, Value::Object(_) | Value::Array(_)) => collect(value, None, found)?,
            _ => {}
        }
    }
    Ok(())
}

fn param(
    annotation: &Value,
    schema: &Map<String, Value>,
    path: Option<&Vec<String>>,
) -> Result<Param, String> {
    let path = path.filter(|path| !path.is_empty());
    let path = path.ok_or("a header is wanted of what is not always at the same place")?;
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    if !matches!(kind, "string" | "integer" | "boolean") {
        return Err("a header is wanted of what is no text, whole number or truth value".into());
    }
    let name = annotation.as_str().filter(|name| !name.is_empty());
    let header = name.and_then(|name| format!("{PREFIX}{name}").to_ascii_lowercase().parse().ok());
    let header = header.ok_or("a header is wanted whose name is none")?;
    Ok(Param { header, path: path.clone(), is_integer: kind == "integer" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn params(properties: Value) -> Result<Vec<Param>, String> {
        Param::of_schema(&json!({"type": "object", "properties": properties}))
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn arguments(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_header_says_what_the_argument_says_or_neither_is_there() {
        let found =
            params(json!({"region": {"type": "string", "x-mcp-header": "Region"}})).unwrap();
        let check = |pairs: &[(&str, &str)], value: Value| {
            found[0].check(&headers(pairs), &arguments(value)).is_ok()
        };
        for (said, value) in [("eu", "eu"), ("=?base64?ZXU=?=", "eu"), ("ZXU=", "ZXU=")] {
            assert!(check(&[("mcp-param-region", said)], json!({"region": value})), "{said}");
        }
        assert!(check(&[], json!({})) && check(&[], json!({"region": null})));
        for (pairs, value) in [
            (&[("mcp-param-region", "eu")][..], json!({"region": "us"})),
            (&[("mcp-param-region", "EU")], json!({"region": "eu"})),
            (&[("mcp-param-region", "=?base64?!!?=")], json!({"region": "eu"})),
            (&[("mcp-param-region", "eu")], json!({})),
            (&[], json!({"region": "eu"})),
            (&[("mcp-param-region", "eu"), ("mcp-param-region", "us")], json!({"region": "eu"})),
        ] {
            assert!(!check(pairs, value.clone()), "{pairs:?} {value}");
        }
    }

    #[test]
    fn whole_numbers_and_nested_values_are_mirrored_too() {
        let inside = json!({"type": "object", "properties": {"n": {"type": "integer", "x-mcp-header": "N"}}});
        let found = params(json!({"in": inside})).unwrap();
        let given = arguments(json!({"in": {"n": 42}}));
        for said in ["42", "42.0"] {
            assert!(found[0].check(&headers(&[("mcp-param-n", said)]), &given).is_ok(), "{said}");
        }
        for said in ["42.5", "4.2e1", "43", "", "42."] {
            assert!(found[0].check(&headers(&[("mcp-param-n", said)]), &given).is_err(), "{said}");
        }
        assert_eq!(found[0].header(&given).unwrap().1, "42");
    }

    #[test]
    fn headers_are_wanted_only_of_plain_values_at_one_place() {
        let wanted = json!({"type": "string", "x-mcp-header": "X"});
        for bad in [
            json!({"a": {"type": "number", "x-mcp-header": "X"}}),
            json!({"a": {"type": "string", "x-mcp-header": ""}}),
            json!({"a": {"type": "string", "x-mcp-header": "a b"}}),
            json!({"a": {"type": "string", "x-mcp-header": "a\r\nb"}}),
            json!({"a": {"type": "string", "x-mcp-header": 1}}),
            json!({"a": {"type": "array", "items": wanted}}),
            json!({"a": {"anyOf": [wanted]}}),
            json!({"a": wanted, "b": {"type": "string", "x-mcp-header": "x"}}),
        ] {
            assert!(params(bad.clone()).is_err(), "{bad}");
        }
        assert!(Param::of_schema(&json!({"$defs": {"a": wanted}})).is_err());
        assert!(Param::of_schema(&wanted).is_err());
        // A property of that name, and data that looks like a schema, want nothing.
        let plain = json!({"x-mcp-header": {"type": "string"}, "a": {"default": wanted}});
        assert_eq!(params(plain), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn any_text_comes_back_from_a_header(text: String) {
            let value = encode(&text).unwrap();
            prop_assert_eq!(decode(&value), Some(text));
        }
    }
}
