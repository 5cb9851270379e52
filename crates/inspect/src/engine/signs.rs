//! Characters without which a pass finds nothing, and runs of them: where a text had them last; and
//! what of the text before says how a row of them goes on.

use super::index::MIN_TOKEN;
use super::smuggling::Wrapper;
use super::{Level, assignments, figures, mnemonics};
use crate::detectors::TOKEN;

const DIGIT: u8 = 1;
const AT: u8 = 2;
const DASH: u8 = 4;
const HIGH: u8 = 8;
const OPENS: u8 = 16;
const ASSIGNS: u8 = 32;
/// What credentials consist of.
const OF_TOKEN: u8 = 64;
/// What is written in digits and capitals.
const OF_FIGURE: u8 = 128;

/// Which signs a byte is.
static SIGNS: [u8; 256] = {
    let mut signs = [0; 256];
    let mut digit = b'0';
    while digit <= b'9' {
        signs[digit as usize] = DIGIT;
        digit += 1;
    }
    signs[b'@' as usize] = AT;
    signs[b'-' as usize] = DASH | ASSIGNS;
    signs[b'(' as usize] = OPENS;
    signs[b'+' as usize] = OPENS;
    signs[b'=' as usize] = ASSIGNS;
    signs[b':' as usize] = ASSIGNS;
    let mut byte = 0;
    while byte < 256 {
        signs[byte] |= if byte >= 0x80 { HIGH } else { 0 };
        signs[byte] |= if TOKEN[byte] { OF_TOKEN } else { 0 };
        signs[byte] |= if figures::WRITTEN[byte] { OF_FIGURE } else { 0 };
        byte += 1;
    }
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
    /// Runs that are long enough for a credential.
    pub(crate) long: usize,
    /// The same for a number.
    pub(crate) figures: usize,
    /// Words of a list that may be a phrase.
    pub(crate) phrases: usize,
    /// How long the runs are that reach the text's end.
    token_run: usize,
    figure_run: usize,
    /// Words of that list at the text's end.
    words: usize,
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
            long: end,
            figures: end,
            phrases: end,
            ..Self::default()
        }
    }

    /// Reads the text's new bytes, which begin at `old`.
    #[inline]
    pub(crate) fn read(&mut self, text: &[u8], old: usize) {
        let signs = self.runs(text, old);
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

    /// Goes on with the runs that reached the end; gives all signs of the new bytes.
    #[inline]
    fn runs(&mut self, text: &[u8], old: usize) -> u8 {
        let (mut signs, mut token, mut figure) = (0, self.token_run, self.figure_run);
        let (mut longest_token, mut longest_figure) = (0, 0);
        // Without a branch for each byte.
        for byte in &text[old..] {
            let sign = SIGNS[usize::from(*byte)];
            signs |= sign;
            token = if sign & OF_TOKEN == 0 { 0 } else { token + 1 };
            figure = if sign & OF_FIGURE == 0 { 0 } else { figure + 1 };
            longest_token = longest_token.max(token);
            longest_figure = longest_figure.max(figure);
        }
        (self.token_run, self.figure_run) = (token, figure);
        if longest_token >= MIN_TOKEN {
            self.long = text.len();
        }
        if longest_figure >= figures::SHORTEST {
            self.figures = text.len();
        }
        signs
    }

    /// Reads the words of wallets, of which the text's end has as many now; `new` bytes are new.
    #[inline]
    pub(crate) fn words(&mut self, text: &[u8], new: usize, words: usize) {
        if mnemonics::may_end(self.words, new) {
            self.phrases = text.len();
        }
        self.words = words;
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
            &mut self.long,
            &mut self.figures,
            &mut self.phrases,
        ];
        all.into_iter().for_each(|place| *place = place.saturating_sub(by));
        self.wrappers.iter_mut().for_each(|wrapper| wrapper.shift(by));
    }
}
