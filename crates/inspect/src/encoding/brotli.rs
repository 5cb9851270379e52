//! Brotli, with windows of at most 16 MiB (RFC 7932, without the large-window extension).

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{Budget, Coding, Error, STEP};

pub(super) struct Unbrotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    ended: bool,
    total_out: usize,
    buffer: Vec<u8>,
}

impl Default for Unbrotli {
    fn default() -> Self {
        let alloc = StandardAlloc::default;
        let state = BrotliState::new_strict(alloc(), alloc(), alloc());
        Self { state, ended: false, total_out: 0, buffer: vec![0; STEP] }
    }
}

impl Unbrotli {
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn push(
        &mut self,
        chunk: &[u8],
        out: &mut Vec<u8>,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        if self.ended {
            return Err(Error::TrailingBytes(Coding::Brotli));
        }
        let (mut left, mut at) = (chunk.len(), 0);
        loop {
            let (mut room, mut made) = (self.buffer.len(), 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut at,
                chunk,
                &mut room,
                &mut made,
                &mut self.buffer,
                &mut self.total_out,
                &mut self.state,
            );
            budget.take(made)?;
            out.extend_from_slice(self.buffer.get(..made).unwrap_or_default());
            match result {
                BrotliResult::NeedsMoreOutput => {}
                BrotliResult::NeedsMoreInput => return Ok(()),
                BrotliResult::ResultFailure => return Err(Error::Damaged(Coding::Brotli)),
                BrotliResult::ResultSuccess => {
                    self.ended = true;
                    let more = left > 0;
                    return if more { Err(Error::TrailingBytes(Coding::Brotli)) } else { Ok(()) };
                }
            }
        }
    }
}
