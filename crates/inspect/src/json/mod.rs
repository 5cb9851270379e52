//! Reads a JSON text that lies whole in memory, token by token, without building a tree.
//!
//! The gate edits bodies by splicing bytes, so every token carries its byte range. The grammar is
//! RFC 8259, strictly: one value, UTF-8, no byte order mark, no control characters in strings, no
//! trailing bytes. Stricter than the grammar, each by a limit in [`Limits`]: nesting, the number of
//! tokens, and (parsers disagree on which of two members wins, so a policy could be tricked)
//! repeated keys, compared decoded. An unpaired surrogate such as `\ud800` is accepted, as the
//! grammar does, and decoded to U+FFFD.
//!
//! Nothing here recurses, and nothing is allocated per token.

mod error;
mod escape;
mod keys;
mod reader;
mod scan;

pub use error::{Error, Problem};
pub use escape::{Decoded, Locator, decode, decode_into, encode, encode_into};
pub use reader::{Kind, Limits, Reader, Token};

#[cfg(test)]
mod tests;
