//! Secrets and personal data that are made here, at run time: nothing in the source looks real.

/// A GitHub token by form and checksum (`ghp_`, 30 characters, six that hold their CRC-32).
pub fn github_token() -> String {
    let body: String = (0..30_u8).map(|n| char::from(b'A' + (n * 7 + 3) % 26)).collect();
    let mut crc = flate2::Crc::new();
    crc.update(body.as_bytes());
    format!("{}{body}{}", "ghp_", base62(crc.sum() as usize))
}

fn base62(mut number: usize) -> String {
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = [b'0'; 6];
    for slot in text.iter_mut().rev() {
        *slot = digits[number % 62];
        number /= 62;
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The test number that payment networks publish, which passes the Luhn check.
pub fn payment_card() -> String {
    ["4111"; 1].into_iter().chain(["1111"; 3]).collect()
}
