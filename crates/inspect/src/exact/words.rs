//! Words of a text: letters and digits in a row, of any script.

/// A word's place, and the text that holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'t> {
    text: &'t [u8],
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Word<'_> {
    /// Appends the word in small letters.
    pub(super) fn append(&self, to: &mut Vec<u8>) {
        let mut at = self.start;
        while at < self.end {
            let byte = self.text[at];
            if byte.is_ascii() {
                to.push(byte.to_ascii_lowercase());
                at += 1;
                continue;
            }
            let Some((letter, length)) = character(&self.text[at..]) else { return };
            let mut room = [0; 4];
            for small in letter.to_lowercase() {
                to.extend_from_slice(small.encode_utf8(&mut room).as_bytes());
            }
            at += length;
        }
    }
}

/// The words of a text that begin at a place or later.
pub(super) struct Words<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Words<'t> {
    pub(super) fn new(text: &'t [u8], from: usize) -> Self {
        let mut words = Self { text, at: from };
        // The rest of a word that began before is none.
        if from > 0 && words.text[..from].iter().next_back().is_some_and(|_| is_inside(text, from))
        {
            words.pass(true);
        }
        words
    }

    /// Passes over what is, or is not, of a word.
    fn pass(&mut self, word: bool) {
        while self.at < self.text.len() {
            let (is_word, length) = kind(&self.text[self.at..]);
            if is_word != word {
                return;
            }
            self.at += length;
        }
    }
}

impl<'t> Iterator for Words<'t> {
    type Item = Word<'t>;

    fn next(&mut self) -> Option<Word<'t>> {
        self.pass(false);
        let start = self.at;
        self.pass(true);
        (self.at > start).then_some(Word { text: self.text, start, end: self.at })
    }
}

/// The length of a text without a character at its end of which bytes are still to come.
pub(super) fn whole(text: &[u8]) -> usize {
    let tail = text.iter().rev().take(3).take_while(|b| **b & 0xc0 == 0x80).count();
    let start = (text.len() - tail).saturating_sub(1);
    let wanted = match text.get(start) {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 1,
    };
    if start + wanted > text.len() { start } else { text.len() }
}

/// Whether `at` is inside a word: what ends there and what begins there are both of one.
fn is_inside(text: &[u8], at: usize) -> bool {
    let before = text[..at].iter().rev().take(3).take_while(|b| **b & 0xc0 == 0x80).count();
    let start = (at - before).saturating_sub(1);
    let (is_word, length) = kind(&text[start..]);
    (is_word && start + length >= at) || (at < text.len() && text[at] & 0xc0 == 0x80)
}

/// Whether a character is of a word, and its length; a byte that begins none is of none.
fn kind(text: &[u8]) -> (bool, usize) {
    match text.first() {
        Some(byte) if byte.is_ascii() => (byte.is_ascii_alphanumeric(), 1),
        _ => character(text)
            .map_or((false, 1), |(letter, length)| (letter.is_alphanumeric(), length)),
    }
}

/// The character at the start of a text.
fn character(text: &[u8]) -> Option<(char, usize)> {
    let length = match text.first()? {
        0x00..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    let letter = std::str::from_utf8(text.get(..length)?).ok()?.chars().next()?;
    Some((letter, length))
}
