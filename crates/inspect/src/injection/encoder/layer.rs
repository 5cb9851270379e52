//! One layer: every place looks at every other, then thinks for itself.

use super::kernel::{exponentials, normalise, switch};
use super::matrix::Matrix;
use super::{Norm, WIDTH};

pub(super) const HEADS: usize = 4;
/// Numbers by which a head compares places, and those that it hands on.
const KEY: usize = 16;
const VALUE: usize = WIDTH / HEADS;
/// Keys that are compared at once.
const LANES: usize = 8;
/// Queries and keys of all heads.
pub(super) const MATCH: usize = HEADS * KEY;
pub(super) const MIX: usize = 2 * MATCH + WIDTH;
pub(super) const INNER: usize = 256;
/// The distance in places up to which a head knows how far it looks.
pub(super) const REACH: usize = 32;
pub(super) const NEAR: usize = 2 * REACH + 1;

#[derive(Debug)]
pub(super) struct Layer {
    pub(super) before: Norm,
    pub(super) between: Norm,
    /// What a head adds by distance.
    pub(super) near: [[f32; NEAR]; HEADS],
    pub(super) mix: Matrix<WIDTH, MIX>,
    pub(super) out: Matrix<WIDTH, WIDTH>,
    pub(super) up: Matrix<WIDTH, INNER>,
    pub(super) down: Matrix<INNER, WIDTH>,
}

impl Layer {
    pub(super) fn forward(&self, places: &mut [[f32; WIDTH]]) {
        let mixed = self.attended(&self.mix.apply(&normalised(places, &self.before)));
        add(places, &self.out.apply(&mixed));
        let mut inner = self.up.apply(&normalised(places, &self.between));
        for value in inner.as_flattened_mut() {
            *value = switch(*value);
        }
        add(places, &self.down.apply(&inner));
    }

    fn attended(&self, mixed: &[[f32; MIX]]) -> Vec<[f32; WIDTH]> {
        let mut out = vec![[0.0; WIDTH]; mixed.len()];
        for (head, near) in self.near.iter().enumerate() {
            attend(head, near, mixed, &mut out);
        }
        out
    }
}

/// One head: each place gets the mean of all places' values, weighted by how their keys match its query.
fn attend(head: usize, near: &[f32; NEAR], mixed: &[[f32; MIX]], out: &mut [[f32; WIDTH]]) {
    let (query, value) = (head * KEY, 2 * MATCH + head * VALUE);
    let keys = keys(mixed, MATCH + head * KEY);
    let values: Vec<[f32; VALUE]> =
        mixed.iter().map(|row| std::array::from_fn(|d| row[value + d])).collect();
    let bias = distances(near, mixed.len());
    let mut weights = Vec::with_capacity(mixed.len() + LANES);
    for (place, (row, out)) in mixed.iter().zip(out).enumerate() {
        matches(&row[query..query + KEY], &keys, &mut weights);
        weights.truncate(mixed.len());
        for (weight, bias) in weights.iter_mut().zip(&bias[mixed.len() - 1 - place..]) {
            *weight += bias;
        }
        let sum = exponentials(&mut weights);
        let mean = weighted(&weights, &values);
        for (out, mean) in out[head * VALUE..].iter_mut().zip(mean) {
            *out = mean / sum;
        }
    }
}

/// The keys of a head, eight places side by side; what the last eight lack is zero.
fn keys(mixed: &[[f32; MIX]], first: usize) -> Vec<[[f32; LANES]; KEY]> {
    let key = |place: Option<&[f32; MIX]>, d| place.map_or(0.0, |row| row[first + d]);
    let block = |rows: &[[f32; MIX]]| {
        std::array::from_fn(|d| std::array::from_fn(|lane| key(rows.get(lane), d)))
    };
    mixed.chunks(LANES).map(block).collect()
}

/// What is added for every distance that occurs, from the furthest back to the furthest ahead.
fn distances(near: &[f32; NEAR], places: usize) -> Vec<f32> {
    (0..2 * places).map(|d| near[(d + 1 + REACH).saturating_sub(places).min(NEAR - 1)]).collect()
}

fn matches(query: &[f32], keys: &[[[f32; LANES]; KEY]], weights: &mut Vec<f32>) {
    weights.clear();
    for block in keys {
        let mut sums = [0.0; LANES];
        for (query, keys) in query.iter().zip(block) {
            for (sum, key) in sums.iter_mut().zip(keys) {
                *sum += query * key;
            }
        }
        weights.extend(sums.map(|sum| sum / (KEY as f32).sqrt()));
    }
}

fn weighted(weights: &[f32], values: &[[f32; VALUE]]) -> [f32; VALUE] {
    let mut sum = [0.0; VALUE];
    for (weight, value) in weights.iter().zip(values) {
        for (sum, value) in sum.iter_mut().zip(value) {
            *sum += weight * value;
        }
    }
    sum
}

pub(super) fn normalised(places: &[[f32; WIDTH]], norm: &Norm) -> Vec<[f32; WIDTH]> {
    places.iter().map(|place| normalise(place, norm)).collect()
}

fn add(places: &mut [[f32; WIDTH]], more: &[[f32; WIDTH]]) {
    for (place, more) in places.as_flattened_mut().iter_mut().zip(more.as_flattened()) {
        *place += more;
    }
}
