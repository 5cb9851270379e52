//! Which texts of a message are judged, and as whose.

use inspect::Origin;
use inspect::json::{Kind, Limits, Reader, Token};

use crate::llm::parts::Part;

/// A longer text without blanks is data, not words.
const LONGEST_WORD: usize = 512;

/// Who wrote a message's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// The agent's model: arguments of a call, an answer to what a server asked.
    Model,
    /// A tool, or a stranger that it quotes.
    Tool,
    /// The operator's own business: nobody judges it.
    Nobody,
}

/// The texts of a message that are judged: all below `params`, `result` and `error`.
pub(super) fn parts(body: &[u8], voice: Voice) -> Vec<Part> {
    let origin = match voice {
        Voice::Model => Origin::Model,
        Voice::Tool => Origin::Tool,
        Voice::Nobody => return Vec::new(),
    };
    let mut walk = Walk { body, origin, open: Vec::new(), parts: Vec::new(), leaves: 0 };
    let limits = Limits::default();
    let mut reader = Reader::new(body, &limits);
    let mut key = 0..0;
    while let Ok(Some(token)) = reader.next() {
        match token.kind {
            Kind::Key => key = token.range,
            Kind::ObjectStart | Kind::ArrayStart => {
                // An array hands its name on.
                let own = std::mem::take(&mut key);
                let inherited = walk.open.last().cloned().unwrap_or(0..0);
                walk.open.push(if own.is_empty() { inherited } else { own });
            }
            Kind::ObjectEnd | Kind::ArrayEnd => drop(walk.open.pop()),
            _ => walk.leaf(std::mem::take(&mut key), &token),
        }
    }
    walk.parts
}

struct Walk<'b> {
    body: &'b [u8],
    origin: Origin,
    /// The names under which the open containers stand.
    open: Vec<std::ops::Range<usize>>,
    parts: Vec<Part>,
    leaves: usize,
}

impl Walk<'_> {
    fn leaf(&mut self, key: std::ops::Range<usize>, token: &Token) {
        let leaf = self.leaves;
        self.leaves += 1;
        if token.kind != Kind::String || self.open.len() < 2 || self.is_data(token) {
            return;
        }
        let key = if key.is_empty() { self.open.last().cloned().unwrap_or(0..0) } else { key };
        self.parts.push(Part {
            range: token.range.clone(),
            key,
            origin: self.origin,
            is_description: false,
            leaf,
        });
    }

    fn is_data(&self, token: &Token) -> bool {
        let text = self.body.get(token.range.clone()).unwrap_or_default();
        let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || b"+/=-_\\".contains(b);
        text.len() > LONGEST_WORD && text.iter().all(is_base64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_below_the_envelope_are_judged_under_their_names() {
        let body = br#"{"jsonrpc":"2.0","id":"x","result":{"content":[{"type":"text","text":"hello"}],"structuredContent":{"list":["a"]}}}"#;
        let found = parts(body, Voice::Tool);
        let text =
            |range: &std::ops::Range<usize>| std::str::from_utf8(&body[range.clone()]).unwrap();
        let named: Vec<_> = found.iter().map(|p| (text(&p.key), text(&p.range))).collect();
        assert_eq!(named, [("type", "text"), ("text", "hello"), ("list", "a")]);
        assert!(parts(body, Voice::Nobody).is_empty());
    }

    #[test]
    fn data_is_not_words() {
        let body = format!(
            r#"{{"result":{{"data":"{}","text":"{}"}}}}"#,
            "QUJD".repeat(200),
            "ab ".repeat(300)
        );
        assert_eq!(parts(body.as_bytes(), Voice::Tool).len(), 1);
    }
}
