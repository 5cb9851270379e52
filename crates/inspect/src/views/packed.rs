//! Runs of base64, base32 and hex in a text that decode to text.

use std::ops::Range;

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::blocks;
use crate::detectors::{BASE32, Class, class};
use crate::engine::tokens::run_end;

/// Shorter runs are taken for words and names.
pub(crate) const MIN_RUN: usize = 24;

/// How much of a run is decoded to see whether it is text.
const SNIFF: usize = 64;

/// Decoded bytes that must be text before a run is believed to be one.
const MIN_TEXT: usize = 16;

/// Places in one run at which an encoding may begin: its start may be glued to another word.
const MAX_STARTS: usize = 12;

/// What base64 of both alphabets is written with.
pub(crate) static DIGITS: Class = class("0-9A-Za-z+/_-");

/// A run, all of it, and what it decodes to.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) range: Range<usize>,
    pub(crate) text: Vec<u8>,
}

/// As [`DIGITS`] has it, without a look into a table.
#[inline]
fn is_digit(byte: u8) -> bool {
    matches!(byte, b'/'..=b'9' | b'+' | b'-' | b'_') || byte.is_ascii_alphabetic()
}

/// Where runs begin that are long enough; whether they decode is not asked.
pub(super) fn places(text: &[u8]) -> impl Iterator<Item = usize> {
    blocks::long_runs::<MIN_RUN>(text, is_digit)
}

/// The same, to where each run ends.
pub(super) fn runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    places(text).map(|start| start..run_end(&DIGITS, text, start + MIN_RUN))
}

/// Every run that decodes to text.
pub(super) fn find(text: &[u8]) -> Vec<Packed> {
    let mut found: Vec<Packed> = Vec::new();
    let mut known = 0;
    for run in runs(text) {
        let end = run.end;
        // What is packed may reach into the next run.
        let run = run.start.max(known)..end;
        if run.len() >= MIN_RUN
            && let Some(packed) = unpack(text, run)
        {
            known = packed.range.end.max(end) + 1;
            found.push(packed);
        }
    }
    found
}

/// Decodes the run, its padding and the lines it goes on over, if text comes of it.
pub(crate) fn unpack(text: &[u8], run: Range<usize>) -> Option<Packed> {
    if let Some(wide) = unpack_wide(text, &run) {
        return Some(wide);
    }
    let start = starts(text, &run).find(|start| is_text_from(text, *start..run.end))?;
    let first = text.get(start..run.end)?;
    let (decoded, end) = if is_hex(first) {
        (hex(first)?, run.end)
    } else if is_base32(first) && base32(first).is_some_and(|decoded| is_printable(&decoded)) {
        (base32(first)?, past_padding(text, run.end, 6))
    } else {
        let (digits, end) = lines(text, start..run.end);
        (base64(&digits)?, end)
    };
    // What is glued to the run's start is no part of the first word in it.
    let glue: &[u8] = if start > run.start { b" " } else { b"" };
    Some(Packed { range: start..end, text: [glue, &decoded].concat() })
}

/// Base64 of UTF-16, as shells take commands in: every second byte of ASCII is zero.
fn unpack_wide(text: &[u8], run: &Range<usize>) -> Option<Packed> {
    let head = text.get(run.clone())?.first_chunk::<8>()?;
    let [first, second] =
        [[head[0], head[1], head[2], head[3]], [head[4], head[5], head[6], head[7]]];
    let ([a, 0, b], [0, c, 0]) = (bytes_of(first), bytes_of(second)) else { return None };
    (a != 0 && b != 0 && c != 0).then_some(())?;
    let (digits, end) = lines(text, run.clone());
    let decoded = base64(&digits)?;
    let units = decoded.as_chunks::<2>().0.iter().map(|two| u16::from_le_bytes(*two));
    let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
    // Other scripts may take more room than the digits did, which no view may.
    let is_text = (MIN_TEXT..=digits.len()).contains(&text.len()) && is_printable(text.as_bytes());
    is_text.then(|| Packed { range: run.start..end, text: text.into_bytes() })
}

