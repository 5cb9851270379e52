//! The few lines of ustar (POSIX.1-2001, pax, section "ustar Interchange Format") that one plain
//! file after the other takes. A member's header follows from its name and length alone.

use super::BundleError;

const BLOCK: usize = 512;
/// Longer names would need fields that are not used here.
const MAX_NAME: usize = 100;

/// The header of a file: owner and times are left at nothing, so that equal content gives equal bytes.
fn header(name: &str, length: usize) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(field) = header.get_mut(at..at + bytes.len()) {
            field.copy_from_slice(bytes);
        }
    };
    put(0, name.as_bytes().get(..name.len().min(MAX_NAME)).unwrap_or_default());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{length:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    if let Some(field) = header.get_mut(148..156) {
        field.copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    header
}

pub(super) fn push(out: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    out.extend_from_slice(&header(name, bytes.len()));
    out.extend_from_slice(bytes);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}

/// Two blocks of zeros end the archive.
pub(super) fn finish(out: &mut Vec<u8>) {
    out.resize(out.len() + 2 * BLOCK, 0);
}

/// A file in the archive.
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    /// Where its bytes begin.
    pub(super) offset: usize,
    pub(super) bytes: &'a [u8],
}

/// Reads an archive that [`push`] could have written. Whether it did is for the caller to see.
pub(super) fn read(archive: &[u8]) -> Result<Vec<Member<'_>>, BundleError> {
    let bad = |at: usize| BundleError::Format(format!("no tar header at byte {at}"));
    let (mut members, mut at) = (Vec::new(), 0);
    loop {
        let head = archive.get(at..at + BLOCK).ok_or_else(|| bad(at))?;
        if head.iter().all(|byte| *byte == 0) {
            return Ok(members);
        }
        let name = head.get(..MAX_NAME).and_then(|name| name.split(|byte| *byte == 0).next());
        let name = name.and_then(|name| std::str::from_utf8(name).ok()).ok_or_else(|| bad(at))?;
        let length = head.get(124..135).and_then(|digits| std::str::from_utf8(digits).ok());
        let length = length.and_then(|digits| usize::from_str_radix(digits, 8).ok());
        let length = length.ok_or_else(|| bad(at))?;
        let offset = at + BLOCK;
        let bytes = archive.get(offset..offset.saturating_add(length)).ok_or_else(|| bad(at))?;
        members.push(Member { name, offset, bytes });
        at = offset + length.next_multiple_of(BLOCK);
    }
}
