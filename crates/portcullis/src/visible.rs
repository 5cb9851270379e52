//! The one way in which text from outside reaches a terminal (invariant 8).

pub use model::visible;
