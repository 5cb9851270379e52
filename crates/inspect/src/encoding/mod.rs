//! Content codings (RFC 9110, section 8.4), undone so that what they hide can be inspected.
//!
//! Bounded on every side: the output by the caller's limit (absolute, so a small bomb is caught
//! like a large answer), the window of zstd by what RFC 9659 allows for HTTP, members and stacked
//! codings by number. Strict: a body that is cut off, damaged, or goes on after its end is an
//! error, for another decoder might read it differently.
//!
//! A limit of the zstd decoder beneath: it gives bytes out only once they have left its window, so
//! a streamed zstd answer comes late. A gate that streams should not offer zstd to the upstream.

mod brotli;
mod deflate;
mod zstd;

use thiserror::Error as ThisError;

/// Codings of one body, inside each other.
pub const MAX_CODINGS: usize = 4;

/// Members of one gzip body, or frames of one zstd body.
pub const MAX_MEMBERS: usize = 1024;

/// Bytes that a decoder gives out at once.
const STEP: usize = 16 * 1024;

/// One content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950; without its header (RFC 1951) as well, as some servers send it.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

/// Why a body could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub enum Error {
    #[error("unknown content coding; use gzip, deflate, br or zstd")]
    UnknownCoding,
    #[error("more than {MAX_CODINGS} content codings inside each other")]
    TooManyCodings,
    #[error("the decoded body is larger than the limit of {0} bytes")]
    TooLarge(usize),
    #[error("the {0:?} body is damaged")]
    Damaged(Coding),
    #[error("the {0:?} body ends too early")]
    Truncated(Coding),
    #[error("there is more after the end of the {0:?} body")]
    TrailingBytes(Coding),
    #[error("the {0:?} body has more than {MAX_MEMBERS} members")]
    TooManyMembers(Coding),
}

/// Reads the value of `Content-Encoding`, in the order in which the codings were applied. Several
/// fields are joined with commas before; `identity` and empty elements are nothing.
pub fn parse(value: &str) -> Result<Vec<Coding>, Error> {
    let mut codings = Vec::new();
    for name in value.split(',').map(str::trim) {
        let coding = match name.to_ascii_lowercase().as_str() {
            "" | "identity" => continue,
            "gzip" | "x-gzip" => Coding::Gzip,
            "deflate" => Coding::Deflate,
            "br" => Coding::Brotli,
            "zstd" => Coding::Zstd,
            _ => return Err(Error::UnknownCoding),
        };
        if codings.len() == MAX_CODINGS {
            return Err(Error::TooManyCodings);
        }
        codings.push(coding);
    }
    Ok(codings)
}

/// Decodes a whole body to at most `max_out` bytes. No byte at all decodes to none.
pub fn decode(codings: &[Coding], body: &[u8], max_out: usize) -> Result<Vec<u8>, Error> {
    let mut decoder = Decoder::new(codings, max_out);
    let mut out = Vec::new();
    decoder.push(body, &mut out)?;
    decoder.finish()?;
    Ok(out)
}

/// Decodes a body that arrives in pieces.
pub struct Decoder {
    /// The coding applied last comes first.
    stages: Vec<Stage>,
    budget: Budget,
}

impl Decoder {
    /// `codings` in the order in which they were applied; `max_out` bounds the output of each, over
    /// the life of the decoder.
    pub fn new(codings: &[Coding], max_out: usize) -> Self {
        let stages = codings.iter().rev().map(|coding| Stage::new(*coding, max_out)).collect();
        Self { stages, budget: Budget::new(max_out) }
    }

    /// Appends what the chunk decodes to. After an error the decoder is of no more use.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let Some((last, before)) = self.stages.split_last_mut() else {
            self.budget.take(chunk.len())?;
            out.extend_from_slice(chunk);
            return Ok(());
        };
        let mut held;
        let mut chunk = chunk;
        let mut between = Vec::new();
        for stage in before {
            stage.push(chunk, &mut between)?;
            held = std::mem::take(&mut between);
            chunk = &held;
        }
        last.push(chunk, out)
    }

    /// The body has ended: an error when a coding has not.
    pub fn finish(&self) -> Result<(), Error> {
        self.stages.iter().try_for_each(Stage::finish)
    }
}

/// What a stage may still give out.
struct Budget {
    max: usize,
    left: usize,
}

impl Budget {
    fn new(max: usize) -> Self {
        Self { max, left: max }
    }

    fn take(&mut self, bytes: usize) -> Result<(), Error> {
        self.left = self.left.checked_sub(bytes).ok_or(Error::TooLarge(self.max))?;
        Ok(())
    }
}

/// One coding being undone.
struct Stage {
    coding: Coding,
    budget: Budget,
    started: bool,
    decoder: Inner,
}

enum Inner {
    Deflate(deflate::Inflater),
    Brotli(Box<brotli::Unbrotli>),
    Zstd(Box<zstd::Unzstd>),
}

impl Stage {
    fn new(coding: Coding, max_out: usize) -> Self {
        let decoder = match coding {
            Coding::Gzip | Coding::Deflate => Inner::Deflate(deflate::Inflater::new(coding)),
            Coding::Brotli => Inner::Brotli(Box::default()),
            Coding::Zstd => Inner::Zstd(Box::default()),
        };
        Self { coding, budget: Budget::new(max_out), started: false, decoder }
    }

    fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        if chunk.is_empty() {
            return Ok(());
        }
        self.started = true;
        match &mut self.decoder {
            Inner::Deflate(inflater) => inflater.push(chunk, out, &mut self.budget),
            Inner::Brotli(brotli) => brotli.push(chunk, out, &mut self.budget),
            Inner::Zstd(zstd) => zstd.push(chunk, out, &mut self.budget),
        }
    }

    fn finish(&self) -> Result<(), Error> {
        let ended = match &self.decoder {
            Inner::Deflate(inflater) => inflater.has_ended(),
            Inner::Brotli(brotli) => brotli.has_ended(),
            Inner::Zstd(zstd) => zstd.has_ended(),
        };
        if ended || !self.started { Ok(()) } else { Err(Error::Truncated(self.coding)) }
    }
}

#[cfg(test)]
mod tests;
