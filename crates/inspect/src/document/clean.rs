//! Remembers short texts without findings, so that `role` is scanned once and not a hundred times.

/// Longer texts are not remembered.
const LONGEST: usize = 16;
const SLOTS: usize = 64;

/// One slot for each hash; a newer text takes the place of an older one.
pub(super) struct Clean {
    slots: [(u128, u8); SLOTS],
}

impl Clean {
    pub(super) fn new() -> Self {
        Self { slots: [(0, 0); SLOTS] }
    }

    #[inline]
    pub(super) fn holds(&self, text: &[u8]) -> bool {
        slot(text).is_some_and(|(slot, entry)| self.slots.get(slot) == Some(&entry))
    }

    pub(super) fn remember(&mut self, text: &[u8]) {
        if let Some((slot, entry)) = slot(text)
            && let Some(place) = self.slots.get_mut(slot)
        {
            *place = entry;
        }
    }
}

#[inline]
fn slot(text: &[u8]) -> Option<(usize, (u128, u8))> {
    if text.len() > LONGEST {
        return None;
    }
    let mut bytes = [0; LONGEST];
    bytes.get_mut(..text.len())?.copy_from_slice(text);
    let value = u128::from_le_bytes(bytes);
    let folded = (value as u64 ^ (value >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Some(((folded >> 58) as usize, (value, text.len() as u8)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_same_text_is_held() {
        let mut clean = Clean::new();
        clean.remember(b"role");
        assert!(clean.holds(b"role"));
        assert!(!clean.holds(b"role\0"));
        assert!(!clean.holds(b"rol"));
        clean.remember(b"seventeen bytes!!");
        assert!(!clean.holds(b"seventeen bytes!!"));
    }
}
