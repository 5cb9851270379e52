//! Vectors made by other programs (Python's gzip and zlib, Node's brotli, the zstd command), and
//! what goes wrong.

use std::io::Write;

use proptest::prelude::*;

use super::*;

const HELLO: &[u8] = b"hello, hello, hello";
const GZIP: &str = "1f8b0800000000000203cb48cdc9c9d751c840a2009fa1ca0913000000";
const ZLIB: &str = "789ccb48cdc9c9d751c840a200442806d5";
const RAW: &str = "cb48cdc9c9d751c840a200";
const BROTLI: &str = "1b1900f88d946ede44095286966c2c6f314f24b0e300";
const ZSTD: &str = "28b52ffd04586d00003868656c6c6f2c2001004a8a118f995337";
/// A million zeroes; a million letters.
const ZSTD_BOMB: &str = "28b52ffd04585400001000000100fbff39c00202001000020010000200100002001000020010000200100003120a00ccaeca39";
const BROTLI_BOMB: &str = "5b3f428f5f222c1e0b04f2731e00";

fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Brotli without compression: one stored meta-block (RFC 7932, section 9.2).
fn brotli_stored(text: &[u8]) -> Vec<u8> {
    if text.is_empty() {
        return vec![0x06];
    }
    let header = ((text.len() - 1) << 4 | 1 << 20).to_le_bytes();
    [&header[..3], text, &[3]].concat()
}

fn vectors() -> [(Coding, Vec<u8>, Vec<u8>); 5] {
    let longer = [HELLO, b", hello"].concat();
    [
        (Coding::Gzip, bytes(GZIP), HELLO.to_vec()),
        (Coding::Deflate, bytes(ZLIB), HELLO.to_vec()),
        (Coding::Deflate, bytes(RAW), HELLO.to_vec()),
        (Coding::Brotli, bytes(BROTLI), longer.clone()),
        (Coding::Zstd, bytes(ZSTD), longer),
    ]
}

#[test]
fn vectors_of_other_programs() {
    for (coding, packed, text) in vectors() {
        assert_eq!(decode(&[coding], &packed, 100).as_ref(), Ok(&text), "{coding:?}");
        for cut in 0..packed.len() {
            let mut decoder = Decoder::new(&[coding], 100);
            let mut out = Vec::new();
            decoder.push(&packed[..cut], &mut out).unwrap();
            assert_eq!(decoder.finish().is_ok(), cut == 0, "{coding:?} cut at {cut}");
            decoder.push(&packed[cut..], &mut out).unwrap();
            assert_eq!((decoder.finish(), &out), (Ok(()), &text), "{coding:?} cut at {cut}");
        }
    }
}

#[test]
fn the_limit_is_absolute() {
    for (coding, packed, text) in vectors() {
        assert!(decode(&[coding], &packed, text.len()).is_ok());
        let short = text.len() - 1;
        assert_eq!(decode(&[coding], &packed, short), Err(Error::TooLarge(short)), "{coding:?}");
    }
    for (coding, bomb) in [
        (Coding::Zstd, bytes(ZSTD_BOMB)),
        (Coding::Brotli, bytes(BROTLI_BOMB)),
        (Coding::Gzip, gzip(&[0; 1_000_000])),
    ] {
        assert_eq!(decode(&[coding], &bomb, 1_000_000).unwrap().len(), 1_000_000, "{coding:?}");
        assert_eq!(decode(&[coding], &bomb, 10_000), Err(Error::TooLarge(10_000)), "{coding:?}");
    }
    assert_eq!(decode(&[], b"abc", 2), Err(Error::TooLarge(2)));
}

#[test]
fn a_bomb_gives_out_no_more_than_the_limit_and_a_step() {
    // Blocks of four bytes that each stand for 128 KiB, without an end.
    let header = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x58];
    let block = ((128_u32 * 1024) << 3 | 1 << 1).to_le_bytes();
    let block = [block[0], block[1], block[2], b'a'];
    let bomb = [&header[..], &block.repeat(100_000)].concat();
    let mut out = Vec::new();
    let result = Decoder::new(&[Coding::Zstd], 1 << 20).push(&bomb, &mut out);
    assert_eq!(result, Err(Error::TooLarge(1 << 20)));
    assert!(out.len() <= 1 << 20);
}

