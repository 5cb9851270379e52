//! What is seen of a token: hashed features that name rows of the weights.

use super::fold::SEED;
use super::lists::{
    CITY, CODE, COMMON, COUNTRY, GIVEN, LABEL, MAX_PLACE_WORDS, NATION, ORG_SUFFIX, ORG_WORD, PART,
    PARTICLE, PRODUCT, REGION, ROLE, STARTS, STREET, STREET_END, SURNAME, TIME, TITLE, UNIT,
    of_words,
};
use super::token::{Form, Token};

/// Rows of the weights; a power of two.
pub const ROWS: usize = 1 << 17;

/// Features of one token.
pub const FEATURES: usize = 34;

/// The rows that a token's features name.
pub type Rows = [u32; FEATURES];

/// Tokens further apart than this do not see each other.
const FAR: u8 = 12;

/// What is known of a token from its window.
#[derive(Clone, Copy, Debug, Default)]
struct Around {
    /// The hash of the label that the token stands under, its lists, and tokens since.
    label: u32,
    label_lists: u32,
    label_distance: u8,
    /// Tokens to the nearest word for a street, number and postcode: before and after.
    street: [u8; 2],
    number: [u8; 2],
    code: [u8; 2],
    begins_sentence: bool,
    begins_line: bool,
}

/// Tokens this near to a candidate are looked at.
const OPEN_WITHIN: usize = 4;

/// Lists of what is named.
const NAMED: u32 = GIVEN | SURNAME | CITY | STREET | STREET_END | PART | ORG_SUFFIX;

/// A window that is being read.
#[derive(Debug, Default)]
pub struct Reading {
    tokens: Vec<Token>,
    around: Vec<Around>,
    /// 0: no capitals, 1: mixed, 2: hardly anything else.
    case: u32,
    /// How much of it is marks that prose does not use, in four steps.
    code: u32,
}

impl Reading {
    /// Takes a window in.
    pub fn read(&mut self, window: &[Token]) {
        self.tokens.clear();
        self.tokens.extend_from_slice(window);
        self.join_places();
        self.look_around();
        self.measure();
    }

    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// How much the window looks like code: 0 for prose, to 3.
    pub(super) fn code(&self) -> u32 {
        self.code
    }

    /// Marks the tokens of places of several words.
    fn join_places(&mut self) {
        for at in 0..self.tokens.len() {
            if self.tokens.get(at).is_none_or(|token| token.lists & STARTS == 0) {
                continue;
            }
            for count in (2..=MAX_PLACE_WORDS).rev() {
                let words = words_from(&self.tokens, at, count);
                let Some(end) = words else { continue };
                let span = self.tokens.get(at..end).unwrap_or_default();
                let hashes = span.iter().filter(|token| token.is_word()).map(|token| token.word);
                let bits = of_words(hashes);
                if bits != 0 {
                    let joined = self.tokens.get_mut(at..end).into_iter().flatten();
                    joined.for_each(|token| token.lists |= bits | PART);
                    break;
                }
            }
        }
    }

    fn look_around(&mut self) {
        self.around.clear();
        self.around.resize(self.tokens.len(), Around::default());
        self.look_back();
        self.look_forward();
    }

    fn look_back(&mut self) {
        let mut now =
            Around { street: [FAR; 2], number: [FAR; 2], code: [FAR; 2], ..Around::default() };
        (now.begins_sentence, now.begins_line) = (true, true);
        let (mut word, mut word_lists) = (0, 0);
        for (token, around) in self.tokens.iter().zip(&mut self.around) {
            *around = now;
            if token.form == Form::Break {
                (now.label, now.label_lists, now.label_distance) = (0, 0, 0);
                (word, word_lists) = (0, 0);
            } else if token.is_mark(':') || token.is_mark('=') {
                (now.label, now.label_lists, now.label_distance) = (word, word_lists, 0);
            } else {
                now.label_distance = now.label_distance.saturating_add(1);
            }
            if token.is_word() || token.form == Form::Identifier {
                (word, word_lists) = (token.word, token.lists);
            }
            let is_end = token.form == Form::Break
                || ['.', '!', '?', '"', '>', '•', '-'].iter().any(|mark| token.is_mark(*mark));
            now.begins_sentence = is_end || (now.begins_sentence && token.form == Form::Mark);
            now.begins_line =
                token.form == Form::Break || (now.begins_line && token.form == Form::Mark);
            nearer(&mut now, token, 0);
        }
    }

    fn look_forward(&mut self) {
        let mut now =
            Around { street: [FAR; 2], number: [FAR; 2], code: [FAR; 2], ..Around::default() };
        for (token, around) in self.tokens.iter().zip(&mut self.around).rev() {
            (around.street[1], around.number[1], around.code[1]) =
                (now.street[1], now.number[1], now.code[1]);
            nearer(&mut now, token, 1);
        }
    }