/// Where in a run an encoding may begin: at its start, shortly after, after what parts words.
fn starts(text: &[u8], run: &Range<usize>) -> impl Iterator<Item = usize> {
    let bytes = text.get(run.clone()).unwrap_or_default();
    let parts = |byte: &u8| matches!(byte, b'/' | b'-' | b'_' | b'+' | b'x');
    let after = bytes.iter().take(4 * SNIFF).enumerate().filter(move |(_, byte)| parts(byte));
    let from = run.start;
    let places = (0..4).chain(after.map(|(at, _)| at + 1)).take(MAX_STARTS);
    let last = run.end.saturating_sub(MIN_RUN);
    places.map(move |at| from + at).filter(move |at| *at <= last)
}

fn is_text_from(text: &[u8], run: Range<usize>) -> bool {
    let bytes = text.get(run).unwrap_or_default();
    let head = bytes.get(..SNIFF).unwrap_or(bytes);
    let is_text = |decoded: Option<Vec<u8>>| {
        decoded.is_some_and(|decoded| decoded.len() >= MIN_TEXT && is_printable(&decoded))
    };
    match head.iter().all(u8::is_ascii_hexdigit) {
        true if is_hex(bytes) && may_be_hex_text(head) => is_text(hex(head)),
        _ if may_be_text(head) && is_text(base64(head)) => true,
        _ => is_base32(head) && is_text(base32(head)),
    }
}

/// Capitals and digits alone, as authenticators and DNS carry it (RFC 4648, section 6).
fn is_base32(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| BASE32[usize::from(*byte)])
}

fn base32_value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'2'..=b'7' => Some(digit - b'2' + 26),
        _ => None,
    }
}

/// Decodes base32; bits at the end that make no byte are left out.
fn base32(digits: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(digits.len() * 5 / 8);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits {
        bits = bits << 5 | u32::from(base32_value(*digit)?);
        count += 5;
        if count >= 8 {
            count -= 8;
            decoded.push((bits >> count) as u8);
        }
    }
    Some(decoded)
}

/// What a digit of base64 stands for, in either alphabet.
static VALUES: [u8; 256] = {
    let digits = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [0; 256];
    let mut at = 0;
    while at < 64 {
        values[digits[at] as usize] = at as u8;
        at += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
};

/// Whether text may come of the first digits: drawn ones fail at the first four or the next.
fn may_be_text(digits: &[u8]) -> bool {
    let mut gauge = Gauge::default();
    digits.as_chunks::<4>().0.iter().all(|quad| {
        gauge.quad(*quad);
        !gauge.is_dead
    })
}

/// The three bytes that four digits of base64 stand for.
fn bytes_of(quad: [u8; 4]) -> [u8; 3] {
    let [a, b, c, d] = quad.map(|digit| VALUES[usize::from(digit)]);
    [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]
}

fn is_hex(bytes: &[u8]) -> bool {
    bytes.len().is_multiple_of(2) && bytes.iter().all(u8::is_ascii_hexdigit)
}

/// Whether no control character and no stray byte comes of the first digits.
fn may_be_hex_text(digits: &[u8]) -> bool {
    let mut pairs = digits.chunks(2).take(MIN_TEXT);
    pairs.all(|pair| {
        matches!(pair.first(), Some(b'2'..=b'7' | b'c'..=b'f' | b'C'..=b'F')) || is_blank(pair)
    })
}

/// Hex of a tab or a break of a line, or a byte within a character.
fn is_blank(pair: &[u8]) -> bool {
    matches!(
        pair,
        [b'0', b'9' | b'a' | b'A' | b'd' | b'D'] | [b'8' | b'9' | b'a' | b'b' | b'A' | b'B', _]
    )
}

fn hex(bytes: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| match *pair {
        [high, low] => Some((digit(high)? << 4 | digit(low)?) as u8),
        _ => None,
    };
    bytes.chunks(2).map(pair).collect()
}

/// The digits of a run and of the lines after it that are as long, the last one shorter, with
/// padding; and where all of it ends.
fn lines(text: &[u8], first: Range<usize>) -> (Vec<u8>, usize) {
    let mut digits = text.get(first.clone()).unwrap_or_default().to_vec();
    let width = first.len();
    let (mut end, mut last) = (first.end, width);
    while last == width {
        let Some(start) = next_line(text, end) else { break };
        let stop = run_end(&DIGITS, text, start);
        let line = text.get(start..stop).unwrap_or_default();
        let ends = matches!(text.get(stop), None | Some(b'\r' | b'\n' | b'=' | b'"' | b'\''));
        if line.is_empty() || line.len() > width || !ends {
            break;
        }
        digits.extend_from_slice(line);
        (end, last) = (stop, line.len());
    }
    (digits, past_padding(text, end, 2))
}

/// Where the padding ends that may stand at `end`.
fn past_padding(text: &[u8], end: usize, most: usize) -> usize {
    let padding = text.get(end..).unwrap_or_default().iter().take(most);
    end + padding.take_while(|byte| **byte == b'=').count()
}

/// Where the line after `end` begins, its indentation passed over.
fn next_line(text: &[u8], end: usize) -> Option<usize> {
    let rest = text.get(end..)?;
    let rest = rest.strip_prefix(b"\r").unwrap_or(rest).strip_prefix(b"\n")?;
    let indented = rest.iter().take(16).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    Some(text.len() - rest.len() + indented)
}

/// Decodes base64 of either alphabet, padded or not, wrapped or not.
pub(crate) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let joined: Vec<u8>;
    let text = if memchr::memchr2(b'\n', b'\r', text).is_some() {
        joined = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        &joined
    } else {
        text
    };
    let text = match text {
        // One digit too many stands for nothing.
        [rest @ .., last] if *last != b'=' && text.len() % 4 == 1 => rest,
        _ => text,
    };
    let engine = if is_url_safe(text) { &LENIENT_URL } else { &LENIENT };
    engine.decode(text).ok()
}

