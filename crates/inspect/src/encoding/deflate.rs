//! gzip and deflate.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Budget, Coding, Error, MAX_MEMBERS, STEP};

/// The largest window there is (RFC 1951): 32 KiB.
const WINDOW_BITS: u8 = 15;

pub(super) struct Inflater {
    coding: Coding,
    /// None before the first byte of a member.
    member: Option<Decompress>,
    members: usize,
    buffer: Vec<u8>,
}

impl Inflater {
    pub(super) fn new(coding: Coding) -> Self {
        Self { coding, member: None, members: 0, buffer: vec![0; STEP] }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.member.is_none() && self.members > 0
    }

    pub(super) fn push(
        &mut self,
        mut chunk: &[u8],
        out: &mut Vec<u8>,
        budget: &mut Budget,
    ) -> Result<(), Error> {
        while let Some(first) = chunk.first() {
            let mut member = match self.member.take() {
                Some(member) => member,
                None => self.begin(*first)?,
            };
            let (used, ended) = self.inflate(&mut member, chunk, out, budget)?;
            chunk = chunk.get(used..).unwrap_or_default();
            if !ended {
                self.member = Some(member);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Starts the first member, or the next one of gzip (RFC 1952, section 2.2).
    fn begin(&mut self, first: u8) -> Result<Decompress, Error> {
        let is_gzip = self.coding == Coding::Gzip;
        if self.members > 0 && !(is_gzip && first == 0x1f) {
            return Err(Error::TrailingBytes(self.coding));
        }
        if self.members == MAX_MEMBERS {
            return Err(Error::TooManyMembers(self.coding));
        }
        self.members += 1;
        if is_gzip {
            return Ok(Decompress::new_gzip(WINDOW_BITS));
        }
        // The method in a zlib header is always 8; a block of raw deflate does not start so.
        Ok(Decompress::new(first & 0x0f == 8))
    }

    /// Gives the number of bytes used, and whether the member has ended.
    fn inflate(
        &mut self,
        member: &mut Decompress,
        chunk: &[u8],
        out: &mut Vec<u8>,
        budget: &mut Budget,
    ) -> Result<(usize, bool), Error> {
        let mut used = 0;
        loop {
            let rest = chunk.get(used..).unwrap_or_default();
            let (before_in, before_out) = (member.total_in(), member.total_out());
            let status = member
                .decompress(rest, &mut self.buffer, FlushDecompress::Sync)
                .map_err(|_| Error::Damaged(self.coding))?;
            used += (member.total_in() - before_in) as usize;
            let made = (member.total_out() - before_out) as usize;
            budget.take(made)?;
            out.extend_from_slice(self.buffer.get(..made).unwrap_or_default());
            match status {
                Status::StreamEnd => return Ok((used, true)),
                // A full buffer means that there may be more to give out.
                _ if made == self.buffer.len() => {}
                _ if used >= chunk.len() => return Ok((used, false)),
                _ if made == 0 && member.total_in() == before_in => {
                    return Err(Error::Damaged(self.coding));
                }
                _ => {}
            }
        }
    }
}
