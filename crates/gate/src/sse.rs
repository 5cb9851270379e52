//! Server-sent events (WHATWG HTML, section 9.2): cutting a byte stream into events.
//!
//! Events keep their raw bytes, so that what needs no change leaves exactly as it came.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// An event larger than this is refused: nothing that an API sends comes near it.
pub const MAX_EVENT_BYTES: usize = 8 * 1024 * 1024;

/// The stream holds an event that is larger than [`MAX_EVENT_BYTES`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a server-sent event is larger than {MAX_EVENT_BYTES} bytes")]
pub struct TooLarge;

/// Cuts chunks into events. Without a copy where an event lies within one chunk.
#[derive(Default)]
pub struct Splitter {
    /// The event that is not complete yet.
    partial: BytesMut,
    /// Where the line begins in it that is not complete, and how far its end was looked for:
    /// what came before is not searched again with each chunk.
    line: usize,
    searched: usize,
    chunk: Bytes,
}

impl Splitter {
    /// Takes the next chunk; call [`Splitter::next_event`] until it gives nothing.
    pub fn push(&mut self, chunk: Bytes) {
        if self.partial.is_empty() && self.chunk.is_empty() {
            self.chunk = chunk;
        } else {
            self.partial.extend_from_slice(&std::mem::take(&mut self.chunk));
            self.partial.extend_from_slice(&chunk);
        }
    }

    /// The next complete event with the blank line that ends it.
    pub fn next_event(&mut self) -> Result<Option<Bytes>, TooLarge> {
        if self.partial.is_empty() {
            return Ok(match end_of_event(&self.chunk) {
                Some(end) => Some(self.chunk.split_to(end)),
                None => {
                    self.keep_rest()?;
                    None
                }
            });
        }
        match self.end_of_partial() {
            Some(end) => {
                (self.line, self.searched) = (0, 0);
                let event = self.partial.split_to(end).freeze();
                self.chunk = std::mem::take(&mut self.partial).freeze();
                Ok(Some(event))
            }
            None if self.partial.len() > MAX_EVENT_BYTES => Err(TooLarge),
            None => Ok(None),
        }
    }

    fn end_of_partial(&mut self) -> Option<usize> {
        loop {
            let from = self.line.max(self.searched);
            let Some((end, next)) = line_end(&self.partial, from) else {
                // A carriage return at the end is looked at again with what follows it.
                let is_open = self.partial.last() == Some(&b'\r');
                self.searched = self.partial.len() - usize::from(is_open);
                return None;
            };
            if end == self.line {
                return Some(next);
            }
            self.line = next;
        }
    }

    fn keep_rest(&mut self) -> Result<(), TooLarge> {
        if self.chunk.len() > MAX_EVENT_BYTES {
            return Err(TooLarge);
        }
        if !self.chunk.is_empty() {
            self.partial.extend_from_slice(&std::mem::take(&mut self.chunk));
        }
        Ok(())
    }

    /// What is left when the stream has ended: half an event, or nothing.
    pub fn finish(&mut self) -> Bytes {
        (self.line, self.searched) = (0, 0);
        self.partial.extend_from_slice(&std::mem::take(&mut self.chunk));
        std::mem::take(&mut self.partial).freeze()
    }
}

/// The end of the line that begins at `start`: where its text ends and where the next line begins.
///
/// A carriage return at the end of the input may be half of a CRLF, so it ends nothing yet.
fn line_end(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let at = start + memchr::memchr2(b'\n', b'\r', bytes.get(start..)?)?;
    match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b'\n'), _) => Some((at, at + 1)),
        (_, None) => None,
        (_, Some(b'\n')) => Some((at, at + 2)),
        (_, Some(_)) => Some((at, at + 1)),
    }
}

fn end_of_event(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let (end, next) = line_end(bytes, start)?;
        if end == start {
            return Some(next);
        }
        start = next;
    }
}

