//! Checksums of wallets' keys and addresses: Base58Check, Bech32, Stellar's and Ethereum's.

use model::Digest;

use super::keccak::keccak256;

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The polynomial's result for Bech32 (BIP 173) and for its later form (BIP 350).
const BECH32_RESULTS: [u32; 2] = [1, 0x2bc8_30a3];

/// The longest text in base 58 that is decoded.
const MAX_BASE58: usize = 128;

/// Begins the seed of a Stellar account (SEP 23).
const STELLAR_SEED: u8 = 18 << 3;

fn twice(payload: &[u8]) -> [u8; 32] {
    Digest::of(&Digest::of(payload).0).0
}

/// The bytes before the four of the checksum, if that is right.
fn base58check(text: &[u8]) -> Option<Vec<u8>> {
    let bytes = from_base58(text)?;
    let (payload, check) = bytes.split_last_chunk::<4>()?;
    twice(payload).starts_with(check).then(|| payload.to_vec())
}

fn from_base58(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > MAX_BASE58 {
        return None;
    }
    // Least significant byte first.
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for letter in text {
        let mut carry = BASE58.iter().position(|known| known == letter)? as u32;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push(carry as u8);
            carry >>= 8;
        }
    }
    bytes.extend(text.iter().take_while(|letter| **letter == BASE58[0]).map(|_| 0));
    bytes.reverse();
    Some(bytes)
}

pub(crate) fn to_base58check(payload: &[u8]) -> String {
    let bytes = [payload, &twice(payload)[..4]].concat();
    let mut digits: Vec<u32> = Vec::new();
    for byte in &bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    digits.extend(bytes.iter().take_while(|byte| **byte == 0).map(|_| 0));
    digits.iter().rev().map(|digit| char::from(BASE58[*digit as usize])).collect()
}

pub(crate) fn is_base58check(text: &[u8]) -> bool {
    base58check(text).is_some()
}

/// A private key in the wallet import format: 32 bytes, and a mark where its public key is short.
pub(crate) fn is_bitcoin_key(text: &[u8]) -> bool {
    matches!(base58check(text).as_deref(), Some([0x80, rest @ ..]) if matches!(rest.len(), 32 | 33))
}

/// An address of a key or of a script.
pub(crate) fn is_bitcoin_address(text: &[u8]) -> bool {
    matches!(text, [b'1' | b'3', ..])
        && matches!(base58check(text).as_deref(), Some([0 | 5, rest @ ..]) if rest.len() == 20)
}

fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |check, value| {
        let top = check >> 25;
        let next = (check & 0x01ff_ffff) << 5 ^ u32::from(value);
        let bits = GENERATOR.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
        bits.fold(next, |next, (_, generator)| next ^ generator)
    })
}

fn expanded(prefix: &[u8]) -> impl Iterator<Item = u8> {
    let high = prefix.iter().map(|byte| byte >> 5);
    high.chain([0]).chain(prefix.iter().map(|byte| byte & 31))
}

/// Whether a text in small letters or in capitals carries a right Bech32 checksum.
pub(crate) fn is_bech32(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    let Some(mark) = memchr::memrchr(b'1', &text) else { return false };
    let (prefix, data) = (&text[..mark], &text[mark + 1..]);
    let value = |byte: &u8| BECH32.iter().position(|known| known == byte).map(|at| at as u8);
    let Some(values) = data.iter().map(value).collect::<Option<Vec<u8>>>() else { return false };
    BECH32_RESULTS.contains(&polymod(expanded(prefix).chain(values)))
}

fn bech32(prefix: &str, values: &[u8]) -> String {
    let all = expanded(prefix.as_bytes()).chain(values.iter().copied()).chain([0; 6]);
    let check = polymod(all) ^ BECH32_RESULTS[0];
    let check = (0..6).map(|at| (check >> (5 * (5 - at)) & 31) as u8);
    let letters = values.iter().copied().chain(check).map(|v| char::from(BECH32[usize::from(v)]));
    format!("{prefix}1{}", letters.collect::<String>())
}

/// Five bits at a time, the last padded.
fn fives(bytes: &[u8]) -> Vec<u8> {
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let groups = (bytes.len() * 8).div_ceil(5);
    (0..groups).map(|group| (0..5).fold(0, |sum, at| sum << 1 | bit(group * 5 + at))).collect()
}

pub(crate) fn to_bech32(prefix: &str, bytes: &[u8]) -> String {
    bech32(prefix, &fives(bytes))
}

/// The address of a hash of 20 bytes.
pub(crate) fn to_segwit(hash: &[u8]) -> String {
    bech32("bc", &[vec![0], fives(hash)].concat())
}

