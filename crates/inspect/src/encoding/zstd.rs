//! Zstandard.
//!
//! The decoder beneath takes all blocks that it is given at once, and a block of four bytes can
//! stand for 128 KiB. So it is given one block at a time, and the output is bounded in between.

use ruzstd::decoding::FrameDecoder;

use super::{Budget, Coding, Error, MAX_MEMBERS, STEP};

/// What RFC 9659 lets an HTTP peer ask for.
const MAX_WINDOW: u64 = 8 * 1024 * 1024;

const MAGIC: u32 = 0xfd2f_b528;

/// Frames to be skipped have sixteen magic numbers (RFC 8878, section 3.1.2).
const SKIPPABLE: u32 = 0x184d_2a50;

enum Awaits {
    FrameHeader,
    /// In a frame: whether a checksum follows its last block.
    Block {
        checksum: bool,
    },
    /// Bytes of a frame that is to be skipped.
    Skip(usize),
}

pub(super) struct Unzstd {
    frame: FrameDecoder,
    awaits: Awaits,
    frames: usize,
    /// The start of what is not complete yet; never more than one block.
    pending: Vec<u8>,
    buffer: Vec<u8>,
}

impl Default for Unzstd {
    fn default() -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(MAX_WINDOW);
        Self {
            frame,
            awaits: Awaits::FrameHeader,
            frames: 0,
            pending: Vec::new(),
            buffer: vec![0; STEP],
        }
    }
}

const DAMAGED: Error = Error::Damaged(Coding::Zstd);

impl Unzstd {
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.awaits, Awaits::FrameHeader) && self.pending.is_empty() && self.frames > 0
    }

    pub(super) fn push(
        &mut self,
        chunk: &[u8],
        out: &mut Vec<u8>,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        let mut held = std::mem::take(&mut self.pending);
        held.extend_from_slice(chunk);
        let mut rest = held.as_slice();
        loop {
            let used = match self.awaits {
                Awaits::FrameHeader => self.header(rest)?,
                Awaits::Skip(left) => Some(self.skip(left, rest.len())),
                Awaits::Block { checksum } => self.block(rest, checksum, out, budget)?,
            };
            match used {
                Some(used) if used > 0 || !rest.is_empty() => {
                    rest = rest.get(used..).unwrap_or_default();
                }
                _ => break,
            }
        }
        let done = held.len() - rest.len();
        held.drain(..done);
        self.pending = held;
        Ok(())
    }

    fn skip(&mut self, left: usize, available: usize) -> usize {
        let used = left.min(available);
        self.awaits = if used == left { Awaits::FrameHeader } else { Awaits::Skip(left - used) };
        used
    }

    /// Begins a frame (RFC 8878, section 3.1.1.1). None: not complete yet.
    fn header(&mut self, rest: &[u8]) -> Result<Option<usize>, Error> {
        let Some(magic) = rest.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes)) else {
            return Ok(None);
        };
        if magic != MAGIC && magic & 0xffff_fff0 != SKIPPABLE {
            let is_first = self.frames == 0;
            return Err(if is_first { DAMAGED } else { Error::TrailingBytes(Coding::Zstd) });
        }
        if magic != MAGIC {
            let Some(size) = rest.get(4..).and_then(|size| size.first_chunk::<4>()) else {
                return Ok(None);
            };
            self.count_frame()?;
            self.awaits = Awaits::Skip(u32::from_le_bytes(*size) as usize);
            return Ok(Some(8));
        }
        let Some(descriptor) = rest.get(4).copied() else { return Ok(None) };
        let length = header_length(descriptor);
        let Some(mut header) = rest.get(..length) else { return Ok(None) };
        self.count_frame()?;
        self.frame.reset(&mut header).map_err(|_| DAMAGED)?;
        self.awaits = Awaits::Block { checksum: descriptor & 4 != 0 };
        Ok(Some(length))
    }

    fn count_frame(&mut self) -> Result<(), Error> {
        self.frames += 1;
        if self.frames > MAX_MEMBERS { Err(Error::TooManyMembers(Coding::Zstd)) } else { Ok(()) }
    }

    /// Decodes one whole block (RFC 8878, section 3.1.1.2).
    fn block(
        &mut self,
        rest: &[u8],
        checksum: bool,
        out: &mut Vec<u8>,
        budget: &mut Budget,
    ) -> Result<Option<usize>, Error> {
        let Some([a, b, c]) = rest.first_chunk::<3>() else { return Ok(None) };
        let header = u32::from_le_bytes([*a, *b, *c, 0]);
        let (is_last, kind, size) = (header & 1 == 1, header >> 1 & 3, header as usize >> 3);
        let content = if kind == 1 { 1 } else { size };
        let length = 3 + content + if is_last && checksum { 4 } else { 0 };
        if content > 128 * 1024 {
            return Err(DAMAGED);
        }
        let Some(block) = rest.get(..length) else { return Ok(None) };
        let (used, made) = self.decode(block, out, budget)?;
        if used != length {
            return Err(DAMAGED);
        }
        self.drain(made, out, budget)?;
        if is_last {
            self.end(checksum)?;
        }
        Ok(Some(length))
    }

    fn decode(
        &mut self,
        block: &[u8],
        out: &mut Vec<u8>,
        budget: &mut Budget,
    ) -> Result<(usize, usize), Error> {
        let (used, made) =
            self.frame.decode_from_to(block, &mut self.buffer).map_err(|_| DAMAGED)?;
        budget.take(made)?;
        out.extend_from_slice(self.buffer.get(..made).unwrap_or_default());
        Ok((used, made))
    }

    fn drain(
        &mut self,
        mut made: usize,
        out: &mut Vec<u8>,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        while made > 0 && self.frame.can_collect() > 0 {
            made = std::io::Read::read(&mut self.frame, &mut self.buffer).map_err(|_| DAMAGED)?;
            budget.take(made)?;
            out.extend_from_slice(self.buffer.get(..made).unwrap_or_default());
        }
        Ok(())
    }

    fn end(&mut self, checksum: bool) -> Result<(), Error> {
        let declared = self.frame.get_checksum_from_data();
        if checksum && declared != self.frame.get_calculated_checksum() {
            return Err(DAMAGED);
        }
        self.awaits = Awaits::FrameHeader;
        Ok(())
    }
}

/// Magic number, descriptor, and the fields that the descriptor announces.
fn header_length(descriptor: u8) -> usize {
    let single = descriptor >> 5 & 1 == 1;
    let dictionary = match descriptor & 3 {
        0 => 0,
        1 => 1,
        2 => 2,
        _ => 4,
    };
    let size = match descriptor >> 6 {
        0 => usize::from(single),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    5 + usize::from(!single) + dictionary + size
}
