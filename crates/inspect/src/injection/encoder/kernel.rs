//! The arithmetic, written so that the compiler makes vector instructions of it: arrays of fixed
//! length, no early exits, and for the products pairs of 16-bit numbers summed into 32 bits, which
//! every x86-64 and AArch64 machine has an instruction for.

use super::{Norm, WIDTH};

/// The largest activation after quantisation: 12 bits, which no product's sum overflows 32 bits with.
const LARGEST: f32 = 2047.0;
const EPSILON: f32 = 1e-5;

/// The sum of products; in 32 bits since `|a| <= 2047`, `|b| <= 127` and `N <= 512`.
///
/// Eight sums side by side are what the compiler turns into one multiply-and-add for eight numbers; a
/// plain sum over the row gets half of that.
pub(super) fn product<const N: usize>(a: &[i16; N], b: &[i16; N]) -> i32 {
    let mut sums = [0; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += i32::from(*a) * i32::from(*b);
        }
    }
    sums.iter().sum()
}

pub(super) fn dot<const N: usize>(a: &[f32; N], b: &[f32; N]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}

/// A row as 12-bit numbers, and what one of them stands for.
pub(super) fn quantise<const N: usize>(row: &[f32; N]) -> ([i16; N], f32) {
    let largest = folded(row, 1e-9, |largest, value| largest.max(value.abs()));
    let scale = LARGEST / largest;
    let mut out = [0; N];
    for (out, value) in out.iter_mut().zip(row) {
        // At most 2047 in magnitude by the choice of the scale; not a number becomes zero.
        *out = nearest(value * scale) as i16;
    }
    (out, largest / LARGEST)
}

/// Adding and reading back 1.5 · 2^23 leaves the nearest whole number in the low bits.
fn nearest(value: f32) -> i32 {
    const SHIFT: f32 = 12_582_912.0;
    (value + SHIFT).to_bits() as i32 - SHIFT.to_bits() as i32
}

/// Mean zero and variance one, then weight and bias.
pub(super) fn normalise(row: &[f32; WIDTH], norm: &Norm) -> [f32; WIDTH] {
    let ones = [1.0; WIDTH];
    let mean = dot(row, &ones) / WIDTH as f32;
    let centred: [f32; WIDTH] = std::array::from_fn(|d| row[d] - mean);
    let factor = (dot(&centred, &centred) / WIDTH as f32 + EPSILON).sqrt().recip();
    std::array::from_fn(|d| centred[d] * factor * norm.weight[d] + norm.bias[d])
}

/// Replaces each value by the exponential of its distance to the highest, and gives the sum.
pub(super) fn exponentials(values: &mut [f32]) -> f32 {
    let highest = folded(values, f32::NEG_INFINITY, f32::max);
    for value in values.iter_mut() {
        *value = exponential(*value - highest);
    }
    folded(values, 0.0, |sum, value| sum + value)
}

/// A fold in eight lanes, since one after the other each step would wait for the one before.
fn folded(values: &[f32], start: f32, step: impl Fn(f32, f32) -> f32) -> f32 {
    let (parts, rest) = values.as_chunks::<8>();
    let mut lanes = [start; 8];
    for part in parts {
        for (lane, value) in lanes.iter_mut().zip(part) {
            *lane = step(*lane, *value);
        }
    }
    lanes.iter().chain(rest).fold(start, |folded, value| step(folded, *value))
}

/// `exp`, to six digits: a power of two by the exponent's bits, the rest by a polynomial.
pub(super) fn exponential(x: f32) -> f32 {
    let x = x.clamp(-80.0, 80.0) * std::f32::consts::LOG2_E;
    let whole = nearest(x);
    let f = (x - whole as f32) * std::f32::consts::LN_2;
    let rest = 1.0 + f * (1.0 + f * (0.5 + f * (1.0 / 6.0 + f * (1.0 / 24.0 + f / 120.0))));
    rest * f32::from_bits(((whole + 127) as u32) << 23)
}

/// The smooth switch between the two halves of a layer: `x · σ(1.702 x)`.
pub(super) fn switch(x: f32) -> f32 {
    x / (1.0 + exponential(-1.702 * x))
}
