//! Where values come from.
//!
//! A [`Session`] hears what its user says and learns what tools return. Asked about the arguments
//! of a call, it traces each value to one of them ([`Origin`]), by comparison alone: no model, no
//! clock, no input or output. What it had no room to remember reads as untrusted.
//!
//! The operator declares where content comes from ([`Source`]) and what the arguments of a tool are
//! for ([`Tool`]); what is not declared is taken for the worst. A [`Flow`] is what policies are
//! told of a call.

mod arguments;
mod asked;
mod block;
mod content;
mod decode;
mod entries;
mod flow;
mod labels;
mod links;
mod memory;
mod naming;
mod needle;
mod normal;
mod number;
mod origin;
mod parts;
mod session;
mod source;
#[cfg(test)]
mod tests;
mod tool;
mod trace;

pub use arguments::MAX_VALUES;
pub use asked::{Arguments, AskedBy, MAX_ASKED};
pub use flow::{Flow, Role};
pub use labels::{Labels, MAX_SOURCES};
pub use memory::MAX_CONTENT_BYTES;
pub use origin::{How, Origin, Seen, Traced};
pub use session::{MAX_USER_BYTES, MAX_WRITTEN_BYTES, Session};
pub use source::{Condition, Field, Integrity, Reading, Source};
pub use tool::{Effect, Tool};
