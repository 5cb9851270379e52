//! Finds private keys in PEM (RFC 7468) and OpenPGP armour.

use crate::detectors::{Class, class};
use crate::engine::Rules;
use crate::engine::resolve::Candidate;

/// How many bytes of a private key are held and taken for one value. The PEM of an RSA key of
/// 8,192 bits fits; of what is longer, the finding covers this much.
pub(crate) const ARMOUR_BYTES: usize = 8 * 1024;

/// How every armour begins.
pub(crate) const BEGIN: &[u8] = b"-----BEGIN ";

/// The same where the label may be cut off.
pub(crate) const DASHES: &[u8] = b"-----BEGIN";

/// The longest label between the dashes.
const LABEL_BYTES: usize = 48;

/// A line of key material is at least this long.
pub(crate) const LINE_BYTES: usize = 40;

/// Words of headers (`Proc-Type: 4,ENCRYPTED`) that may stand before the key material.
const HEADER_WORDS: u8 = 24;

static LABEL: Class = class("0-9A-Z ");
static MATERIAL: Class = class("0-9A-Za-z+/=");
static BETWEEN: Class = class(" \t\r\n\\\"':,.()>*_;-");

/// What is known about an armour after some of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    No,
    Open,
    /// A private key of this many bytes.
    Yes(usize),
}

/// A reader of one armour; it never reads a byte twice.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Armour {
    /// Where the body begins, once the label is complete.
    body: usize,
    at: usize,
    word: usize,
    longest: usize,
    words: u8,
}

impl Armour {
    /// Reads on in `text`, which begins at the armour's first dash and may have grown.
    pub(crate) fn read(&mut self, text: &[u8]) -> Verdict {
        if self.body == 0 {
            match read_label(text) {
                Verdict::Yes(body) => (self.body, self.at) = (body, body),
                other => return other,
            }
        }
        while self.at < ARMOUR_BYTES {
            let Some(byte) = text.get(self.at) else { return Verdict::Open };
            if MATERIAL[usize::from(*byte)] {
                self.word += 1;
                self.longest = self.longest.max(self.word);
                self.at += 1;
                continue;
            }
            self.end_word();
            let is_dead = !BETWEEN[usize::from(*byte)]
                || (self.longest < LINE_BYTES && self.words > HEADER_WORDS);
            if is_dead {
                return self.decide(self.at);
            }
            if *byte == b'-' {
                match read_end(&text[self.at..]) {
                    Verdict::Yes(length) => return self.decide(self.at + length),
                    Verdict::Open => return Verdict::Open,
                    Verdict::No => {}
                }
            }
            self.at += 1;
        }
        self.decide(ARMOUR_BYTES)
    }

    fn end_word(&mut self) {
        self.words = self.words.saturating_add(u8::from(self.word > 0));
        self.word = 0;
    }

    /// At the text's end, or wherever the armour breaks off: key material makes it a finding.
    pub(crate) fn decide(&self, length: usize) -> Verdict {
        let is_key = self.body > 0 && self.longest >= LINE_BYTES;
        if is_key { Verdict::Yes(length) } else { Verdict::No }
    }
}

/// `-----END … -----` at the start of `rest`: its length. Any other five dashes end the body too.
fn read_end(rest: &[u8]) -> Verdict {
    const END: &[u8] = b"-----END ";
    let head = &rest[..rest.len().min(END.len())];
    if !END.starts_with(head) {
        return if rest.starts_with(b"-----") { Verdict::Yes(0) } else { Verdict::No };
    }
    if head.len() < END.len() {
        return Verdict::Open;
    }
    let label = rest[END.len()..].iter().take(LABEL_BYTES);
    let length = label.take_while(|b| LABEL[usize::from(**b)]).count();
    let close = &rest[END.len() + length..];
    let close = &close[..close.len().min(5)];
    match close {
        b"-----" => Verdict::Yes(END.len() + length + 5),
        _ if length < LABEL_BYTES && b"-----".starts_with(close) => Verdict::Open,
        _ => Verdict::Yes(END.len() + length),
    }
}

/// `-----BEGIN RSA PRIVATE KEY-----`: its length if it is the label of a private key.
fn read_label(text: &[u8]) -> Verdict {
    let head = &text[..text.len().min(BEGIN.len())];
    if head != BEGIN {
        return if BEGIN.starts_with(head) { Verdict::Open } else { Verdict::No };
    }
    let rest = &text[BEGIN.len()..];
    let length = rest.iter().take(LABEL_BYTES).take_while(|b| LABEL[usize::from(**b)]).count();
    let (label, close) = rest.split_at(length);
    let close = &close[..close.len().min(5)];
    match close {
        b"-----" if memchr::memmem::find(label, b"PRIVATE KEY").is_some() => {
            Verdict::Yes(BEGIN.len() + length + 5)
        }
        b"-----" => Verdict::No,
        _ if length < LABEL_BYTES && b"-----".starts_with(close) => Verdict::Open,
        _ => Verdict::No,
    }
}

/// Adds every private key that begins in `from..to`; the text may go on after `to`.
pub(crate) fn find(rules: &Rules, text: &[u8], from: usize, to: usize, out: &mut Vec<Candidate>) {
    let last = text.len().min(to + BEGIN.len() - 1);
    let Some(window) = text.get(from..last) else { return };
    for at in rules.begin.find_iter(window).map(|at| from + at) {
        let mut armour = Armour::default();
        let verdict = match armour.read(&text[at..]) {
            Verdict::Open => armour.decide(text.len() - at),
            verdict => verdict,
        };
        if let Verdict::Yes(length) = verdict {
            out.push(Candidate::new(at, at + length, rules.armour));
        }
    }
}
