//! What stands in the place of a value that was found.

mod format;

use crate::action::Action;
use crate::engine::{Detector, DetectorId, Direction, Engine};
use crate::placeholder::Vault;
pub use format::mask_keeping_format;

/// The replacement of a found value, such as `[redacted:secret.github_token]`.
///
/// It holds only characters that need no escape in JSON, in a URL's path or in HTML text, and
/// nothing of the value. What nobody sees is taken out without a trace.
pub fn mask(detector: &Detector) -> String {
    if detector.kind().starts_with("smuggling.") {
        return String::new();
    }
    format!("[redacted:{}]", detector.kind())
}

impl Engine {
    /// What takes the place of a value that was found; nothing if it stays as it is.
    ///
    /// Without a vault a value that is to be kept is masked, and a placeholder stays.
    pub fn replacement(
        &self,
        id: DetectorId,
        direction: Direction,
        value: &str,
        vault: Option<&dyn Vault>,
    ) -> Option<String> {
        let detector = self.detector(id);
        match detector.action(direction) {
            Action::Allow | Action::Mark | Action::Block => None,
            Action::Restore => vault?.give(value),
            Action::Mask => Some(mask(detector)),
            Action::MaskFormat => Some(mask_keeping_format(detector.kind(), value)),
            Action::Tokenise => {
                let kept = vault.and_then(|vault| vault.keep(detector.kind(), value));
                Some(kept.unwrap_or_else(|| mask(detector)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, placeholder};

    /// Keeps one value.
    struct One;

    impl Vault for One {
        fn keep(&self, kind: &str, _: &str) -> Option<String> {
            Some(placeholder(kind, [7; 10]))
        }

        fn give(&self, text: &str) -> Option<String> {
            (text == placeholder("pii.email", [7; 10])).then(|| "ann@example.org".into())
        }
    }

    fn replaced(direction: Direction, text: &str, vault: Option<&dyn Vault>) -> String {
        let settings = "[actions.\"pii.email\"]\nrequest = \"tokenise\"";
        let engine = Engine::compile(&toml::from_str::<Settings>(settings).unwrap()).unwrap();
        let mut found = Vec::new();
        engine.scan(direction, text.as_bytes(), &mut found);
        let mut out = text.to_owned();
        for one in found.iter().rev() {
            let value = &text[one.range.clone()];
            if let Some(with) = engine.replacement(one.detector, direction, value, vault) {
                out.replace_range(one.range.clone(), &with);
            }
        }
        out
    }

    #[test]
    fn a_mask_keeps_its_format_where_that_is_asked_for() {
        let settings = "[actions.\"pii.email\"]\nrequest = \"mask-format\"";
        let engine = Engine::compile(&toml::from_str::<Settings>(settings).unwrap()).unwrap();
        let (mail, _) = engine.detectors().find(|(_, d)| d.kind() == "pii.email").unwrap();
        let masked = engine.replacement(mail, Direction::Request, "ann@example.org", None);
        assert_eq!(masked.as_deref(), Some("***@example.org"));
    }

    #[test]
    fn a_mask_needs_no_escape() {
        let engine = Engine::compile(&Settings::default()).unwrap();
        for (_, detector) in engine.detectors() {
            let masked = mask(detector);
            let is_unseen = detector.kind().starts_with("smuggling.");
            let expected = format!("[redacted:{}]", detector.kind());
            assert_eq!(masked, if is_unseen { "" } else { expected.as_str() });
            assert!(masked.bytes().all(|b| b.is_ascii_alphanumeric() || b"[]:._".contains(&b)));
        }
    }

    #[test]
    fn a_value_becomes_a_placeholder_and_a_value_again() {
        let kept = replaced(Direction::Request, "to ann@example.org now", Some(&One));
        assert_eq!(kept, format!("to {} now", placeholder("pii.email", [7; 10])));
        assert_eq!(replaced(Direction::Answer, &kept, Some(&One)), "to ann@example.org now");
    }

    #[test]
    fn without_a_vault_nothing_is_kept_and_nothing_given() {
        assert_eq!(
            replaced(Direction::Request, "to ann@example.org now", None),
            "to [redacted:pii.email] now"
        );
        let kept = format!("to {} now", placeholder("pii.email", [7; 10]));
        assert_eq!(replaced(Direction::Answer, &kept, None), kept);
        let strange = format!("to {} now", placeholder("pii.email", [8; 10]));
        assert_eq!(replaced(Direction::Answer, &strange, Some(&One)), strange);
    }
}
