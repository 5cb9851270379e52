//! Base64 in strings: text is looked into, media is counted.

use super::{
    edit::{Edit, apply, settle},
    marks::Marks,
    string::Inspector,
};
use crate::mask;
use crate::views::packed::{self, base64 as decode, base64_like, looks_like_text};

/// Shorter strings are taken for words.
const MIN_BLOB_BYTES: usize = 40;

/// The same, where the neighbours say what it is.
const MIN_DECLARED_BYTES: usize = 16;

/// A binary string shorter than this is cheap enough to be scanned as well.
const MIN_MEDIA_BYTES: usize = 1024;

/// How much of a blob is decoded to see what it is.
const SNIFF_BYTES: usize = 1024;

/// Bytes of the header of a `data:` URI (RFC 2397).
const MAX_DATA_HEADER: usize = 256;

/// What the members beside a string say that it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Media {
    #[default]
    Unknown,
    Text,
    Binary,
}

impl Media {
    /// Reads the value of a member called `type`, `media_type`, `format` and the like.
    pub(super) fn from_name(name: &[u8]) -> Self {
        let starts = |prefixes: &[&str]| {
            let has = |prefix: &&str| {
                name.get(..prefix.len())
                    .is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
            };
            prefixes.iter().any(has)
        };
        let text = [
            "text/",
            "application/json",
            "application/xml",
            "application/yaml",
            "application/x-yaml",
            "application/javascript",
            "application/x-ndjson",
            "application/x-www-form-urlencoded",
            "message/",
        ];
        let whole: [&[u8]; 12] = [
            b"image",
            b"audio",
            b"video",
            b"input_audio",
            b"pdf",
            b"wav",
            b"mp3",
            b"pcm16",
            b"flac",
            b"opus",
            b"png",
            b"jpeg",
        ];
        if starts(&text) || name.ends_with(b"+json") || name.ends_with(b"+xml") {
            return Self::Text;
        }
        if starts(&["image/", "audio/", "video/", "font/", "application/"])
            || whole.iter().any(|whole| name.eq_ignore_ascii_case(whole))
        {
            return Self::Binary;
        }
        Self::Unknown
    }
}

/// Whether a string, its escapes unresolved, may be a `data:` URI or base64.
#[inline]
pub(super) fn may_be(raw: &[u8], media: Media) -> bool {
    if raw.len() < shortest(media) {
        return is_data(raw);
    }
    let may_stand = |byte: &u8| is_digit(byte) || matches!(byte, b'=' | b'\\');
    let Some(gap) = raw.iter().position(|byte| !may_stand(byte)) else { return true };
    // White space at the end, escaped or not, is no part of it.
    raw[gap..].iter().all(|byte| matches!(byte, b' ' | b'\\' | b'n' | b't' | b'r' | b'f'))
        || is_data(raw)
}

fn shortest(media: Media) -> usize {
    if media == Media::Unknown { MIN_BLOB_BYTES } else { MIN_DECLARED_BYTES }
}

fn is_data(text: &[u8]) -> bool {
    text.get(..5).is_some_and(|head| head.eq_ignore_ascii_case(b"data:"))
}

/// Whether a string may turn out to be media once its neighbours have said so.
pub(super) fn may_be_media(text: &[u8]) -> bool {
    text.len() >= MIN_MEDIA_BYTES && is_base64(text)
}

