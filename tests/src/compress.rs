//! Content codings of the mock upstream, and reading them back.

use std::io::{Read, Write};

/// gzip (RFC 1952), really compressed.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("into memory");
    encoder.finish().expect("into memory")
}

/// Brotli (RFC 7932) of uncompressed meta-blocks: valid, and needs no encoder.
pub fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, block) in bytes.chunks(1 << 16).enumerate() {
        // The first block's header follows the window bits (one 0 bit: 16); then ISLAST 0,
        // MNIBBLES 0 (four), MLEN-1 in 16 bits, ISUNCOMPRESSED 1, padding.
        let first = u32::from(number == 0);
        let length = block.len() as u32 - 1;
        let header = (length << 3 | 1 << 19) << first;
        out.extend_from_slice(&header.to_le_bytes()[..3]);
        out.extend_from_slice(block);
    }
    // An empty stream has only window bits and the last, empty block.
    out.push(if out.is_empty() { 0b110 } else { 0b11 });
    out
}

/// Zstandard (RFC 8878) of raw blocks.
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    let mut blocks = bytes.chunks(1 << 16).peekable();
    if blocks.peek().is_none() {
        out.extend_from_slice(&[1, 0, 0]);
    }
    while let Some(block) = blocks.next() {
        let last = u32::from(blocks.peek().is_none());
        out.extend_from_slice(&((block.len() as u32) << 3 | last).to_le_bytes()[..3]);
        out.extend_from_slice(block);
    }
    out
}

/// Encodes by the name in `content-encoding`.
pub fn encode(coding: &str, bytes: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" => gzip(bytes),
        "br" => brotli(bytes),
        "zstd" => zstd(bytes),
        _ => bytes.to_vec(),
    }
}

/// Decodes by the name in `content-encoding`; panics where it cannot.
pub fn decode(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let read = match coding {
        "gzip" => flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out),
        "br" => brotli_decompressor::Decompressor::new(bytes, 4096).read_to_end(&mut out),
        "zstd" => {
            ruzstd::decoding::StreamingDecoder::new(bytes).expect("zstd").read_to_end(&mut out)
        }
        _ => return bytes.to_vec(),
    };
    read.unwrap_or_else(|error| panic!("{coding}: {error}"));
    out
}
