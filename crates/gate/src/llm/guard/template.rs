//! The shape that most events of a stream share.
//!
//! From event to event of a stream little changes: the text, a counter, some padding. Once an
//! event was read in full, the next one is held against its bytes: where everything but the
//! slots is the same, only the slots need to be looked at. What does not fit exactly (an escape,
//! one byte that differs) is read in full, so the template can save work but never see less.

use std::ops::Range;

/// What stands in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The next piece of a channel's text.
    Text { channel: usize },
    /// A string that is inspected by itself, such as padding.
    Alone,
    /// A number that is too short to hold anything: a counter.
    Number,
}

/// Digits that no detector finds anything in; the shortest number that is one has nine.
const MAX_NUMBER: usize = 8;
/// Slots of one event.
const MAX_SLOTS: usize = 4;

/// An event's bytes with slots in them.
#[derive(Debug, Default)]
pub(super) struct Template {
    raw: Vec<u8>,
    slots: Vec<(Range<usize>, Slot)>,
}

impl Template {
    /// Remembers an event that was read in full. `slots` in order, by their place in `raw`.
    pub(super) fn remember(&mut self, raw: &[u8], slots: Vec<(Range<usize>, Slot)>) {
        self.raw.clear();
        self.slots.clear();
        if (1..=MAX_SLOTS).contains(&slots.len()) {
            self.raw.extend_from_slice(raw);
            self.slots = slots;
        }
    }

    pub(super) fn forget(&mut self) {
        self.slots.clear();
    }

    /// The slots of an event that differs in nothing else.
    pub(super) fn fit(&self, event: &[u8]) -> Option<[(Range<usize>, Slot); MAX_SLOTS]> {
        if self.slots.is_empty() {
            return None;
        }
        let mut found = std::array::from_fn(|_| (0..0, Slot::Number));
        let (mut at, mut known) = (0, 0);
        for ((place, slot), out) in self.slots.iter().zip(&mut found) {
            at += matching(self.raw.get(known..place.start)?, event.get(at..)?)?;
            let length = length(*slot, event.get(at..)?)?;
            *out = (at..at + length, *slot);
            at += length;
            known = place.end;
        }
        let rest = self.raw.get(known..)?;
        (event.get(at..)? == rest).then_some(found)
    }
}

/// The length of `fixed` if `text` begins with it.
fn matching(fixed: &[u8], text: &[u8]) -> Option<usize> {
    text.starts_with(fixed).then_some(fixed.len())
}

/// How long the slot's value is. A string ends at its quote; one with escapes, control
/// characters or broken UTF-8 is for the full reader.
fn length(slot: Slot, text: &[u8]) -> Option<usize> {
    if slot == Slot::Number {
        let length = text.iter().take_while(|b| b.is_ascii_digit()).count();
        return (1..=MAX_NUMBER).contains(&length).then_some(length);
    }
    let length = text.iter().position(|b| *b == b'"' || *b == b'\\' || *b < b' ')?;
    let is_whole =
        text.get(length) == Some(&b'"') && std::str::from_utf8(text.get(..length)?).is_ok();
    is_whole.then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &[u8] = br#"data: {"n":7,"text":"hello ","x":true}"#;

    fn template() -> Template {
        let mut template = Template::default();
        template.remember(EVENT, vec![(11..12, Slot::Number), (21..27, Slot::Text { channel: 3 })]);
        template
    }

    #[test]
    fn an_event_of_the_same_shape_fits() {
        let event = br#"data: {"n":1234,"text":"w\u00f6rld","x":true}"#;
        assert!(template().fit(event).is_none(), "an escape is for the full reader");
        let event = "data: {\"n\":1234,\"text\":\"wörld\",\"x\":true}".as_bytes();
        let slots = template().fit(event).unwrap();
        assert_eq!(&event[slots[0].0.clone()], b"1234");
        assert_eq!(&event[slots[1].0.clone()], "wörld".as_bytes());
        assert_eq!(slots[1].1, Slot::Text { channel: 3 });
    }

    #[test]
    fn anything_else_that_differs_does_not_fit() {
        for event in [
            &br#"data: {"n":7,"text":"hello ","x":false}"#[..],
            br#"data: {"n":7,"text":"hello ","x":true} "#,
            br#"data: {"n":7,"text":"hello","y":"","x":true}"#,
            br#"data: {"n":7,"text":"hello ""x":true}"#,
            br#"data: {"n":123456789,"text":"hello ","x":true}"#,
            br#"data: {"n":,"text":"hello ","x":true}"#,
            b"data: {\"n\":7,\"text\":\"hel\nlo \",\"x\":true}",
            b"data: {\"n\":7,\"text\":\"hel\xfflo \",\"x\":true}",
            b"",
        ] {
            assert!(template().fit(event).is_none(), "{}", String::from_utf8_lossy(event));
        }
        let mut template = template();
        template.forget();
        assert!(template.fit(EVENT).is_none());
    }
}
