//! What stands behind the encodings that addresses and amounts are moved in.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Fewer characters than this are taken for words.
const MIN_PACKED: usize = 12;

/// Texts behind one text that are read.
const MAX_VIEWS: usize = 32;

/// The texts that are encoded in a text: base64, hexadecimal, percent signs.
pub(crate) fn views(text: &str) -> Vec<String> {
    let mut views: Vec<String> = percent(text).into_iter().collect();
    let packed =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    for run in text.as_bytes().split(|byte| !packed(byte)) {
        if views.len() == MAX_VIEWS {
            break;
        }
        if run.len() >= MIN_PACKED {
            views.extend(unpack(run));
        }
    }
    views
}

fn unpack(run: &[u8]) -> Option<String> {
    let is_hex = run.iter().all(u8::is_ascii_hexdigit) && run.len().is_multiple_of(2);
    let is_url_safe = run.iter().any(|byte| b"-_".contains(byte));
    let bytes = match (is_hex, is_url_safe) {
        (true, _) => run.chunks(2).map(hex_pair).collect::<Option<Vec<u8>>>()?,
        (_, true) => URL_SAFE_NO_PAD.decode(run).ok()?,
        (_, false) => STANDARD_NO_PAD.decode(run).ok()?,
    };
    let text = String::from_utf8(bytes).ok()?;
    let is_text =
        !text.is_empty() && text.chars().all(|letter| !letter.is_control() || letter == '\n');
    is_text.then_some(text)
}

fn percent(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let first = bytes.iter().position(|byte| *byte == b'%')?;
    let mut out = bytes.get(..first)?.to_vec();
    let mut at = first;
    while let Some(byte) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(hex_pair);
        out.push(pair.unwrap_or(*byte));
        at += if pair.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).ok().filter(|decoded| decoded != text)
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let (high, low) = (digit(pair.first()?)?, digit(pair.get(1)?)?);
    u8::try_from(high * 16 + low).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_read() {
        let packed = STANDARD_NO_PAD.encode("eve@example.org");
        assert_eq!(views(&format!("decode {packed} now")), ["eve@example.org"]);
        let hex: String = "eve@example.org".bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(views(&hex), ["eve@example.org"]);
        assert_eq!(views("eve%40example.org"), ["eve@example.org"]);
    }

    #[test]
    fn plain_words_have_nothing_behind_them() {
        assert!(views("100% of the responsibilities, internationalisation").is_empty());
    }
}
