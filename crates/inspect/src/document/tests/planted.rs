//! Random documents with a value planted in random ways: none survives, nothing else changes.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// JSON string content in which each character is written in one of the ways that JSON has.
fn spelled(text: &str, spelling: &[u8]) -> String {
    let spelled = text.chars().enumerate().map(|(at, character)| {
        match spelling.get(at % spelling.len().max(1)).copied().unwrap_or(0) % 3 {
            0 => {
                character.encode_utf16(&mut [0; 2]).iter().map(|u| format!("\\u{u:04X}")).collect()
            }
            1 => {
                character.encode_utf16(&mut [0; 2]).iter().map(|u| format!("\\u{u:04x}")).collect()
            }
            _ => String::from_utf8(json::encode(&character.to_string())).unwrap(),
        }
    });
    spelled.collect()
}

/// A document as text, and whether a value was planted in it.
#[derive(Clone, Debug)]
enum Node {
    Text { before: String, planted: bool, after: String, spelling: Vec<u8> },
    Split { cuts: Vec<usize>, parts: bool, spelling: Vec<u8> },
    Nested(Box<Node>, Vec<u8>),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
    Number(i64),
}

fn node() -> impl Strategy<Value = Node> {
    let spelling = || prop::collection::vec(any::<u8>(), 1..6);
    let words = "[ a-zé\"\\\\\u{1f600}\n{}]{0,12}";
    let leaf = prop_oneof![
        (words, any::<bool>(), words, spelling()).prop_map(|(before, planted, after, spelling)| {
            Node::Text { before, planted, after, spelling }
        }),
        (prop::collection::vec(1_usize..19, 1..4), any::<bool>(), spelling())
            .prop_map(|(cuts, parts, spelling)| Node::Split { cuts, parts, spelling }),
        any::<i64>().prop_map(Node::Number),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            (inner.clone(), spelling())
                .prop_map(|(node, spelling)| Node::Nested(Box::new(node), spelling)),
            prop::collection::vec(inner.clone(), 0..5).prop_map(Node::Array),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..5)
                .prop_map(|members| Node::Object(members.into_iter().collect())),
        ]
    })
}

impl Node {
    /// Writes the node; `depth` counts the strings around it, for they may not go deeper than
    /// is inspected.
    fn write(&self, depth: u8) -> String {
        match self {
            Self::Text { before, planted, after, spelling } => {
                let value = if *planted { format!(" {} ", secret()) } else { String::new() };
                format!("\"{}\"", spelled(&format!("{before}{value}{after}"), spelling))
            }
            Self::Split { cuts, parts, spelling } => split(cuts, *parts, spelling),
            Self::Nested(node, spelling) if depth < MAX_LEVELS => {
                // Only what is unpacked as JSON again: arrays and objects.
                format!("\"{}\"", spelled(&format!("[{}]", node.write(depth + 1)), spelling))
            }
            Self::Nested(node, _) => node.write(depth),
            Self::Array(nodes) => {
                let nodes: Vec<_> = nodes.iter().map(|node| node.write(depth)).collect();
                format!("[{}]", nodes.join(" , "))
            }
            Self::Object(members) => {
                let members: Vec<_> = members
                    .iter()
                    .map(|(key, node)| format!("\"{key}\":{}", node.write(depth)))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
            Self::Number(number) => number.to_string(),
        }
    }
}

fn split(cuts: &[usize], parts: bool, spelling: &[u8]) -> String {
    let value = secret();
    let mut cuts = cuts.to_vec();
    cuts.extend([0, value.len()]);
    cuts.sort_unstable();
    cuts.dedup();
    let pieces = cuts.windows(2).map(|cut| spelled(&value[cut[0]..cut[1]], spelling));
    let pieces: Vec<_> = if parts {
        pieces.map(|piece| format!(r#"{{"type":"text","text":"{piece}"}}"#)).collect()
    } else {
        pieces.map(|piece| format!("\"{piece}\"")).collect()
    };
    // What stands around is no part of the value.
    let fence = if parts { r#"{"text":" "}"# } else { "\" \"" };
    format!("[{fence},{},{fence}]", pieces.join(","))
}

/// All strings, those in nested JSON too, and texts of neighbours joined.
fn visible(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if let Ok(inner @ (Value::Array(_) | Value::Object(_))) = serde_json::from_str(text) {
                visible(&inner, out);
            }
            out.push(text.clone());
        }
        Value::Array(items) => {
            let text = |item: &Value| item.as_str().or(item["text"].as_str()).map(str::to_owned);
            out.push(items.iter().filter_map(text).collect());
            items.iter().for_each(|item| visible(item, out));
        }
        Value::Object(members) => members.values().for_each(|member| visible(member, out)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_planted_survives(node in node()) {
        let body = node.write(0);
        let report = inspect(body.as_bytes());
        let after = String::from_utf8(apply(body.as_bytes(), &report.edits)).unwrap();
        let value: Value = serde_json::from_str(&after).unwrap();
        let mut texts = Vec::new();
        visible(&value, &mut texts);
        for text in texts {
            prop_assert!(!text.contains(&secret()), "{body}\n{after}");
        }
        prop_assert!(report.edits.is_sorted_by(|a, b| a.range.end <= b.range.start));
        let again = inspect(after.as_bytes());
        prop_assert!(again.edits.is_empty(), "{body}\n{after}\n{:?}", again.edits);
    }

    #[test]
    fn what_holds_nothing_is_untouched(value in "[ -~]{0,40}", depth in 0_usize..3) {
        let body = (0..depth).fold(Value::from(value), |inner, _| Value::from(serde_json::json!([inner]).to_string()));
        let report = inspect(body.to_string().as_bytes());
        prop_assert!(report.edits.is_empty() || !report.findings.is_empty());
    }

    #[test]
    fn any_bytes_as_text(body in any::<Vec<u8>>()) {
        let report = inspect_text(&Scope::new(&engine(), Direction::Answer), &body);
        let _ = apply(&body, &report.edits);
    }
}
