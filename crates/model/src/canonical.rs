//! Canonical JSON (RFC 8785): one value has one encoding, so a hash of it means something.
//!
//! Types that are written with [`to_vec`] declare their fields in the scheme's order (sorted by
//! name); what this module adds is the scheme's form of numbers. A test holds the record against
//! a general canonicaliser, so a field in the wrong place is noticed.

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

/// Encodes a value whose fields are declared in the order of RFC 8785, section 3.2.3.
pub fn to_vec<T: Serialize>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(1024);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Numbers);
    value.serialize(&mut serializer)?;
    Ok(bytes)
}

/// Encodes any JSON value: sorts the members first. For what has no type of its own.
pub fn value_to_vec(value: &serde_json::Value) -> serde_json::Result<Vec<u8>> {
    to_vec(&sorted(value))
}

/// `serde_json`'s map is a B-tree, sorted by UTF-8; the scheme sorts by UTF-16 code units.
fn sorted(value: &serde_json::Value) -> Sorted<'_> {
    match value {
        serde_json::Value::Array(items) => Sorted::Array(items.iter().map(sorted).collect()),
        serde_json::Value::Object(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(k, v)| (k.as_str(), sorted(v))).collect();
            members.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            Sorted::Object(members)
        }
        leaf => Sorted::Leaf(leaf),
    }
}

enum Sorted<'a> {
    Array(Vec<Sorted<'a>>),
    Object(Vec<(&'a str, Sorted<'a>)>),
    Leaf(&'a serde_json::Value),
}

impl Serialize for Sorted<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => serializer.collect_map(members.iter().map(|(k, v)| (k, v))),
            Self::Leaf(leaf) => leaf.serialize(serializer),
        }
    }
}

/// Numbers as ECMAScript writes them (RFC 8785, section 3.2.2.3).
struct Numbers;

impl Formatter for Numbers {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(ryu_js::Buffer::new().format_finite(value).as_bytes())
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        self.write_f64(writer, f64::from(value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_order_follow_the_rfc() {
        // The example of RFC 8785, section 3.2.2, and the keys of section 3.2.3.
        let value = json!({"numbers": [333_333_333.333_333_3, 1e30, 4.50, 2e-3, 1e-27, 0.000_001]});
        let text = value_to_vec(&value).unwrap();
        assert_eq!(text, br#"{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0.000001]}"#);
        let keys = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
        let text = String::from_utf8(value_to_vec(&keys).unwrap()).unwrap();
        assert_eq!(
            text,
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
        );
    }
}
