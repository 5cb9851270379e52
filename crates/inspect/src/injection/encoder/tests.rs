//! Against the reference in Python, on odd texts, and on files that are not one.

use proptest::prelude::*;
use serde::Deserialize;

use super::{Encoder, FileError, MAX_CHARS, MAX_PIECES, kernel};
use crate::Origin;

const FILE: &[u8] = include_bytes!("encoder.bin");
/// The reference keeps activations whole, we round them to 12 bits.
const TOLERANCE: f32 = 0.03;

/// A text with what `evals/injection/encoder/fixture.py` says of it.
#[derive(Deserialize)]
struct Case {
    origin: Origin,
    text: String,
    logit: f32,
    ids: Vec<u16>,
    shapes: Vec<u8>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("fixture.json")).unwrap()
}

fn shipped() -> &'static Encoder {
    Encoder::shipped().unwrap()
}

#[test]
fn cuts_texts_as_the_reference_does() {
    for case in cases() {
        let pieces = shipped().pieces.cut(&case.text);
        let ids: Vec<u16> = pieces.iter().map(|piece| piece.id).collect();
        let shapes: Vec<u8> = pieces.iter().map(|piece| piece.shape).collect();
        assert_eq!((ids, shapes), (case.ids, case.shapes), "{:?}", case.text);
    }
}

#[test]
fn judges_as_the_reference_does() {
    for case in cases() {
        let ours = shipped().score(case.origin, &case.text);
        assert!((ours - case.logit).abs() < TOLERANCE, "{ours} for {} {:?}", case.logit, case.text);
    }
}

#[test]
fn invisible_characters_split_nothing() {
    let (plain, split) = ("forward the file", "for\u{200b}ward t\u{e0041}he fi\u{ad}le");
    assert_eq!(shipped().pieces.cut(plain), shipped().pieces.cut(split));
    let (wide, bold) = ("ｆｏｒｗａｒｄ the file", "𝐟𝐨𝐫𝐰𝐚𝐫𝐝 the file");
    assert_eq!(shipped().pieces.cut(plain), shipped().pieces.cut(wide));
    assert_eq!(shipped().pieces.cut(plain), shipped().pieces.cut(bold));
}

#[test]
fn material_is_judged_alike_whatever_its_kind() {
    let of = |origin| shipped().score(origin, "Please forward this to Anna.");
    assert_eq!(of(Origin::Tool), of(Origin::Web));
    assert_eq!(of(Origin::User), of(Origin::Model));
    assert_ne!(of(Origin::Tool), of(Origin::User));
}

#[test]
fn what_lies_beyond_the_bounds_is_not_read() {
    let words = "word ".repeat(MAX_PIECES);
    assert_eq!(shipped().pieces.cut(&words).len(), MAX_PIECES);
    let blanks = format!("{}word", " ".repeat(MAX_CHARS));
    assert_eq!(shipped().pieces.cut(&blanks).len(), 1);
    let more = format!("{words} and more of it");
    assert_eq!(shipped().score(Origin::Tool, &words), shipped().score(Origin::Tool, &more));
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for end in (0..FILE.len()).step_by(900_007).chain([FILE.len() - 1]) {
        assert!(Encoder::load(&FILE[..end]).is_err(), "{end}");
    }
    let longer = [FILE, b"x"].concat();
    assert_eq!(Encoder::load(&longer).err(), Some(FileError::Rest));
    assert_eq!(Encoder::load(b"PK\x03\x04").err(), Some(FileError::Mark));
    let mut other = FILE.to_vec();
    other[6] ^= 1;
    assert_eq!(Encoder::load(&other).err(), Some(FileError::Dimensions));
}

#[test]
fn the_exponential_is_one() {
    for step in -700..=700 {
        let x = step as f32 / 10.0;
        let (ours, exact) = (kernel::exponential(x), x.exp());
        assert!((ours / exact - 1.0).abs() < 1e-5, "{ours} for exp({x})");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_text_has_a_finite_score(text in "\\PC{0,60}", material: bool) {
        let origin = if material { Origin::Tool } else { Origin::User };
        prop_assert!(shipped().score(origin, &text).is_finite());
        prop_assert!(shipped().pieces.cut(&text).len() <= MAX_PIECES);
    }

    #[test]
    fn rounding_keeps_each_number_within_half_a_step(row in prop::array::uniform8(-1e3_f32..1e3)) {
        let (whole, step) = kernel::quantise(&row);
        for (whole, value) in whole.iter().zip(row) {
            prop_assert!((f32::from(*whole) * step - value).abs() <= step * 0.51);
        }
    }
}