const AS_IT_COMES: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
static LENIENT: GeneralPurpose = GeneralPurpose::new(&STANDARD, AS_IT_COMES);
static LENIENT_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, AS_IT_COMES);

/// Whether the digits of a run decode to text so far, digit by digit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Steady {
    digits: [u8; 4],
    filled: usize,
    base64: Gauge,
    hex: Gauge,
    base32: Gauge,
    /// Bits of base32 that make no byte yet, and how many.
    bits: (u32, u32),
}

impl Steady {
    /// Takes one more digit; false once no text can come of it.
    pub(crate) fn push(&mut self, digit: u8) -> bool {
        self.base32_digit(digit);
        self.digits[self.filled] = digit;
        self.filled += 1;
        if self.filled.is_multiple_of(2) {
            self.hex.pair(self.digits[self.filled - 2], digit);
        }
        if self.filled == 4 {
            self.base64.quad(self.digits);
            self.filled = 0;
        }
        self.is_text()
    }

    fn base32_digit(&mut self, digit: u8) {
        let Some(value) = base32_value(digit) else {
            self.base32.is_dead = true;
            return;
        };
        let (bits, count) = (self.bits.0 << 5 | u32::from(value), self.bits.1 + 5);
        self.bits = (bits, count % 8);
        if count >= 8 {
            self.base32.byte((bits >> (count - 8)) as u8);
        }
    }

    pub(crate) fn is_text(&self) -> bool {
        !self.base64.is_dead || !self.hex.is_dead || !self.base32.is_dead
    }

    /// What a whole run says, if all of it is text.
    pub(crate) fn decode(run: &[u8]) -> Option<Vec<u8>> {
        let mut steady = Self::default();
        if !run.iter().all(|digit| steady.push(*digit)) {
            return None;
        }
        match steady {
            Self { hex: Gauge { is_dead: false, .. }, .. } if is_hex(run) => hex(run),
            Self { base64: Gauge { is_dead: false, .. }, .. } => base64(run),
            _ => base32(run),
        }
    }
}

/// Whether bytes are printable UTF-8 so far.
#[derive(Clone, Copy, Debug, Default)]
struct Gauge {
    is_dead: bool,
    /// Bytes that the current character still lacks.
    lacks: u8,
}

impl Gauge {
    fn pair(&mut self, high: u8, low: u8) {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        match (digit(high), digit(low)) {
            (Some(high), Some(low)) => self.byte((high << 4 | low) as u8),
            _ => self.is_dead = true,
        }
    }