    fn measure(&mut self) {
        let count = |wanted: fn(&Token) -> bool| self.tokens.iter().filter(|t| wanted(t)).count();
        let words = count(Token::is_word);
        let capitals = count(Token::has_capital);
        let shouted = count(|t| t.form == Form::Upper);
        let odd = count(|t| t.form == Form::Identifier || ODD.iter().any(|m| t.is_mark(*m)));
        self.case = if capitals == 0 { 0 } else { 1 + u32::from(shouted * 4 > words * 3) };
        let length = self.tokens.len().max(1);
        self.code = match odd * 100 / length {
            0 => 0,
            1..8 => 1,
            8..20 => 2,
            _ => 3,
        };
    }

    /// Whether the token could be part of something: it, or one near it, is a candidate. All others
    /// are outside without a look at the weights.
    pub fn is_open(&self, at: usize) -> bool {
        let from = at.saturating_sub(OPEN_WITHIN);
        let near = self.tokens.get(from..(at + OPEN_WITHIN + 1).min(self.tokens.len()));
        near.unwrap_or_default().iter().any(|token| self.is_candidate(token))
    }

    fn is_candidate(&self, token: &Token) -> bool {
        let is_plain = token.lists & COMMON != 0;
        match token.form {
            Form::Lower => match self.case {
                0 => !is_plain,
                _ => !is_plain && token.lists & NAMED != 0,
            },
            Form::Title | Form::Upper => {
                // `Vec::new(Token)`: in code a capital says little of a word that nobody is called.
                let is_glued = token.glued == [true; 2];
                !(is_plain && self.code > 0
                    || is_glued && self.code > 1 && token.lists & NAMED == 0)
            }
            Form::Initial | Form::Camel => self.code < 2 || token.lists & NAMED != 0,
            Form::Digits
            | Form::Mixed
            | Form::Identifier
            | Form::Link
            | Form::Mark
            | Form::Break => false,
        }
    }

    fn token(&self, at: usize, offset: isize) -> Seen {
        let token = at.checked_add_signed(offset).and_then(|at| self.tokens.get(at));
        token.map_or(Seen::OUTSIDE, Seen::of)
    }

    /// The rows of the features of one token.
    pub fn rows(&self, at: usize) -> Rows {
        let around = self.around.get(at).copied().unwrap_or_default();
        let near: [Seen; 7] = std::array::from_fn(|n| self.token(at, n as isize - 3));
        let [far_before, before2, before, this, after, after2, far_after] = near;
        let ends = self.tokens.get(at).map_or([0; 4], |token| token.ends);
        let glued =
            self.tokens.get(at).map_or(0, |t| u32::from(t.glued[0]) * 2 + u32::from(t.glued[1]));
        let (case, code) = (self.case, self.code);
        let begins = u32::from(around.begins_sentence) * 2 + u32::from(around.begins_line);
        let streets = u32::from(around.street[0].min(6)) * 8 + u32::from(around.street[1].min(6));
        let numbers = u32::from(around.number[0].min(4)) * 8 + u32::from(around.number[1].min(4));
        let codes = u32::from(around.code[0] / 3) * 8 + u32::from(around.code[1] / 3);
        let since = u32::from(around.label_distance.min(9) / 2);
        let mut rows = RowList::new();
        rows.add([0, 0, 0]);
        rows.add([this.word, this.form, 0]);
        rows.add([before.word, this.form, 0]);
        rows.add([after.word, this.form, 0]);
        rows.add([before2.word, this.form, 0]);
        rows.add([after2.word, this.form, 0]);
        rows.add([before.word, after.word, this.form]);
        rows.add([before2.word, before.word, this.form]);
        rows.add([before.word, this.lists, this.form]);
        rows.add([after.word, this.lists, this.form]);
        rows.add([this.shape, case, code]);
        rows.add([before.shape, this.shape, after.shape]);
        rows.add([this.lists, this.form, case]);
        rows.add([before.lists, this.lists, this.form]);
        rows.add([this.lists, after.lists, this.form]);
        rows.add([before.coarse, this.coarse, after.coarse * 16 + this.form]);
        rows.add([before2.coarse, before.coarse * 32 + this.coarse, this.form]);
        rows.add([this.coarse, after.coarse * 32 + after2.coarse, this.form]);
        rows.add([ends[0], this.form, case]);
        rows.add([ends[1], this.form, 0]);
        rows.add([ends[2], this.form, 0]);
        rows.add([ends[3], this.form, 0]);
        rows.add([around.label, this.form, since]);
        rows.add([around.label_lists, this.coarse * 16 + this.form, since]);
        rows.add([begins, this.form * 32 + this.coarse, case]);
        rows.add([streets, this.form, this.coarse]);
        rows.add([numbers * 64 + streets, this.form, 0]);
        rows.add([codes * 64 + numbers, this.shape, 0]);
        rows.add([glued * 4 + code, this.form * 32 + this.coarse, case]);
        rows.add([before.word, this.coarse, glued]);
        rows.add([before.form * 16 + after.form, this.form * 32 + this.coarse, code]);
        rows.add([
            before2.form * 16 + before.form,
            this.form * 256 + after.form * 16 + after2.form,
            before.coarse,
        ]);
        rows.add([
            far_before.coarse * 32 + before2.coarse,
            before.coarse,
            this.form * 32 + this.coarse,
        ]);
        rows.add([
            after.coarse * 32 + after2.coarse,
            far_after.coarse,
            this.form * 32 + this.coarse,
        ]);
        rows.list
    }
}

