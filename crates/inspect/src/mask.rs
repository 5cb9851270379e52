//! What stands in the place of a value that was masked.

use crate::engine::Detector;

/// The replacement of a found value, such as `[redacted:secret.github_token]`.
///
/// It holds only characters that need no escape in JSON, in a URL's path or in HTML text, and
/// nothing of the value.
pub fn mask(detector: &Detector, _value: &str) -> String {
    format!("[redacted:{}]", detector.kind())
}
