//! A second look at the raw bytes of an HTTP/1 request head.
//!
//! The HTTP parser resolves some ambiguous heads in its own way before we see them: of a request with
//! both `Content-Length` and `Transfer-Encoding` it drops the former, and it takes a bare LF for a line
//! end. Both are allowed, and both are what request smuggling is made of when a proxy before us reads
//! them otherwise (RFC 9112 sections 2.2, 6.1 and 11.2), so they are refused. Pipelined heads, which
//! arrive inside an earlier message, are not seen here; the parser's reading stands for them, and it
//! closes the connection after such a message.

/// What the head holds that a strict reader refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shapes {
    pub(super) content_length: bool,
    pub(super) transfer_encoding: bool,
    pub(super) bare_line_feed: bool,
}

/// Enough of a line to tell its field name.
const KEPT: usize = 18;

/// Reads a head piece by piece, as the socket yields it. Keeps no more than the start of a line.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    shapes: Shapes,
    line: [u8; KEPT],
    /// Bytes of the current line so far.
    length: usize,
    last: u8,
    begun: bool,
    /// Was a line seen that is not empty? Empty lines before the request line are skipped (RFC 9112 section 2.2).
    has_line: bool,
    done: bool,
}

impl HeadScan {
    /// Scans until the empty line that ends the head; later bytes are not looked at.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !self.done && !bytes.is_empty() {
            match memchr::memchr(b'\n', bytes) {
                Some(at) => {
                    self.take(&bytes[..at]);
                    self.end_line();
                    bytes = &bytes[at + 1..];
                }
                None => {
                    self.take(bytes);
                    return;
                }
            }
        }
    }

    /// Has a byte of the head arrived?
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    pub(super) fn shapes(&self) -> Shapes {
        self.shapes
    }

    fn take(&mut self, part: &[u8]) {
        self.begun = true;
        let Some(last) = part.last() else { return };
        self.last = *last;
        if self.length < KEPT {
            let room = (KEPT - self.length).min(part.len());
            self.line[self.length..self.length + room].copy_from_slice(&part[..room]);
        }
        self.length += part.len();
    }

    fn end_line(&mut self) {
        let is_bare = self.length == 0 || self.last != b'\r';
        self.shapes.bare_line_feed |= is_bare;
        let is_empty = self.length == 0 || (self.length == 1 && !is_bare);
        self.done = is_empty && self.has_line;
        self.has_line |= !is_empty;
        self.look_at_name();
        self.length = 0;
    }

    fn look_at_name(&mut self) {
        let line = &self.line[..self.length.min(KEPT)];
        match line.first().map(u8::to_ascii_lowercase) {
            Some(b'c') => self.shapes.content_length |= is_field(line, b"content-length"),
            Some(b't') => self.shapes.transfer_encoding |= is_field(line, b"transfer-encoding"),
            _ => {}
        }
    }
}

fn is_field(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        && line.get(name.len()) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-length: 3\r\nTransfer-ENCODING: chunked\r\n\r\nbody\n";

    fn scan(pieces: &[&[u8]]) -> Shapes {
        let mut scan = HeadScan::default();
        pieces.iter().for_each(|piece| scan.push(piece));
        scan.shapes()
    }

    #[test]
    fn every_cut_gives_the_same_shapes() {
        let whole = Shapes { content_length: true, transfer_encoding: true, bare_line_feed: false };
        for cut in 0..=HEAD.len() {
            assert_eq!(scan(&[&HEAD[..cut], &HEAD[cut..]]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_bare_line_feed_is_seen_in_the_head_only() {
        assert!(scan(&[b"GET / HTTP/1.1\nHost: a\r\n\r\n"]).bare_line_feed);
        assert!(scan(&[b"GET / HTTP/1.1\r\nHost: a\r\n\n"]).bare_line_feed);
        assert!(!scan(&[b"GET / HTTP/1.1\r\nHost: a\r\n\r\na\nb"]).bare_line_feed);
    }

    #[test]
    fn empty_lines_before_the_head_do_not_end_it() {
        assert!(scan(&[b"\r\n\r\n", HEAD]).transfer_encoding);
    }

    #[test]
    fn names_that_only_begin_alike_are_not_taken() {
        assert_eq!(scan(&[b"GET / HTTP/1.1\r\nContent-Length-Hint: 3\r\n\r\n"]), Shapes::default());
    }
}