#[test]
fn bytes_after_the_end_are_refused() {
    for (coding, mut packed, _) in vectors() {
        packed.push(b'x');
        let trailing = Error::TrailingBytes(coding);
        let expected = if coding == Coding::Zstd { Error::Truncated(coding) } else { trailing };
        assert_eq!(decode(&[coding], &packed, 100), Err(expected), "{coding:?}");
    }
    let zstd = [bytes(ZSTD), b"garbage".to_vec()].concat();
    assert_eq!(decode(&[Coding::Zstd], &zstd, 100), Err(Error::TrailingBytes(Coding::Zstd)));
}

#[test]
fn members_follow_each_other() {
    let twice = bytes(GZIP).repeat(2);
    assert_eq!(decode(&[Coding::Gzip], &twice, 100), Ok(HELLO.repeat(2)));
    let skipped = [&SKIP[..], &bytes(ZSTD), &SKIP, &bytes(ZSTD)].concat();
    assert_eq!(decode(&[Coding::Zstd], &skipped, 100).unwrap().len(), 52);
    assert_eq!(decode(&[Coding::Deflate], &bytes(ZLIB).repeat(2), 100).ok(), None);
    let many = gzip(b"").repeat(MAX_MEMBERS + 1);
    assert_eq!(decode(&[Coding::Gzip], &many, 100), Err(Error::TooManyMembers(Coding::Gzip)));
}

const SKIP: [u8; 11] = [0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];

#[test]
fn a_wrong_checksum_is_noticed() {
    for (coding, mut packed, _) in vectors() {
        let checked = coding != Coding::Brotli && packed != bytes(RAW);
        let last = packed.len() - if coding == Coding::Gzip { 5 } else { 1 };
        packed[last] ^= 1;
        if checked {
            assert_eq!(decode(&[coding], &packed, 100), Err(Error::Damaged(coding)), "{coding:?}");
        }
    }
}

#[test]
fn header_values() {
    assert_eq!(parse("gzip, br"), Ok(vec![Coding::Gzip, Coding::Brotli]));
    assert_eq!(parse(" X-GZIP ,identity,, ZSTD"), Ok(vec![Coding::Gzip, Coding::Zstd]));
    assert_eq!(parse("compress"), Err(Error::UnknownCoding));
    assert_eq!(parse("br,br,br,br,br"), Err(Error::TooManyCodings));
}

fn pack(coding: Coding, text: &[u8]) -> Vec<u8> {
    match coding {
        Coding::Gzip => gzip(text),
        Coding::Deflate => {
            let mut encoder =
                flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        Coding::Brotli => brotli_stored(text),
        Coding::Zstd => zstd(text),
    }
}

const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn stacked_codings_in_any_pieces(
        words in prop::collection::vec("[a-z]{0,8}", 0..2000),
        codings in prop::collection::vec(prop::sample::select(&ALL[..]), 0..4),
        piece in 1_usize..5000,
    ) {
        let text = words.concat().into_bytes();
        let packed = codings.iter().fold(text.clone(), |text, coding| pack(*coding, &text));
        prop_assert_eq!(decode(&codings, &packed, 1 << 20), Ok(text.clone()));
        let mut decoder = Decoder::new(&codings, 1 << 20);
        let mut out = Vec::new();
        for piece in packed.chunks(piece) {
            decoder.push(piece, &mut out).unwrap();
        }
        prop_assert_eq!(decoder.finish(), Ok(()));
        prop_assert_eq!(out, text);
    }

    #[test]
    fn damaged_bytes_never_panic(
        which in 0_usize..5, place in any::<prop::sample::Index>(), byte in any::<u8>(),
        noise in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let (coding, mut packed, _) = vectors()[which].clone();
        let place = place.index(packed.len());
        packed[place] = byte;
        let _ = decode(&[coding], &packed, 1000);
        packed.truncate(place);
        packed.extend(noise);
        let _ = decode(&[coding], &packed, 1000);
    }
}
