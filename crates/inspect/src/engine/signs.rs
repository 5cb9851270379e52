//! Characters without which a pass finds nothing: where a text had them last; and what of the text
//! before says how a row of them goes on.

use super::Level;
use super::smuggling::Wrapper;

use super::assignments;

const DIGIT: u8 = 1;
const AT: u8 = 2;
const DASH: u8 = 4;
const HIGH: u8 = 8;
const OPENS: u8 = 16;
const ASSIGNS: u8 = 32;

/// Which sign a byte is.
static SIGNS: [u8; 256] = {
    let mut signs = [0; 256];
    let mut digit = b'0';
    while digit <= b'9' {
        signs[digit as usize] = DIGIT;
        digit += 1;
    }
    let mut high = 0x80;
    while high < 256 {
        signs[high] = HIGH;
        high += 1;
    }
    signs[b'@' as usize] = AT;
    signs[b'-' as usize] = DASH | ASSIGNS;
    signs[b'(' as usize] = OPENS;
    signs[b'+' as usize] = OPENS;
    signs[b'=' as usize] = ASSIGNS;
    signs[b':' as usize] = ASSIGNS;
    signs
};

/// The places after which a text has no digit, no `@`, no dash and nothing beyond ASCII.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signs {
    /// Cards, accounts, telephones and social security numbers hold them.
    pub(crate) digits: usize,
    /// Mail addresses and passwords in URLs end at one or hold one.
    pub(crate) at: usize,
    /// Private keys begin with one.
    pub(crate) dash: usize,
    /// Beyond ASCII is what nobody sees.
    pub(crate) high: usize,
    /// The manifests that rows before were part of, as each level has read them.
    pub(crate) wrappers: [Wrapper; Level::COUNT],
    /// Telephone numbers may begin with one.
    pub(crate) opens: usize,
    /// Separators behind the name of a secret.
    pub(crate) names: usize,
    separators: usize,
}

impl Signs {
    /// Every sign may be everywhere.
    pub(crate) fn all() -> Self {
        let end = usize::MAX;
        Self {
            digits: end,
            at: end,
            dash: end,
            high: end,
            opens: end,
            names: end,
            separators: end,
            ..Self::default()
        }
    }

    /// Reads the text's new bytes, which begin at `old`.
    #[inline]
    pub(crate) fn read(&mut self, text: &[u8], old: usize) {
        let signs = text[old..].iter().fold(0, |signs, byte| signs | SIGNS[usize::from(*byte)]);
        let places = [
            (DIGIT, &mut self.digits),
            (AT, &mut self.at),
            (DASH, &mut self.dash),
            (HIGH, &mut self.high),
            (OPENS, &mut self.opens),
        ];
        for (sign, place) in places {
            if signs & sign != 0 {
                *place = text.len();
            }
        }
        // A flag is read to its end, so one that began before may say something only now.
        self.separators = if signs & ASSIGNS != 0 { text.len() } else { self.separators };
        if self.separators + assignments::FLAG_BYTES > old {
            let last = assignments::last_name(text, old).map_or(0, |at| at + 1);
            self.names = self.names.max(last);
        }
        let entry = assignments::last_entry(text, old).map_or(0, |at| at + 1);
        self.names = self.names.max(entry);
    }

    /// The text now begins `by` bytes later.
    pub(crate) fn shift(&mut self, by: usize) {
        let all = [
            &mut self.digits,
            &mut self.at,
            &mut self.dash,
            &mut self.high,
            &mut self.opens,
            &mut self.names,
            &mut self.separators,
        ];
        all.into_iter().for_each(|place| *place = place.saturating_sub(by));
        self.wrappers.iter_mut().for_each(|wrapper| wrapper.shift(by));
    }
}
