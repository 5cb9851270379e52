//! SCIM 2.0 (RFC 7643, RFC 7644): how a directory tells who is there and who is in which group.
//!
//! What a directory sends is read against a schema ([`schema`]) into a [`Document`] that holds
//! nothing else: what it may not set is not there. Filters ([`Filter`]) choose documents, patches
//! ([`patch()`]) change them, an [`Order`] sorts them, and a [`Selection`] says what of them is shown; a
//! [`Bulk`] is many of these at once. Nothing here does input or output, and nothing knows who asks.

mod bulk;
mod error;
mod filter;
mod order;
mod patch;
mod path;
mod read;
pub mod schema;
mod select;

pub use bulk::{Act, Bulk, MAX_BULK, Operation, Task};
pub use error::{Kind, ScimError};
pub use filter::{Compared, Comparison, Condition, Filter, Place};
pub use order::{Order, Rank};
pub use patch::patch;
pub use read::read;
pub use schema::{GROUP, Resource, USER};
pub use select::Selection;

/// A resource, with the names of attributes as their schema spells them.
pub type Document = serde_json::Map<String, serde_json::Value>;

/// Bytes of one text.
pub const MAX_TEXT: usize = 1_024;
/// Values of one attribute, members of groups apart.
pub const MAX_VALUES: usize = 64;
/// Members of one group.
pub const MAX_MEMBERS: usize = 10_000;
/// Operations of one patch.
pub const MAX_OPERATIONS: usize = 1_000;
/// Bytes of a filter or a path.
pub const MAX_FILTER: usize = 4_096;
/// Comparisons in a filter.
pub const MAX_TERMS: usize = 64;
/// Brackets within brackets in a filter.
pub const MAX_DEPTH: usize = 16;
