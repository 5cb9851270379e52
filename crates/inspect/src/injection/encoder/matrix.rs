//! A linear map with 8-bit weights.

use super::kernel::{product, quantise};

#[derive(Debug)]
pub(super) struct Matrix<const IN: usize, const OUT: usize> {
    /// 8 bits wide by value; stored as the product takes them.
    pub(super) weights: Vec<[i16; IN]>,
    pub(super) scales: Vec<f32>,
    pub(super) biases: Vec<f32>,
}

impl<const IN: usize, const OUT: usize> Matrix<IN, OUT> {
    pub(super) fn apply(&self, rows: &[[f32; IN]]) -> Vec<[f32; OUT]> {
        let mut out = Vec::with_capacity(rows.len());
        let mut sums = [0; OUT];
        for row in rows {
            let (whole, step) = quantise(row);
            for (sum, weights) in sums.iter_mut().zip(&self.weights) {
                *sum = product(&whole, weights);
            }
            let mut values = [0.0; OUT];
            for (value, ((sum, scale), bias)) in
                values.iter_mut().zip(sums.iter().zip(&self.scales).zip(&self.biases))
            {
                *value = *sum as f32 * (step * scale) + bias;
            }
            out.push(values);
        }
        out
    }
}
