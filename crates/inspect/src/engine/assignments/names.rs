//! What a name says of the value that it is given: whether that is a secret, and of which sort.

/// The longest name that is read back from a separator.
pub(super) const NAME_BYTES: usize = 48;

/// What a value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Chosen by somebody, or drawn.
    Password,
    /// Drawn by a machine: keys, tokens, secrets.
    Key,
    /// The id of a session, as cookies carry it.
    Session,
    /// A scheme, then a credential.
    Authorization,
}

/// Ends of names, without their `_`, `-` and `.`, in small letters.
const ENDINGS: [(&[u8], Meaning); 46] = [
    (b"password", Meaning::Password),
    (b"passwd", Meaning::Password),
    (b"passwort", Meaning::Password),
    (b"passphrase", Meaning::Password),
    (b"passcode", Meaning::Password),
    (b"pwd", Meaning::Password),
    (b"pswd", Meaning::Password),
    (b"kennwort", Meaning::Password),
    (b"motdepasse", Meaning::Password),
    (b"contrasena", Meaning::Password),
    (b"senha", Meaning::Password),
    (b"apikey", Meaning::Key),
    (b"secretkey", Meaning::Key),
    (b"accesskey", Meaning::Key),
    (b"accesskeysecret", Meaning::Key),
    (b"privatekey", Meaning::Key),
    (b"authkey", Meaning::Key),
    (b"encryptionkey", Meaning::Key),
    (b"signingkey", Meaning::Key),
    (b"masterkey", Meaning::Key),
    (b"sharedkey", Meaning::Key),
    (b"accountkey", Meaning::Key),
    (b"servicekey", Meaning::Key),
    (b"storagekey", Meaning::Key),
    (b"licensekey", Meaning::Key),
    (b"hmackey", Meaning::Key),
    (b"jwtkey", Meaning::Key),
    (b"secret", Meaning::Key),
    (b"token", Meaning::Key),
    (b"credential", Meaning::Key),
    (b"credentials", Meaning::Key),
    (b"sessionkey", Meaning::Session),
    (b"sessionid", Meaning::Session),
    (b"sessid", Meaning::Session),
    (b"connectsid", Meaning::Session),
    (b"sessioncookie", Meaning::Session),
    (b"authcookie", Meaning::Session),
    (b"session", Meaning::Session),
    (b"authorization", Meaning::Authorization),
    (b"proxyauthorization", Meaning::Authorization),
    (b"xauthtoken", Meaning::Key),
    (b"xapikey", Meaning::Key),
    (b"bearer", Meaning::Key),
    (b"secretaccesskey", Meaning::Key),
    (b"sharedaccesssignature", Meaning::Key),
    (b"clientsecret", Meaning::Key),
];

/// Ends that count only as words of their own.
const WORDS: [(&[u8], Meaning); 6] = [
    (b"pass", Meaning::Password),
    (b"pw", Meaning::Password),
    (b"psk", Meaning::Password),
    (b"sid", Meaning::Session),
    (b"sig", Meaning::Key),
    (b"auth", Meaning::Key),
];

/// Names that end like those of secrets and are none: places in lists, versions of what is changed,
/// marks that keep a request from being done twice, words of a tokeniser.
const HARMLESS: [&[u8]; 24] = [
    b"updatetoken",
    b"startingtoken",
    b"changetoken",
    b"locktoken",
    b"requesttoken",
    b"idempotencytoken",
    b"actiontoken",
    b"clienttoken",
    b"producttoken",
    b"paginationtoken",
    b"nexttoken",
    b"pagetoken",
    b"continuationtoken",
    b"synctoken",
    b"publickey",
    b"nonsecret",
    b"keytoken",
    b"eostoken",
    b"bostoken",
    b"padtoken",
    b"unktoken",
    b"masktoken",
    b"septoken",
    b"stoptoken",
];

/// Last letters of the ends above, digits behind them left out.
static LAST: [bool; 256] = crate::detectors::class("adeghklnrstwyADEGHKLNRSTWY0-9");

/// Whether a name that ends with this byte may say something.
#[inline]
pub(super) fn may_end(byte: u8) -> bool {
    LAST[usize::from(byte)]
}

/// The last letters of a name, squeezed: small, without separators, without a number behind.
struct Squeezed {
    letters: [u8; NAME_BYTES],
    from: usize,
}