/// Where the fields of a raw event lie.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The values of its `data` lines, in order.
    pub data: Vec<Range<usize>>,
    /// Everything else that is not line structure: comments, names, ids.
    pub other: Vec<Range<usize>>,
}

/// Finds the fields of one raw event. A last line without its end counts as a line.
pub fn fields(event: &[u8]) -> Fields {
    let mut fields = Fields::default();
    let mut start = if event.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    while start < event.len() {
        let (end, next) = line_end(event, start).unwrap_or_else(|| {
            let text = event.strip_suffix(b"\r").map_or(event.len(), <[u8]>::len);
            (text, event.len())
        });
        fields.line(event, start..end);
        start = next;
    }
    fields
}

impl Fields {
    fn line(&mut self, event: &[u8], line: Range<usize>) {
        let text = event.get(line.clone()).unwrap_or_default();
        if let Some(value) = text.strip_prefix(b"data:") {
            let blank = usize::from(value.first() == Some(&b' '));
            self.data.push(line.start + 5 + blank..line.end);
        } else if text == b"data" {
            self.data.push(line.end..line.end);
        } else if !text.is_empty() {
            self.other.push(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(chunks: &[&[u8]]) -> (Vec<Bytes>, Bytes) {
        let (mut splitter, mut events) = (Splitter::default(), Vec::new());
        for chunk in chunks {
            splitter.push(Bytes::copy_from_slice(chunk));
            while let Some(event) = splitter.next_event().unwrap() {
                events.push(event);
            }
        }
        (events, splitter.finish())
    }

    #[test]
    fn events_end_with_a_blank_line_of_any_kind() {
        let (found, rest) = events(&[b"data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\n"]);
        assert_eq!(found, ["data: a\n\n", "data: b\r\n\r\n", "data: c\r\r"]);
        assert_eq!(rest, "data: d\n");
    }

    #[test]
    fn fields_are_found_where_they_lie() {
        let event = b"event: x\ndata: one\n: ping\ndata:two\ndata\nid: 7\n\n";
        let found = fields(event);
        let text =
            |range: &Range<usize>| String::from_utf8_lossy(&event[range.clone()]).into_owned();
        assert_eq!(found.data.iter().map(text).collect::<Vec<_>>(), ["one", "two", ""]);
        assert_eq!(
            found.other.iter().map(text).collect::<Vec<_>>(),
            ["event: x", ": ping", "id: 7"]
        );
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut splitter = Splitter::default();
        splitter.push(Bytes::from(vec![b'x'; MAX_EVENT_BYTES]));
        assert_eq!(splitter.next_event(), Ok(None));
        splitter.push(Bytes::from_static(b"xx"));
        assert_eq!(splitter.next_event(), Err(TooLarge));
    }

    #[test]
    fn an_event_in_many_pieces_is_searched_once() {
        // Searched from its beginning with each piece, this would take minutes.
        let mut splitter = Splitter::default();
        for _ in 0..MAX_EVENT_BYTES / 64 - 1 {
            splitter.push(Bytes::from_static(&[b'x'; 64]));
            assert_eq!(splitter.next_event(), Ok(None));
        }
        splitter.push(Bytes::from_static(b"\n\ndata: b\n\n"));
        let lengths = [splitter.next_event(), splitter.next_event(), splitter.next_event()]
            .map(|event| event.unwrap().map(|event| event.len()));
        assert_eq!(lengths, [Some(MAX_EVENT_BYTES - 62), Some(9), None]);
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(text in "(data: [a-c]{0,3}|: c|id: 1|\r|\n|\r\n){0,12}", cuts in proptest::collection::vec(0_usize..60, 0..6)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            let (whole, whole_rest) = events(&[bytes]);
            let (cut, cut_rest) = events(&chunks);
            prop_assert_eq!(&whole, &cut);
            prop_assert_eq!(&whole_rest, &cut_rest);
            let joined: Vec<u8> = whole.iter().flatten().chain(&whole_rest).copied().collect();
            prop_assert_eq!(joined, bytes);
        }
    }
}