    fn quad(&mut self, quad: [u8; 4]) {
        bytes_of(quad).into_iter().for_each(|byte| self.byte(byte));
    }

    fn byte(&mut self, byte: u8) {
        let is_inside = self.lacks > 0;
        self.lacks = match byte {
            0x80..=0xbf => self.lacks.saturating_sub(1),
            0xc2..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf4 => 3,
            _ => 0,
        };
        let fits = match byte {
            0x80..=0xbf => is_inside,
            0..0x80 => !is_inside && !is_control(byte),
            0xc2..=0xf4 => !is_inside,
            _ => false,
        };
        self.is_dead |= !fits;
    }
}

/// Encodes as the encoded text before it was: alphabet and padding.
pub(crate) fn base64_like(text: &[u8], inside: &[u8]) -> Vec<u8> {
    let config = GeneralPurposeConfig::new()
        .with_encode_padding(text.ends_with(b"=") || text.len().is_multiple_of(4));
    let alphabet = if is_url_safe(text) { &URL_SAFE } else { &STANDARD };
    GeneralPurpose::new(alphabet, config).encode(inside).into_bytes()
}

fn is_url_safe(text: &[u8]) -> bool {
    memchr::memchr2(b'-', b'_', text).is_some()
}

/// Mostly printable UTF-8; the end may be cut inside a character.
pub(crate) fn looks_like_text(bytes: &[u8]) -> bool {
    let Some(valid) = valid(bytes) else { return false };
    let odd = valid.iter().filter(|byte| is_control(**byte)).count();
    !valid.is_empty() && odd * 20 <= valid.len()
}

/// Printable UTF-8 throughout: random bytes of some length never are.
pub(super) fn is_printable(bytes: &[u8]) -> bool {
    valid(bytes)
        .is_some_and(|valid| !valid.is_empty() && !valid.iter().any(|byte| is_control(*byte)))
}

fn valid(bytes: &[u8]) -> Option<&[u8]> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Some(bytes),
        Err(error) if error.error_len().is_none() => bytes.get(..error.valid_up_to()),
        Err(_) => None,
    }
}

fn is_control(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\n' | b'\r' | b'\t') || byte == 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, String)> {
        let show = |packed: Packed| {
            (text[packed.range].to_owned(), String::from_utf8_lossy(&packed.text).into_owned())
        };
        find(text.as_bytes()).into_iter().map(show).collect()
    }

    fn base64_of(text: &str) -> String {
        String::from_utf8(base64_like(b"+===", text.as_bytes())).unwrap()
    }

    #[test]
    fn bytes_are_digits() {
        assert!((0..=255).all(|byte| is_digit(byte) == DIGITS[usize::from(byte)]));
    }

    #[test]
    fn runs_of_text_are_found_whole() {
        let plain = "please read the other file";
        let code = base64_of(plain);
        for text in [
            format!("see {code} and go on"),
            format!("x={code}"),
            format!("glued-{code}!"),
            format!("\"{}\n  {}\"", &code[..28], &code[28..]),
        ] {
            let found = found(&text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].1.trim_start(), plain, "{text}");
        }
        let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let wide = String::from_utf8(base64_like(b"+===", &wide)).unwrap();
        for text in [format!("powershell -enc {wide}"), format!("{}\n{}", &wide[..40], &wide[40..])]
        {
            assert_eq!(found(&text)[0].1, plain, "{text}");
        }
        let hex: String = plain.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found(&format!("0x{hex}, {}", hex.to_uppercase())).len(), 2);
    }

    #[test]
    fn names_paths_hashes_and_binaries_are_none() {
        for text in [
            "a/rather/long/path/to/some/file/in/a/tree",
            "SomeRatherLongIdentifierInCamelCase_and_with_underscores",
            "d41d8cd98f00b204e9800998ecf8427ed41d8cd98f00b204e9800998ecf8427e",
            "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4",
            "550e8400-e29b-41d4-a716-446655440000",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn the_line_after_is_left_alone() {
        let code = base64_of("please read the other files");
        let text = format!("{code}\nThanks, and good bye");
        assert_eq!(found(&text)[0].0, code);
    }
}
