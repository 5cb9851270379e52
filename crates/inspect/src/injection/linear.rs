//! The linear model: weights of hashed features and of signs, one set for each channel.

use super::features::{GRAM_SLOTS, SIGN_SLOTS, Seen, sign_slots};

/// Begins a file of weights; the number is the version of the features.
const MAGIC: &[u8; 8] = b"pcinj\0\0\x04";
/// Three numbers of the linear model, then a [`Calibration`].
const NUMBERS: usize = 3 + 3 + TERMS;
/// How many numbers sum a text up.
pub const SUMMARY: usize = 5;
/// How many terms of them a calibration weighs.
pub const TERMS: usize = 7;

/// From the logits of all candidates of a text to its probability.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Calibration {
    /// For each of [`Calibration::terms`].
    pub weights: [f32; TERMS],
    pub offset: f32,
    /// The probability from which a text is called an attack.
    pub threshold: f32,
    /// A highest logit beyond says no more: what people type at length has a sentence that looks very
    /// bad even if all of it is honest.
    pub ceiling: f32,
}

impl Calibration {
    pub fn probability(&self, summary: &[f32; SUMMARY]) -> f32 {
        let terms = self.terms(summary);
        let sum: f32 = self.weights.iter().zip(&terms).map(|(weight, one)| weight * one).sum();
        1.0 / (1.0 + (-(sum + self.offset)).exp())
    }

    /// What is weighed: the summary with its highest logit below the ceiling, and how much the length
    /// changes what the highest and the mean say.
    pub fn terms(&self, summary: &[f32; SUMMARY]) -> [f32; TERMS] {
        let [highest, top, mean, many, length] = *summary;
        let highest = highest.min(self.ceiling);
        [highest, top, mean, many, length, highest * length, mean * length]
    }
}

/// How far below the highest logit the mean may pull: an attack cannot be diluted for ever.
const DILUTION: f32 = 8.0;
/// From so many candidates on, more of them make no difference.
const MANY: u32 = 64;

/// A text of so many bytes has the length 0; lengths are logarithms.
const MIDDLING: f32 = 150.0;
/// Longer and shorter texts count as so long, 1,000 bytes and 60: nobody makes an attack small by what
/// stands around it, and what three words mean is not learnt from texts of ten.
pub const MAX_LENGTH: f32 = 1.9;
const MIN_LENGTH: f32 = -0.9;

/// Sums a text up: its highest logit, the mean of its three highest, the mean of all, how many there
/// are, and its length. One line in a long page is judged by the first; a long jailbreak shows
/// everywhere.
pub fn summary(logits: impl Iterator<Item = f32>, bytes: usize) -> Option<[f32; SUMMARY]> {
    let mut best = [f32::MIN; 3];
    let (mut sum, mut count) = (0.0, 0_u32);
    for logit in logits {
        let mut next = logit;
        for place in &mut best {
            if next > *place {
                std::mem::swap(place, &mut next);
            }
        }
        sum += logit;
        count += 1;
    }
    let top = best.iter().take(count as usize);
    let places = count.min(3) as f32;
    let mean = (sum / count as f32).max(best[0] - DILUTION);
    let many = (count.min(MANY) as f32).ln();
    let length = (bytes.max(1) as f32 / MIDDLING).ln().clamp(MIN_LENGTH, MAX_LENGTH);
    (count > 0).then(|| [best[0], top.sum::<f32>() / places, mean, many, length])
}

/// As [`Weights::parse`] reads them: `MAGIC`, the numbers as `f32`, `i16` of each sign, `i8` of each
/// feature, little-endian.
#[derive(Clone, Debug)]
pub struct Weights<'b> {
    grams: &'b [u8; GRAM_SLOTS],
    signs: Vec<f32>,
    gram_scale: f32,
    bias: f32,
    pub calibration: Calibration,
}

impl<'b> Weights<'b> {
    /// Reads a file of weights; `None` if it is none, or of other features.
    pub fn parse(bytes: &'b [u8]) -> Option<Self> {
        let (numbers, rest) = bytes.strip_prefix(MAGIC)?.split_at_checked(NUMBERS * 4)?;
        let (signs, grams) = rest.split_at_checked(SIGN_SLOTS * 2)?;
        let mut number = numbers.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let (gram_scale, sign_scale, bias) = (number.next()?, number.next()?, number.next()?);
        let mut calibration = Calibration::default();
        for weight in &mut calibration.weights {
            *weight = number.next()?;
        }
        (calibration.offset, calibration.threshold) = (number.next()?, number.next()?);
        calibration.ceiling = number.next()?;
        let signs = signs.as_chunks::<2>().0.iter();
        let signs = signs.map(|bytes| f32::from(i16::from_le_bytes(*bytes)) * sign_scale).collect();
        let grams = grams.try_into().ok()?;
        Some(Self { grams, signs, gram_scale, bias, calibration })
    }