impl Squeezed {
    fn of(name: &[u8]) -> Self {
        let end = name.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
        let mut squeezed = Self { letters: [0; NAME_BYTES], from: NAME_BYTES };
        for byte in name[..end].iter().rev().filter(|byte| byte.is_ascii_alphanumeric()) {
            if squeezed.from == 0 {
                break;
            }
            squeezed.from -= 1;
            squeezed.letters[squeezed.from] = byte.to_ascii_lowercase();
        }
        squeezed
    }

    fn ends_with(&self, end: &[u8]) -> bool {
        self.letters[self.from..].ends_with(end)
    }
}

/// A bit for each three letters, the last first, with which a name may end that says something.
static TAILS: [u64; 512] = {
    let mut tails = [0; 512];
    let mut at = 0;
    while at < ENDINGS.len() + WORDS.len() {
        let end = if at < ENDINGS.len() { ENDINGS[at].0 } else { WORDS[at - ENDINGS.len()].0 };
        let length = end.len();
        let two = (end[length - 1] as usize & 31) << 10 | (end[length - 2] as usize & 31) << 5;
        let mut third = 0;
        while third < 32 {
            // What stands before a word of two letters is not known.
            if length == 2 || third == end[length - 3] as usize & 31 {
                tails[(two | third) >> 6] |= 1 << ((two | third) & 63);
            }
            third += 1;
        }
        at += 1;
    }
    tails
};

/// Dismisses nearly every name.
#[inline]
fn may_say(name: &[u8]) -> bool {
    let letters = name.iter().rev().filter(|byte| byte.is_ascii_alphabetic()).take(3);
    let (number, count) =
        letters.fold((0, 0), |(sum, n), byte| (sum << 5 | usize::from(byte & 31), n + 1));
    let number = if count == 2 { number << 5 } else { number };
    TAILS[number >> 6] & 1 << (number & 63) != 0
}

/// Whether a name that ends a text may say something; false for nearly every one, without asking
/// where it begins.
#[inline]
pub(super) fn may_end_one(text: &[u8]) -> bool {
    match text.last_chunk::<3>() {
        Some(last) if last.iter().all(u8::is_ascii_alphabetic) => may_say(last),
        _ => text.last().is_some_and(|last| may_end(*last)),
    }
}

/// What a name says; nothing for most.
pub(crate) fn meaning(name: &[u8]) -> Option<Meaning> {
    if !may_end(*name.last()?) {
        return None;
    }
    let name = &name[name.len().saturating_sub(NAME_BYTES)..];
    if !may_say(name) {
        return None;
    }
    let squeezed = Squeezed::of(name);
    let known = ENDINGS.iter().find(|(end, _)| squeezed.ends_with(end));
    let known = known.or_else(|| WORDS.iter().find(|(word, _)| ends_with_word(name, word)));
    let is_harmless = || HARMLESS.iter().any(|end| squeezed.ends_with(end));
    known.map(|(_, meaning)| *meaning).filter(|_| !is_harmless())
}

/// Whether a name ends with a word that begins there: after a separator, or with a capital.
fn ends_with_word(name: &[u8], word: &[u8]) -> bool {
    let Some(start) = name.len().checked_sub(word.len()) else { return false };
    let (before, end) = name.split_at(start);
    let begins = match (before.last(), end.first()) {
        (Some(before), Some(first)) => {
            !before.is_ascii_alphanumeric()
                || (before.is_ascii_lowercase() && first.is_ascii_uppercase())
        }
        _ => true,
    };
    begins && end.eq_ignore_ascii_case(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_say_however_they_are_written() {
        for (name, wanted) in [
            ("password", Meaning::Password),
            ("DB_PASSWORD", Meaning::Password),
            ("smtp.pass", Meaning::Password),
            ("dbPass", Meaning::Password),
            ("api-key", Meaning::Key),
            ("X-Api-Key", Meaning::Key),
            ("clientSecret", Meaning::Key),
            ("GITHUB_TOKEN2", Meaning::Key),
            ("connect.sid", Meaning::Session),
            ("JSESSIONID", Meaning::Session),
            ("Authorization", Meaning::Authorization),
        ] {
            assert_eq!(meaning(name.as_bytes()), Some(wanted), "{name}");
        }
        for name in ["compass", "bypass", "public_key", "next_page_token", "max_tokens", "key", ""]
        {
            assert_eq!(meaning(name.as_bytes()), None, "{name}");
        }
    }
}
