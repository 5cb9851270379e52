//! What the name of a member says about its value: looked up once for each key.

use crate::json::decode;

/// Names of members that hold text.
const TEXT_KEYS: [&[u8]; 12] = [
    b"text",
    b"content",
    b"input",
    b"arguments",
    b"prompt",
    b"system",
    b"instructions",
    b"output",
    b"thinking",
    b"parts",
    b"partial_json",
    b"refusal",
];

/// Names of members that say what their neighbours are.
const MEDIA_KEYS: [&[u8]; 6] =
    [b"type", b"media_type", b"mime_type", b"mimeType", b"mediaType", b"format"];

/// What a member's name says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Name {
    #[default]
    Other,
    /// The `text` of a content part.
    PartText,
    /// Its strings are read as text by a model.
    Text,
    /// It says of what kind its neighbours are.
    Media,
    /// It is the name of the `value` beside it.
    Naming,
}

impl Name {
    /// Reads a key as it stands between its quotes.
    #[inline]
    pub(super) fn read(raw: &[u8], escaped: bool) -> Self {
        if escaped { Self::of(&decode(raw).text) } else { Self::of(raw) }
    }

    #[inline]
    fn of(key: &[u8]) -> Self {
        // Most keys are told apart by their first letter.
        match key.first() {
            Some(b't' | b'c' | b'i' | b'a' | b'p' | b's' | b'o' | b'r') if is_text(key) => {
                if key == b"text" { Self::PartText } else { Self::Text }
            }
            Some(b't' | b'm' | b'f') if MEDIA_KEYS.contains(&key) => Self::Media,
            Some(b'n' | b'k') if key == b"name" || key == b"key" => Self::Naming,
            _ => Self::Other,
        }
    }

    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::PartText | Self::Text)
    }
}

fn is_text(key: &[u8]) -> bool {
    TEXT_KEYS.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_name_is_known_however_it_is_written() {
        for key in TEXT_KEYS {
            assert!(Name::of(key).is_text(), "{key:?}");
        }
        for key in MEDIA_KEYS {
            assert_eq!(Name::of(key), Name::Media, "{key:?}");
        }
        assert_eq!(Name::read(br"te\u0078t", true), Name::PartText);
        assert_eq!(Name::of(b"role"), Name::Other);
    }
}
