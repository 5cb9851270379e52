//! Whether a text gives orders to the model that reads it.
//!
//! A text is cut into sentences and overlapping windows, so that one planted line in a long page
//! stands out.

mod sentences;

pub use sentences::{MAX_SENTENCE_BYTES, WINDOW_BYTES, sentences, windows};