/// CRC-16 as XMODEM has it.
fn crc16(bytes: &[u8]) -> u16 {
    let step = |crc: u16, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
    bytes.iter().fold(0, |crc, byte| (0..8).fold(crc ^ u16::from(*byte) << 8, step))
}

/// 56 digits in base 32 are 35 bytes: what it is, the seed, and a CRC-16.
pub(crate) fn is_stellar_seed(text: &[u8]) -> bool {
    let mut bytes = Vec::with_capacity(35);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text {
        let Some(value) = BASE32.iter().position(|known| known == letter) else { return false };
        bits = bits << 5 | value as u32;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    let Some((body, check)) = bytes.split_last_chunk::<2>() else { return false };
    body.len() == 33 && body[0] == STELLAR_SEED && u16::from_le_bytes(*check) == crc16(body)
}

pub(crate) fn to_stellar_seed(seed: &[u8; 32]) -> String {
    let mut bytes = vec![STELLAR_SEED];
    bytes.extend(seed);
    bytes.extend(crc16(&bytes).to_le_bytes());
    fives(&bytes).into_iter().map(|value| char::from(BASE32[usize::from(value)])).collect()
}

/// An address of 20 bytes with the capitals that are its checksum (EIP-55); `0x` stands before it.
pub(crate) fn to_ethereum_address(bytes: &[u8; 20]) -> String {
    let small: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let digest = keccak256(small.as_bytes());
    let is_capital = |at: usize| digest[at / 2] >> (4 * (1 - at % 2)) & 8 != 0;
    let letters = small.chars().enumerate();
    let cased = letters.map(|(at, c)| if is_capital(at) { c.to_ascii_uppercase() } else { c });
    format!("0x{}", cased.collect::<String>())
}

/// Whether an address is in letters of both cases, as its checksum wants them.
pub(crate) fn is_ethereum_address(text: &[u8]) -> bool {
    let Some(digits) = text.strip_prefix(b"0x") else { return false };
    let value = |byte: &u8| char::from(*byte).to_digit(16).map(|value| value as u8);
    let Some(values) = digits.iter().map(value).collect::<Option<Vec<u8>>>() else { return false };
    let bytes: Vec<u8> = values.chunks_exact(2).map(|two| two[0] << 4 | two[1]).collect();
    let is_mixed =
        digits.iter().any(u8::is_ascii_uppercase) && digits.iter().any(u8::is_ascii_lowercase);
    let bytes: Result<[u8; 20], _> = bytes.try_into();
    is_mixed && bytes.is_ok_and(|bytes| to_ethereum_address(&bytes).as_bytes() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ethereum_s_published_addresses_have_their_checksum() {
        // EIP-55's normal ones, in two pieces each.
        for (head, tail) in [
            ("0x5aAeb6053F3E94C9b9A0", "9f33669435E7Ef1BeAed"),
            ("0xfB6916095ca1df60bB79", "Ce92cE3Ea74c37c5d359"),
            ("0xdbF03B407c01E7cD3CBe", "a99509d93f8DDDC8C6FB"),
            ("0xD1220A0cf47c7B9Be7A2", "E6BA89F429762e7b9aDb"),
        ] {
            let address = [head, tail].concat();
            assert!(is_ethereum_address(address.as_bytes()), "{address}");
            assert!(!is_ethereum_address(address.to_lowercase().as_bytes()), "{address}");
            let mut swapped = address.clone().into_bytes();
            let letter = swapped.iter().skip(2).position(u8::is_ascii_alphabetic).unwrap() + 2;
            swapped[letter] ^= 0x20;
            assert!(!is_ethereum_address(&swapped), "{address}");
        }
    }

    #[test]
    fn published_vectors_come_out() {
        // BIP 173's and BIP 350's shortest, and Bitcoin's first block's address in two pieces.
        assert!(is_bech32(b"A12UEL5L") && is_bech32(b"a1lqfn3a") && !is_bech32(b"a12uel5k"));
        let first = ["1A1zP1eP5QGefi2DMPT", "fTL5SLmv7DivfNa"].concat();
        assert!(is_bitcoin_address(first.as_bytes()));
        assert_eq!(crc16(b"123456789"), 0x31c3);
    }

    #[test]
    fn one_letter_changed_is_noticed() {
        let made = [
            (to_base58check(&[0x80; 33]), is_bitcoin_key as fn(&[u8]) -> bool),
            (to_bech32("nsec", &[7; 32]), is_bech32),
            (to_stellar_seed(&[9; 32]), is_stellar_seed),
        ];
        for (value, check) in made {
            assert!(check(value.as_bytes()), "{value}");
            let mut changed = value.clone().into_bytes();
            changed[20] = if changed[20] == b'2' { b'3' } else { b'2' };
            assert!(!check(&changed), "{value}");
        }
    }
}
