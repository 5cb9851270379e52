//! The second reader of what is doubtful: two small transformers over the same words, one for what people
//! type and one for windows of material, trained by `evals/injection/encoder`.
//!
//! It is asked only where the linear model is unsure, so it may cost a thousand times as much and still
//! be a small part of the whole. Its words come from MiniLM's vocabulary, so that a word that training
//! never met still stands near those that mean the same. Weights are 8 bits wide, activations are put
//! into 12 bits before each product, sums are 32 bits; attention is plain `f32`.
//!
//! Everything is bounded: a window is at most [`MAX_PIECES`] pieces from at most [`MAX_CHARS`] characters,
//! and what lies beyond is not read. Callers cut long texts into windows.

mod file;
mod kernel;
mod layer;
mod matrix;
mod pieces;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::Origin;

pub use file::FileError;
pub use pieces::{MAX_CHARS, MAX_PIECES};

use kernel::{dot, exponentials};
use layer::Layer;
use matrix::Matrix;
use pieces::{Piece, Pieces};

/// Numbers that stand for one place of a window.
const WIDTH: usize = 128;
/// Pieces that are merged into one place: two, and one on either side.
const SPAN: usize = 4 * WIDTH;
/// Where both the written form of a piece and what stands before it can be one of three.
const SHAPES: usize = 9;
/// Whose words they are: those of who may give orders, or material.
const CHANNELS: usize = 2;

/// The vocabulary and what reads it.
#[derive(Debug)]
pub struct Encoder {
    pieces: Pieces,
    /// A row of 8-bit numbers with its scale for each piece.
    words: Vec<([i8; WIDTH], f32)>,
    /// For what people type, and for material.
    networks: [Network; CHANNELS],
}

/// Everything but the words. Each was trained with both channels in mind, or with one alone.
#[derive(Debug)]
struct Network {
    shapes: [[f32; WIDTH]; SHAPES],
    channels: [[f32; WIDTH]; CHANNELS],
    merge: Matrix<SPAN, WIDTH>,
    layers: Vec<Layer>,
    after: Norm,
    look: [[f32; WIDTH]; CHANNELS],
    judge: [Verdict; CHANNELS],
}

/// Weight and bias of a layer normalisation.
#[derive(Debug)]
struct Norm {
    weight: [f32; WIDTH],
    bias: [f32; WIDTH],
}

/// What the logit of a channel is made of: the attended mean, the highest values, a constant.
#[derive(Debug)]
struct Verdict {
    seen: [f32; WIDTH],
    most: [f32; WIDTH],
    bias: f32,
}

static SHIPPED: LazyLock<Result<Encoder, FileError>> =
    LazyLock::new(|| Encoder::load(include_bytes!("encoder.bin")));

impl Encoder {
    /// The encoder that is part of this program; read at its first use.
    ///
    /// # Errors
    ///
    /// When the built-in file cannot be read, which a test rules out.
    pub fn shipped() -> Result<&'static Self, &'static FileError> {
        SHIPPED.as_ref()
    }

    /// Reads the file that `evals/injection/encoder/train.py` writes.
    ///
    /// # Errors
    ///
    /// When the file is cut short, of another kind, or of other dimensions than this code.
    pub fn load(bytes: &[u8]) -> Result<Self, FileError> {
        file::read(bytes)
    }

    /// How much the window looks like an instruction to the model: a logit, above zero for yes.
    #[must_use]
    pub fn score(&self, origin: Origin, text: &str) -> f32 {
        let of = usize::from(origin.is_material());
        let network = &self.networks[of];
        let mut places = network.places(&self.embedded(of, &self.pieces.cut(text)));
        for layer in &network.layers {
            layer.forward(&mut places);
        }
        network.verdict(of, &layer::normalised(&places, &network.after))
    }

    /// Each piece as the sum of what it is, how it is written and who wrote it.
    fn embedded(&self, of: usize, pieces: &[Piece]) -> Vec<[f32; WIDTH]> {
        let network = &self.networks[of];
        let channel = &network.channels[of];
        let embed = |piece: &Piece| {
            let (word, scale) = &self.words[usize::from(piece.id)];
            let shape = &network.shapes[usize::from(piece.shape)];
            std::array::from_fn(|d| f32::from(word[d]) * scale + shape[d] + channel[d])
        };
        pieces.iter().map(embed).collect()
    }
}

impl Network {
    /// Two pieces make a place, which also sees one more piece on either side.
    fn places(&self, pieces: &[[f32; WIDTH]]) -> Vec<[f32; WIDTH]> {
        const NOTHING: [f32; WIDTH] = [0.0; WIDTH];
        let at = |index: usize| pieces.get(index).unwrap_or(&NOTHING);
        let spans: Vec<[f32; SPAN]> = (0..pieces.len())
            .step_by(2)
            .map(|first| {
                let before = first.checked_sub(1).map_or(&NOTHING, at);
                let parts = [before, at(first), at(first + 1), at(first + 2)];
                std::array::from_fn(|d| parts[d / WIDTH][d % WIDTH])
            })
            .collect();
        let mut places = self.merge.apply(&spans);
        for (place, span) in places.iter_mut().zip(&spans) {
            for (d, value) in place.iter_mut().enumerate() {
                *value += f32::midpoint(span[WIDTH + d], span[2 * WIDTH + d]);
            }
        }
        places
    }

    /// The logit: what the channel's question finds on average, and the highest of everything.
    fn verdict(&self, of: usize, places: &[[f32; WIDTH]]) -> f32 {
        let mut weights: Vec<f32> = places.iter().map(|x| dot(x, &self.look[of])).collect();
        let sum = exponentials(&mut weights);
        let (mut seen, mut most) = ([0.0; WIDTH], [f32::NEG_INFINITY; WIDTH]);
        for (place, weight) in places.iter().zip(&weights) {
            for d in 0..WIDTH {
                seen[d] += place[d] * weight / sum;
                most[d] = most[d].max(place[d]);
            }
        }
        let judge = &self.judge[of];
        dot(&seen, &judge.seen) + dot(&most, &judge.most) + judge.bias
    }
}
