//! One pass over the JSON of a stream's event: its leaves, and where they stand.

use std::ops::Range;

use inspect::json;

/// Nesting, members and sizes that an event may have.
pub(super) fn limits() -> json::Limits {
    json::Limits::default()
}

/// What a leaf is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeafKind {
    Key,
    String,
    Number,
    /// `true`, `false`, `null`.
    Word,
}

/// A leaf of the document, by its place in the raw bytes.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub kind: LeafKind,
    /// The container that it stands in.
    container: usize,
    /// Its name in an object; empty in an array.
    pub key: Range<usize>,
    pub range: Range<usize>,
    pub escaped: bool,
}

struct Container {
    parent: usize,
    key: Range<usize>,
    /// A hash of its members `index`, `output_index` and the like: what tells one choice, content
    /// block or tool call from another.
    index: u64,
}

/// The leaves of one event. Reused from event to event.
#[derive(Default)]
pub(super) struct Walk {
    containers: Vec<Container>,
    pub leaves: Vec<Leaf>,
    stack: Vec<usize>,
}

const INDEXES: [&[u8]; 4] = [b"index", b"output_index", b"content_index", b"summary_index"];

impl Walk {
    /// Reads one document. The leaves' ranges are those of `bytes`.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(), json::Error> {
        self.containers.clear();
        self.leaves.clear();
        self.stack.clear();
        let limits = limits();
        let mut reader = json::Reader::new(bytes, &limits);
        let mut key = 0..0;
        while let Some(token) = reader.next()? {
            match token.kind {
                json::Kind::ObjectStart | json::Kind::ArrayStart => {
                    let parent = self.container();
                    self.stack.push(self.containers.len());
                    self.containers.push(Container {
                        parent,
                        key: std::mem::take(&mut key),
                        index: 0,
                    });
                }
                json::Kind::ObjectEnd | json::Kind::ArrayEnd => {
                    self.stack.pop();
                }
                json::Kind::Key => {
                    self.leaf(LeafKind::Key, 0..0, &token);
                    key = token.range;
                }
                kind => {
                    let kind = match kind {
                        json::Kind::String => LeafKind::String,
                        json::Kind::Number => LeafKind::Number,
                        _ => LeafKind::Word,
                    };
                    self.leaf(kind, std::mem::take(&mut key), &token);
                    self.note_index(bytes);
                }
            }
        }
        Ok(())
    }

    /// `usize::MAX` outside of every container.
    fn container(&self) -> usize {
        self.stack.last().copied().unwrap_or(usize::MAX)
    }

    fn leaf(&mut self, kind: LeafKind, key: Range<usize>, token: &json::Token) {
        let container = self.container();
        self.leaves.push(Leaf {
            kind,
            container,
            key,
            range: token.range.clone(),
            escaped: token.escaped,
        });
    }

    fn note_index(&mut self, bytes: &[u8]) {
        let Some(leaf) = self.leaves.last() else { return };
        if leaf.kind != LeafKind::Number {
            return;
        }
        let key = slice(bytes, &leaf.key);
        let Some(at) = INDEXES.iter().position(|name| *name == key) else { return };
        let value = slice(bytes, &leaf.range);
        if let Some(container) = self.containers.get_mut(leaf.container) {
            container.index = mix(mix(container.index, &[at as u8]), value);
        }
    }

    /// The value of a member of the outermost object.
    pub(super) fn top<'b>(&self, bytes: &'b [u8], key: &[u8]) -> Option<&'b [u8]> {
        let leaf = self.leaves.iter().find(|l| {
            l.container == 0 && l.kind == LeafKind::String && slice(bytes, &l.key) == key
        })?;
        Some(slice(bytes, &leaf.range))
    }

    /// The name of the container that a leaf stands in, skipping nothing: an array's items have none.
    pub(super) fn container_key<'b>(&self, bytes: &'b [u8], leaf: &Leaf) -> &'b [u8] {
        self.containers.get(leaf.container).map_or(&[], |c| slice(bytes, &c.key))
    }

    /// What tells the text that this leaf belongs to from every other text of the stream: its path,
    /// with the index members of the objects on the way in place of positions. What has no index is
    /// taken for one text, which can only join more, never hide a seam.
    pub(super) fn channel(&self, bytes: &[u8], leaf: &Leaf) -> u64 {
        let mut hash = mix(0, slice(bytes, &leaf.key));
        let mut at = leaf.container;
        while let Some(container) = self.containers.get(at) {
            // Anthropic begins a block's text in `content_block` and goes on in `delta`.
            let key = match slice(bytes, &container.key) {
                b"content_block" => b"delta",
                key => key,
            };
            hash = mix(mix(hash, key), &container.index.to_le_bytes());
            at = container.parent;
        }
        hash
    }
}

pub(super) fn slice<'b>(bytes: &'b [u8], range: &Range<usize>) -> &'b [u8] {
    bytes.get(range.clone()).unwrap_or_default()
}

/// FNV-1a with a separator. Names come from the provider's protocol, and a collision joins two
/// texts, which is inspected all the same.
fn mix(hash: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    bytes.iter().chain(&[0xff]).fold(hash ^ 0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel_of(text: &str, value: &str) -> u64 {
        let mut walk = Walk::default();
        walk.read(text.as_bytes()).unwrap();
        let leaf = walk
            .leaves
            .iter()
            .find(|l| slice(text.as_bytes(), &l.range) == value.as_bytes())
            .unwrap();
        walk.channel(text.as_bytes(), leaf)
    }

    #[test]
    fn a_text_is_told_by_path_and_index_wherever_the_index_stands() {
        let first = channel_of(r#"{"choices":[{"index":0,"delta":{"content":"x"}}]}"#, "x");
        assert_eq!(
            first,
            channel_of(
                r#"{"id":"i","choices":[{"delta":{"role":"r","content":"y"},"index":0}]}"#,
                "y"
            )
        );
        assert_ne!(first, channel_of(r#"{"choices":[{"index":1,"delta":{"content":"x"}}]}"#, "x"));
        assert_ne!(
            first,
            channel_of(r#"{"choices":[{"index":0,"delta":{"reasoning":"x"}}]}"#, "x")
        );
        let beside = channel_of(
            r#"{"choices":[{"index":1,"delta":{}},{"index":0,"delta":{"content":"x"}}]}"#,
            "x",
        );
        assert_eq!(first, beside);
    }

    #[test]
    fn a_block_that_begins_with_text_goes_on_in_its_deltas() {
        let start = channel_of(
            r#"{"type":"content_block_start","index":2,"content_block":{"type":"text","text":"x"}}"#,
            "x",
        );
        assert_eq!(
            start,
            channel_of(
                r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"y"}}"#,
                "y"
            )
        );
    }
}
