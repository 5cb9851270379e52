//! What is seen of a token: hashed features that name rows of the weights.

use super::fold::SEED;
use super::lists::{
    CITY, CODE, COMMON, COUNTRY, GIVEN, LABEL, NATION, ORG_SUFFIX, ORG_WORD, PART, PARTICLE,
    PRODUCT, REGION, ROLE, STREET, STREET_END, SURNAME, TIME, TITLE, UNIT,
};
use super::reading::Reading;
use super::token::{Form, Token};

/// Rows of the weights; a power of two.
pub const ROWS: usize = 1 << 17;

/// Features of one token.
pub const FEATURES: usize = 34;

/// The rows that a token's features name.
pub type Rows = [u32; FEATURES];

impl Reading {
    fn token(&self, at: usize, offset: isize) -> Seen {
        let token = at.checked_add_signed(offset).and_then(|at| self.tokens().get(at));
        token.map_or(Seen::OUTSIDE, Seen::of)
    }

    /// The rows of the features of one token.
    pub fn rows(&self, at: usize) -> Rows {
        let around = self.around(at);
        let near: [Seen; 7] = std::array::from_fn(|n| self.token(at, n as isize - 3));
        let [far_before, before2, before, this, after, after2, far_after] = near;
        let ends = self.tokens().get(at).map_or([0; 4], |token| token.ends);
        let glued =
            self.tokens().get(at).map_or(0, |t| u32::from(t.glued[0]) * 2 + u32::from(t.glued[1]));
        let (case, code) = self.manner();
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
