//! One escape at a place of a text: `\u0041`, `\x41`, `\101`, `%41`, `%u0041`, `&#65;`, `&amp;`, `=41`.

/// What an escape stands for, at most four bytes, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Escape {
    bytes: [u8; 4],
    length: u8,
    /// Bytes of the source.
    pub(super) source: usize,
}

impl Escape {
    fn byte(byte: u8, source: usize) -> Self {
        Self { bytes: [byte, 0, 0, 0], length: 1, source }
    }

    /// A code point; what is none, a surrogate say, is the replacement character.
    fn point(point: u32, source: usize) -> Self {
        let character = char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER);
        let mut bytes = [0; 4];
        let length = character.encode_utf8(&mut bytes).len() as u8;
        Self { bytes, length, source }
    }

    fn nothing(source: usize) -> Self {
        Self { bytes: [0; 4], length: 0, source }
    }

    pub(super) fn text(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// More backslashes than this before one letter are no escape of an escape.
const MAX_BACKSLASHES: usize = 16;

/// A backslash, or several where text was escaped again and again.
pub(super) fn backslash(rest: &[u8]) -> Option<Escape> {
    let slashes = rest.iter().take(MAX_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
    let (letter, digits) = rest.get(slashes..)?.split_first()?;
    let at = slashes + 1;
    let braced = |digits: &[u8]| {
        let (point, length) = number(digits.strip_prefix(b"{")?, 16, 6)?;
        (digits.get(1 + length) == Some(&b'}')).then(|| Escape::point(point, at + length + 2))
    };
    match letter {
        b'/' if slashes == 1 => Some(Escape::byte(b'/', 2)),
        b'u' => match exactly(digits, 16, 4) {
            Some(unit) => Some(surrogates(unit, rest, slashes)),
            None => braced(digits),
        },
        b'U' => exactly(digits, 16, 8).map(|point| Escape::point(point, at + 8)),
        b'x' => match exactly(digits, 16, 2) {
            Some(byte) => Some(Escape::byte(byte as u8, at + 2)),
            None => braced(digits),
        },
        b'0'..=b'3' => {
            let value = exactly(rest.get(slashes..)?, 8, 3)?;
            Some(Escape::byte(value as u8, at + 2))
        }
        _ => None,
    }
}

/// A UTF-16 unit whose digits end six bytes after the last backslash, and the one that may follow.
fn surrogates(unit: u32, rest: &[u8], slashes: usize) -> Escape {
    let end = slashes + 5;
    let low = || {
        let next = rest.get(end..)?;
        let again = next.iter().take(MAX_BACKSLASHES).take_while(|b| **b == b'\\').count();
        let digits = next.get(again..)?.strip_prefix(b"u").filter(|_| again > 0)?;
        let low = exactly(digits, 16, 4).filter(|low| (0xdc00..=0xdfff).contains(low))?;
        Some((low, end + again + 5))
    };
    match (unit, low()) {
        (0xd800..=0xdbff, Some((low, end))) => {
            Escape::point(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), end)
        }
        _ => Escape::point(unit, end),
    }
}

/// `%41` (RFC 3986, section 2.1) or `%u0041`.
pub(super) fn percent(rest: &[u8]) -> Option<Escape> {
    let digits = rest.get(1..)?;
    if let Some(byte) = exactly(digits, 16, 2) {
        return Some(Escape::byte(byte as u8, 3));
    }
    let digits = digits.strip_prefix(b"u")?;
    exactly(digits, 16, 4).map(|point| Escape::point(point, 6))
}

/// Longer names are none that is known here.
const MAX_NAME: usize = 16;

/// A character reference of HTML.
pub(super) fn entity(rest: &[u8]) -> Option<Escape> {
    let body = rest.get(1..)?;
    let Some(digits) = body.strip_prefix(b"#") else {
        let end = body.iter().take(MAX_NAME).position(|byte| *byte == b';')?;
        let name = body.get(..end)?;
        let (_, point) = NAMES.iter().find(|(known, _)| known.as_bytes() == name)?;
        return Some(Escape::point(u32::from(*point), end + 2));
    };
    let (radix, digits, prefix) = match digits {
        [b'x' | b'X', digits @ ..] => (16, digits, 3),
        digits => (10, digits, 2),
    };
    // Leading zeros are allowed in any number; these few are enough for a reader.
    let (point, length) = number(digits, radix, 10)?;
    let semicolon = usize::from(digits.get(length) == Some(&b';'));
    Some(Escape::point(point, prefix + length + semicolon))
}

/// Names of characters that keys, addresses and sentences are made of.
const NAMES: [(&str, char); 44] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("ensp", ' '),
    ("emsp", ' '),
    ("thinsp", ' '),
    ("sol", '/'),
    ("bsol", '\\'),
    ("colon", ':'),
    ("semi", ';'),
    ("period", '.'),
    ("comma", ','),
    ("lowbar", '_'),
    ("UnderBar", '_'),
    ("hyphen", '-'),
    ("dash", '-'),
    ("num", '#'),
    ("equals", '='),
    ("plus", '+'),
    ("minus", '-'),
    ("commat", '@'),
    ("excl", '!'),
    ("quest", '?'),
    ("lpar", '('),
    ("rpar", ')'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("lcub", '{'),
    ("rcub", '}'),
    ("ast", '*'),
    ("percnt", '%'),
    ("dollar", '$'),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("shy", '\u{ad}'),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
    ("ZeroWidthSpace", '\u{200b}'),
    ("NoBreak", '\u{2060}'),
];

/// Quoted-printable (RFC 2045, section 6.7): `=41`, or `=` at the end of a line.
pub(super) fn quoted(rest: &[u8]) -> Option<Escape> {
    match rest.get(1..)? {
        [b'\r', b'\n', ..] => Some(Escape::nothing(3)),
        [b'\n', ..] => Some(Escape::nothing(2)),
        [high, low, ..] if !high.is_ascii_lowercase() && !low.is_ascii_lowercase() => {
            exactly(&[*high, *low], 16, 2).map(|byte| Escape::byte(byte as u8, 3))
        }
        _ => None,
    }
}

fn exactly(digits: &[u8], radix: u32, count: usize) -> Option<u32> {
    let digits = digits.get(..count)?;
    digits.iter().try_fold(0_u32, |sum, digit| {
        Some(sum.wrapping_mul(radix) | char::from(*digit).to_digit(radix)?)
    })
}

/// As many digits as there are, at least one and at most `most`; how many there were.
fn number(digits: &[u8], radix: u32, most: usize) -> Option<(u32, usize)> {
    let mut value = 0_u32;
    let mut length = 0;
    for digit in digits.iter().take(most).map_while(|digit| char::from(*digit).to_digit(radix)) {
        value = value.saturating_mul(radix).saturating_add(digit);
        length += 1;
    }
    (length > 0).then_some((value, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(escape: Option<Escape>) -> Option<(String, usize)> {
        escape.map(|e| (String::from_utf8_lossy(e.text()).into_owned(), e.source))
    }

    #[test]
    fn each_spelling() {
        let some = |text: &str, length| Some((text.to_owned(), length));
        assert_eq!(read(backslash(br"\u0041b")), some("A", 6));
        assert_eq!(read(backslash(br"\\\\u0041")), some("A", 9));
        assert_eq!(read(backslash(br"\ud83d\ude00")), some("\u{1f600}", 12));
        assert_eq!(read(backslash(br"\ud83dx")), some("\u{fffd}", 6));
        assert_eq!(read(backslash(br"\u{1F600}")), some("\u{1f600}", 9));
        assert_eq!(read(backslash(br"\U0001F600")), some("\u{1f600}", 10));
        assert_eq!(read(backslash(br"\x41")), some("A", 4));
        assert_eq!(read(backslash(br"\101")), some("A", 4));
        assert_eq!(read(backslash(br"\/")), some("/", 2));
        assert_eq!(read(backslash(br"\n")), None);
        assert_eq!(read(backslash(br"\u00")), None);
        assert_eq!(read(percent(b"%4a")), some("J", 3));
        assert_eq!(read(percent(b"%u0041")), some("A", 6));
        assert_eq!(read(percent(b"%zz")), None);
        assert_eq!(read(entity(b"&#65;x")), some("A", 5));
        assert_eq!(read(entity(b"&#x0000041;")), some("A", 11));
        assert_eq!(read(entity(b"&#65 ")), some("A", 4));
        assert_eq!(read(entity(b"&lowbar;")), some("_", 8));
        assert_eq!(read(entity(b"&nothing;")), None);
        assert_eq!(read(quoted(b"=41")), some("A", 3));
        assert_eq!(read(quoted(b"=\r\n")), some("", 3));
        assert_eq!(read(quoted(b"=ab")), None);
    }

    #[test]
    fn no_escape_is_shorter_than_what_it_stands_for() {
        for name in NAMES {
            let text = format!("&{};", name.0);
            let escape = entity(text.as_bytes()).unwrap();
            assert!(escape.text().len() <= escape.source);
        }
        assert!(entity(b"&#9999999").unwrap().source >= 4);
        assert_eq!(read(entity(b"&#5")), Some(("\u{5}".into(), 3)));
    }
}