impl Inspector<'_> {
    /// Looks into a `data:` URI or a base64 string. None: scan it as text.
    pub(super) fn blob(&mut self, text: &[u8], level: u8, media: Media) -> Option<Marks> {
        let shortest = shortest(media);
        if let Some((header, media)) = data_header(text) {
            let payload = text.get(header..)?;
            let inside = self.base64(payload, level, media)?;
            let mut marks = self.plain(text.get(..header)?);
            marks.absorb(inside, header);
            return Some(marks);
        }
        if text.len() < shortest {
            return None;
        }
        self.base64(text, level, media)
    }

    fn base64(&mut self, text: &[u8], level: u8, media: Media) -> Option<Marks> {
        if !is_base64(text) {
            return None;
        }
        let head = decode(text.get(..SNIFF_BYTES).unwrap_or(text));
        let is_text = head.as_deref().is_some_and(looks_like_text);
        if media == Media::Text || is_text {
            return self.packed_text(text, level, media);
        }
        if text.len() < MIN_MEDIA_BYTES {
            // Too short to be sure that it is no key in base64's alphabet: count it and scan it.
            let mut marks = self.plain(text);
            let counts = media == Media::Binary && text.len() >= MIN_BLOB_BYTES;
            marks.uninspected += u32::from(counts);
            return Some(marks);
        }
        let is_media = media == Media::Binary || has_media_magic(&head.unwrap_or_default());
        is_media.then(|| Marks { uninspected: 1, ..Marks::default() })
    }

    /// Base64 that decodes to text.
    fn packed_text(&mut self, text: &[u8], level: u8, media: Media) -> Option<Marks> {
        let inside = decode(text)?;
        let mut found = self.string(&inside, level + 1, Media::Unknown);
        // As it stands only: the view of it is what was just looked into.
        let mut marks = self.raw(text);
        settle(&mut found.edits);
        if !found.edits.is_empty() {
            let with = match media {
                // What stands in the base64 itself would outlive an edit of the text inside.
                media if media == Media::Unknown || !marks.edits.is_empty() => {
                    self.first_mask(&found)?
                }
                _ => base64_like(text, &apply(&inside, &found.edits)),
            };
            found.edits = vec![Edit { range: 0..text.len(), with }];
        }
        for hit in &mut found.hits {
            hit.at = 0;
            hit.span = 0..text.len();
        }
        marks.absorb(found, 0);
        Some(marks)
    }

    /// What stands for all of a string in which several things may have been found.
    fn first_mask(&self, found: &Marks) -> Option<Vec<u8>> {
        let mut detectors = found.hits.iter().map(|hit| self.scope.engine.detector(hit.detector));
        let masked = detectors.find(|one| one.action(self.scope.direction).replaces())?;
        Some(mask(masked).into_bytes())
    }
}

/// The length of the header of a base64 `data:` URI, comma included, and the declared media.
fn data_header(text: &[u8]) -> Option<(usize, Media)> {
    let head = text.get(..MAX_DATA_HEADER.min(text.len()))?;
    if !is_data(head) {
        return None;
    }
    let comma = memchr::memchr(b',', head)?;
    let header = head.get(5..comma)?;
    let (kind, _) = header.split_at_checked(header.len().checked_sub(7)?)?;
    if !header.to_ascii_lowercase().ends_with(b";base64") {
        return None;
    }
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    let media = if kind.is_empty() { Media::Text } else { Media::from_name(kind) };
    Some((comma + 1, media))
}

/// Whether the whole text is base64 of either alphabet, wrapped or not. Prose fails at once.
fn is_base64(text: &[u8]) -> bool {
    let content = text.trim_ascii_end();
    let unpadded = match content {
        [rest @ .., b'=', b'='] | [rest @ .., b'='] => rest,
        rest => rest,
    };
    unpadded.chunks(64).all(|chunk| chunk.iter().fold(true, |all, byte| all & is_digit(byte)))
}

/// What may stand in base64, line breaks included.
fn is_digit(byte: &u8) -> bool {
    packed::DIGITS[usize::from(*byte)] || matches!(byte, b'\r' | b'\n')
}

/// The first bytes of formats that carry no text of their own: images, audio, video, PDF, archives.
fn has_media_magic(head: &[u8]) -> bool {
    let magics: [&[u8]; 14] = [
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"RIFF",
        b"%PDF-",
        b"ID3",
        b"\xff\xfb",
        b"\xff\xf3",
        b"OggS",
        b"fLaC",
        b"PK\x03\x04",
        b"II*\0",
        b"\x1f\x8b",
        b"\x1a\x45\xdf\xa3",
    ];
    magics.iter().any(|magic| head.starts_with(magic)) || head.get(4..8) == Some(b"ftyp")
}
