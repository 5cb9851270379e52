//! The model file: a mark, the dimensions, the vocabulary, the words, then the weights of each network
//! in the order of their use: first what reads users' texts, then what reads material.

use super::layer::{HEADS, INNER, Layer, MATCH, MIX, REACH};
use super::matrix::Matrix;
use super::pieces::Pieces;
use super::{CHANNELS, Encoder, Network, Norm, SHAPES, Verdict, WIDTH};

const MARK: &[u8] = b"PCENC\x02";
const LAYERS: usize = 2;
const DIMENSIONS: [usize; 6] = [WIDTH, HEADS, MATCH, INNER, LAYERS, REACH];
/// The vocabulary is indexed in 16 bits.
const MAX_VOCABULARY: usize = 1 << 16;
const MAX_FOLDS: usize = 1 << 16;
const UPPER: u32 = 1 << 31;

/// Why a model file cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    #[error("this is no encoder, or one of another version; train it again")]
    Mark,
    #[error("the encoder has other dimensions than this program; train it with this version")]
    Dimensions,
    #[error("the encoder ends early or holds what is no text; copy it again")]
    Content,
    #[error("the encoder is longer than its parts; copy it again")]
    Rest,
}

type Read<T> = Result<T, FileError>;

struct Reader<'a>(&'a [u8]);

pub(super) fn read(bytes: &[u8]) -> Read<Encoder> {
    let mut reader = Reader(bytes.strip_prefix(MARK).ok_or(FileError::Mark)?);
    for dimension in DIMENSIONS {
        if reader.count()? != dimension {
            return Err(FileError::Dimensions);
        }
    }
    let (vocabulary, folds) = (reader.count()?, reader.count()?);
    if !(2..=MAX_VOCABULARY).contains(&vocabulary) || folds > MAX_FOLDS {
        return Err(FileError::Dimensions);
    }
    let encoder = Encoder {
        pieces: reader.pieces(vocabulary, folds)?,
        words: reader.words(vocabulary)?,
        networks: [reader.network()?, reader.network()?],
    };
    if reader.0.is_empty() { Ok(encoder) } else { Err(FileError::Rest) }
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Read<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(FileError::Content)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| FileError::Content)
    }

    fn number(&mut self) -> Read<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn count(&mut self) -> Read<usize> {
        usize::try_from(self.number()?).map_err(|_| FileError::Content)
    }

    /// A finite number: one that is not would make every answer nonsense.
    fn float(&mut self) -> Read<f32> {
        let value = f32::from_le_bytes(self.array()?);
        if value.is_finite() { Ok(value) } else { Err(FileError::Content) }
    }

    fn floats(&mut self, count: usize) -> Read<Vec<f32>> {
        (0..count).map(|_| self.float()).collect()
    }

    fn row<const N: usize>(&mut self) -> Read<[f32; N]> {
        let mut row = [0.0; N];
        for value in &mut row {
            *value = self.float()?;
        }
        Ok(row)
    }

    fn rows<const ROWS: usize, const N: usize>(&mut self) -> Read<[[f32; N]; ROWS]> {
        let mut rows = [[0.0; N]; ROWS];
        for row in &mut rows {
            *row = self.row()?;
        }
        Ok(rows)
    }

    fn char(value: u32) -> Read<char> {
        char::from_u32(value).ok_or(FileError::Content)
    }

    fn pieces(&mut self, vocabulary: usize, folds: usize) -> Read<Pieces> {
        let mut pieces = Pieces::with_room(vocabulary, folds);
        for id in 0..vocabulary {
            let [length] = self.array()?;
            let raw = self.take(usize::from(length))?;
            let piece = std::str::from_utf8(raw).map_err(|_| FileError::Content)?;
            pieces.add_piece(piece, u16::try_from(id).map_err(|_| FileError::Dimensions)?);
        }
        for _ in 0..folds {
            let (from, to) = (self.number()?, self.number()?);
            pieces.add_fold(Self::char(from)?, Self::char(to & !UPPER)?, to & UPPER != 0);
        }
        Ok(pieces)
    }

    /// Rows in 8 bits, which stay as they are: they are looked up, not multiplied.
    fn words(&mut self, count: usize) -> Read<Vec<([i8; WIDTH], f32)>> {
        let scales = self.floats(count)?;
        let row = |scale| Ok((self.array::<WIDTH>()?.map(u8::cast_signed), scale));
        scales.into_iter().map(row).collect()
    }

    fn network(&mut self) -> Read<Network> {
        Ok(Network {
            shapes: self.rows::<SHAPES, WIDTH>()?,
            channels: self.rows::<CHANNELS, WIDTH>()?,
            merge: self.matrix()?,
            layers: (0..LAYERS).map(|_| self.layer()).collect::<Read<_>>()?,
            after: self.norm()?,
            look: self.look()?,
            judge: self.verdicts()?,
        })
    }

    fn matrix<const IN: usize, const OUT: usize>(&mut self) -> Read<Matrix<IN, OUT>> {
        let scales = self.floats(OUT)?;
        let row = |_| Ok(self.array::<IN>()?.map(|value| i16::from(value.cast_signed())));
        let weights = (0..OUT).map(row).collect::<Read<_>>()?;
        Ok(Matrix { weights, scales, biases: self.floats(OUT)? })
    }

    fn norm(&mut self) -> Read<Norm> {
        Ok(Norm { weight: self.row()?, bias: self.row()? })
    }

    fn layer(&mut self) -> Read<Layer> {
        Ok(Layer {
            before: self.norm()?,
            between: self.norm()?,
            near: self.rows()?,
            mix: self.matrix::<WIDTH, MIX>()?,
            out: self.matrix()?,
            up: self.matrix()?,
            down: self.matrix()?,
        })
    }

    /// The constant of a question changes no weight, so it is passed over.
    fn look(&mut self) -> Read<[[f32; WIDTH]; CHANNELS]> {
        let rows = self.rows()?;
        self.floats(CHANNELS)?;
        Ok(rows)
    }

    fn verdicts(&mut self) -> Read<[Verdict; CHANNELS]> {
        let [user, tool] = self.rows::<{ 2 * CHANNELS }, WIDTH>().map(|rows| {
            let [user_seen, user_most, tool_seen, tool_most] = rows;
            [(user_seen, user_most), (tool_seen, tool_most)]
        })?;
        let [user_bias, tool_bias] = self.row::<CHANNELS>()?;
        let verdict = |(seen, most), bias| Verdict { seen, most, bias };
        Ok([verdict(user, user_bias), verdict(tool, tool_bias)])
    }
}