/// Marks that code and data use more than prose.
const ODD: [char; 14] = ['{', '}', '=', '<', '>', '_', ';', '\\', '|', '#', '$', '[', '*', '`'];

/// The end of a run of so many words, with blanks, dots, apostrophes or hyphens between.
fn words_from(tokens: &[Token], at: usize, count: usize) -> Option<usize> {
    let mut left = count;
    for (offset, token) in tokens.get(at..)?.iter().enumerate() {
        if token.is_word() {
            left -= 1;
            if left == 0 {
                return Some(at + offset + 1);
            }
        } else if !['.', '-', '\''].iter().any(|mark| token.is_mark(*mark)) {
            return None;
        }
    }
    None
}

fn nearer(now: &mut Around, token: &Token, side: usize) {
    let note = |distance: &mut [u8; 2], is_it: bool| {
        if let Some(distance) = distance.get_mut(side) {
            *distance = if is_it { 0 } else { (*distance + 1).min(FAR) };
        }
    };
    let is_number = matches!(token.form, Form::Digits | Form::Mixed);
    note(&mut now.street, token.lists & (STREET | STREET_END) != 0);
    note(&mut now.number, is_number);
    note(&mut now.code, is_number && (4..=7).contains(&token.length));
}

/// What the features use of one token.
#[derive(Clone, Copy)]
struct Seen {
    word: u32,
    form: u32,
    lists: u32,
    coarse: u32,
    /// Form and length.
    shape: u32,
}

impl Seen {
    const OUTSIDE: Self = Self { word: 1, form: 15, lists: 0, coarse: 31, shape: 1023 };

    fn of(token: &Token) -> Self {
        let form = token.form as u32;
        let length = match token.form {
            Form::Digits | Form::Mixed => u32::from(token.length.min(9)),
            _ => u32::from(token.length.min(12) / 2),
        };
        let word = if token.word == 0 { SEED } else { token.word };
        Self {
            word,
            form,
            lists: token.lists,
            coarse: coarse(token.lists),
            shape: form * 16 + length,
        }
    }
}

/// The most telling list that a token is on.
fn coarse(lists: u32) -> u32 {
    const ORDER: [u32; 21] = [
        TITLE,
        STREET_END,
        ORG_SUFFIX,
        PART,
        STREET,
        UNIT,
        TIME,
        GIVEN | SURNAME,
        GIVEN,
        SURNAME,
        CITY,
        COUNTRY,
        REGION,
        NATION,
        ROLE,
        LABEL,
        PARTICLE,
        ORG_WORD,
        PRODUCT,
        CODE,
        COMMON,
    ];
    let is_common_name = lists & COMMON != 0 && lists & (GIVEN | SURNAME | CITY) != 0;
    if is_common_name && lists & (TITLE | STREET | ORG_SUFFIX) == 0 {
        return 30;
    }
    let place = ORDER.iter().position(|wanted| lists & wanted == *wanted);
    place.map_or(0, |place| place as u32 + 1)
}

/// Collects rows; each feature has a place of its own in the hash.
struct RowList {
    list: Rows,
    count: usize,
}

impl RowList {
    fn new() -> Self {
        Self { list: [0; FEATURES], count: 0 }
    }

    fn add(&mut self, values: [u32; 3]) {
        let [a, b, c] = values.map(u64::from);
        let id = self.count as u64 + 1;
        let mut hash = (a | b << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        hash ^= (hash >> 29) ^ (c | id << 32).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        hash = hash.wrapping_mul(0x94D0_49BB_1331_11EB);
        if let Some(place) = self.list.get_mut(self.count) {
            *place = (hash >> (64 - ROWS.trailing_zeros())) as u32;
        }
        self.count += 1;
    }
}