    /// Writes what [`Weights::parse`] reads.
    pub fn write(grams: &[f32], signs: &[f32], bias: f32, calibration: &Calibration) -> Vec<u8> {
        let most =
            |weights: &[f32]| weights.iter().fold(1e-6_f32, |most, weight| most.max(weight.abs()));
        let gram_scale = (most(grams) / 127.0).min(MAX_GRAM / 127.0);
        let sign_scale = most(signs) / 32_767.0;
        let Calibration { weights, offset, threshold, ceiling } = *calibration;
        let numbers = [gram_scale, sign_scale, bias]
            .into_iter()
            .chain(weights)
            .chain([offset, threshold, ceiling]);
        let mut out = MAGIC.to_vec();
        for number in numbers {
            out.extend(number.to_le_bytes());
        }
        out.extend(signs.iter().flat_map(|weight| ((weight / sign_scale) as i16).to_le_bytes()));
        out.extend(
            grams
                .iter()
                .map(|weight| (weight / gram_scale).round().clamp(-127.0, 127.0) as i8 as u8),
        );
        out
    }

    /// The weight of a hashed feature, in the file's units.
    #[inline]
    pub(super) fn gram(&self, slot: usize) -> i32 {
        self.grams.get(slot).map_or(0, |byte| i32::from(*byte as i8))
    }

    /// The logit of a candidate whose hashed features sum up to `sum`.
    pub(super) fn logit(&self, sum: i32, seen: &Seen) -> f32 {
        let mut logit =
            self.bias + self.gram_scale * sum as f32 / (seen.grams.max(1) as f32).sqrt();
        sign_slots(seen, |slot| logit += self.signs.get(slot).copied().unwrap_or(0.0));
        logit
    }
}

/// Weights beyond are cut, so that a few large ones do not take the precision of all others.
const MAX_GRAM: f32 = 6.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let mut grams = vec![0.0; GRAM_SLOTS];
        grams[7] = 1.0;
        grams[9] = -0.5;
        let mut signs = vec![0.0; SIGN_SLOTS];
        signs[3] = 0.25;
        let bytes = Weights::write(
            &grams,
            &signs,
            -1.0,
            &Calibration { weights: [1.0; TERMS], offset: 0.25, threshold: 0.5, ceiling: 7.0 },
        );
        let weights = Weights::parse(&bytes).unwrap();
        assert_eq!(
            (weights.gram(7), weights.gram(9), weights.calibration.threshold),
            (127, -64, 0.5)
        );
        assert!((weights.logit(127, &Seen { grams: 1, ..Seen::default() }) - 0.0).abs() < 1e-3);
        assert!(Weights::parse(&bytes[..bytes.len() - 1]).is_none());
    }

    #[test]
    fn a_ceiling_makes_no_difference_below_it() {
        let weights = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let calibration = Calibration { weights, ceiling: 7.0, ..Calibration::default() };
        let of = |highest: f32| calibration.probability(&[highest, 0.0, 0.0, 0.0, 0.0]);
        assert!(of(6.0) < of(7.0));
        assert_eq!(of(7.0), of(20.0));
    }

    #[test]
    fn sums_up() {
        let of = |logits: &[f32]| summary(logits.iter().copied(), 150);
        assert_eq!(of(&[1.0, 4.0, 2.0, 3.0]), Some([4.0, 3.0, 2.5, 4.0_f32.ln(), 0.0]));
        assert_eq!(of(&[2.0]), Some([2.0, 2.0, 2.0, 0.0, 0.0]));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_length_beyond_all_measure_counts_as_a_long_one() {
        let of = |bytes| summary([2.0].into_iter(), bytes).unwrap()[4];
        assert!(of(70) < of(200) && of(200) < of(1_000));
        assert_eq!(of(5), of(50));
        assert_eq!(of(2_000), of(usize::MAX));
        assert_eq!(of(0), of(2));
    }
}
