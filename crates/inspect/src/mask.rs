//! What stands in the place of a value that was masked.

use crate::engine::Detector;

/// The replacement of a found value, such as `[redacted:secret.github_token]`.
///
/// It holds only characters that need no escape in JSON, in a URL's path or in HTML text, and
/// nothing of the value.
pub fn mask(detector: &Detector, _value: &str) -> String {
    format!("[redacted:{}]", detector.kind())
}

#[cfg(test)]
mod tests {
    use crate::{Engine, Settings, mask};

    #[test]
    fn a_mask_needs_no_escape_and_shows_nothing_of_the_value() {
        let engine = Engine::compile(&Settings::default()).unwrap();
        for (_, detector) in engine.detectors() {
            let masked = mask(detector, "hunter2");
            assert_eq!(masked, format!("[redacted:{}]", detector.kind()));
            assert!(masked.bytes().all(|b| b.is_ascii_alphanumeric() || b"[]:._".contains(&b)));
        }
    }
}
