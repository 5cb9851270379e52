//! What the screen watches for: names from public control lists (the schedules of the Chemical
//! Weapons Convention, the Australia Group's lists, the Nuclear Suppliers Group's materials) and the
//! common words for weapons. Names only: nothing here says how anything is made.

use std::ops::Range;
use std::sync::LazyLock;

use crate::blocks;

/// What kind of weapon a subject belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Chemical,
    Biological,
    Nuclear,
    Weapons,
    Cyber,
}

impl Family {
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Chemical => "harm.cbrn_chemical",
            Self::Biological => "harm.cbrn_biological",
            Self::Nuclear => "harm.cbrn_nuclear",
            Self::Weapons => "harm.weapons",
            Self::Cyber => "harm.cyber",
        }
    }
}

/// A thing that is a weapon or can be made one.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) family: Family,
    /// It has hardly a use but as a weapon.
    pub(super) is_weapon: bool,
    /// Small letters, one space between words; a plural is understood.
    terms: &'static [&'static str],
}

const fn weapon(family: Family, terms: &'static [&'static str]) -> Subject {
    Subject { family, is_weapon: true, terms }
}

/// Something that is mostly met in medicine, industry, school or the news.
const fn dual(family: Family, terms: &'static [&'static str]) -> Subject {
    Subject { family, is_weapon: false, terms }
}

#[rustfmt::skip]
static SUBJECTS: &[Subject] = &[
    weapon(Family::Chemical, &[
        "sarin", "soman", "tabun", "cyclosarin", "novichok", "vx gas", "vx nerve", "vx agent",
        "nerve agent", "nerve gas", "mustard gas", "sulfur mustard", "sulphur mustard", "lewisite",
        "chemical weapon", "chemical warfare agent", "chemical agent", "blister agent",
        "choking agent", "poison gas", "ricin", "saxitoxin", "adamsite", "toxic nerve", "a 234",
        "organophosphate nerve", "chemical bomb", "gas attack", "quinuclidinyl benzilate",
    ]),
    dual(Family::Chemical, &[
        "vx", "phosgene", "hydrogen cyanide", "cyanogen chloride", "chlorine gas", "phosphine",
        "cyanide", "nitrogen mustard", "toxic gas", "chloropicrin", "methylphosphonic difluoride",
        "pinacolyl alcohol", "thiodiglycol", "organophosphate", "poisonous gas", "deadly gas",
    ]),
    weapon(Family::Biological, &[
        "bacillus anthracis", "yersinia pestis", "variola", "francisella tularensis", "bioweapon",
        "bio weapon", "biological weapon", "biological warfare agent", "weaponized anthrax",
        "weaponised anthrax", "clostridium botulinum", "abrin", "bioterror agent", "deadly pathogen",
        "lethal virus", "deadly virus", "lethal pathogen", "germ weapon", "germ warfare",
        "anthrax spores",
    ]),
    dual(Family::Biological, &[
        "anthrax", "botulinum", "botulinum toxin", "smallpox", "ebola", "marburg virus", "tularemia",
        "brucella", "burkholderia", "coxiella burnetii", "nipah", "lassa virus", "h5n1", "avian flu",
        "pathogen", "biological agent", "gain of function", "aflatoxin", "pandemic virus",
        "plague bacteria", "bubonic plague", "hantavirus", "staphylococcal enterotoxin",
    ]),
    weapon(Family::Nuclear, &[
        "weapons grade uranium", "weapons grade plutonium", "nuclear weapon", "nuclear bomb",
        "atomic bomb", "atom bomb", "dirty bomb", "radiological weapon", "nuclear warhead",
        "radiological dispersal device", "nuclear device", "radiological device", "fission bomb",
        "hydrogen bomb", "thermonuclear weapon", "nuclear explosive", "implosion device", "nuke",
        "radioactive bomb",
    ]),
    dual(Family::Nuclear, &[
        "uranium", "plutonium", "fissile material", "cesium 137", "caesium 137", "cobalt 60",
        "uranium hexafluoride", "gas centrifuge", "polonium", "tritium", "strontium 90",
        "radioactive source", "radioactive material", "fissile", "neptunium", "americium",
    ]),
    weapon(Family::Weapons, &[
        "bomb", "pipe bomb", "explosive", "explosive device", "improvised explosive", "petn", "rdx",
        "hmtd", "tatp", "semtex", "molotov", "grenade", "landmine", "land mine", "detonator",
        "blasting cap", "ghost gun", "auto sear", "untraceable gun", "untraceable firearm",
        "printed gun", "printed firearm", "suicide vest", "ied", "homemade gun", "homemade firearm",
        "plastic explosive", "acetone peroxide", "triacetone triperoxide", "car bomb",
    ]),
    dual(Family::Weapons, &[
        "tnt", "nitroglycerin", "nitroglycerine", "dynamite", "ammonium nitrate", "black powder",
        "gunpowder", "thermite", "napalm", "firearm", "gun", "silencer", "flash powder", "anfo",
        "nitrocellulose", "machine gun", "assault rifle", "flamethrower",
    ]),
    weapon(Family::Cyber, &[
        "ransomware", "keylogger", "rootkit", "botnet", "spyware", "computer virus",
        "computer worm", "remote access trojan", "infostealer", "info stealer", "malware",
        "credential stealer", "phishing kit", "exploit kit", "cryptojacker", "wiper malware",
        "malicious software", "malicious code", "self replicating worm", "password stealer",
        "polymorphic virus", "banking trojan", "phishing page", "phishing site",
    ]),
    dual(Family::Cyber, &[
        "trojan", "backdoor", "zero day exploit", "ddos attack", "ddos tool", "phishing email",
        "computer exploit", "network worm", "stalkerware", "phishing campaign",
    ]),
];

/// Words beside a subject that make it something else: bath bombs, glue guns, poison arrow frogs.
#[rustfmt::skip]
static OTHER_THINGS: &[&str] = &[
    "bath", "cyclone", "cherry", "photo", "cocoa", "chocolate", "seed", "fat", "time", "zip", "fork",
    "smoke", "calorimeter", "sex", "glitter", "yarn", "bug", "flea", "shelter", "squad", "decompression",
    "glue", "nerf", "staple", "heat", "water", "spray", "nail", "massage", "toy", "top", "grease",
    "growth", "population", "hot", "f", "love", "stink", "paint", "logic", "caulk", "solder", "jumping",
    "disposal", "threat", "scare", "detection", "detector", "horse", "horses", "asteroid", "asteroids",
    "control", "laws", "law", "safety", "sniffing", "tea", "cake", "sake", "jager", "jäger", "tape",
    "scanner", "scanners", "removal", "filter", "protection", "prevention", "defense", "defence",
    "museum", "survivor", "survivors", "response", "cleanup", "nuclei", "shell", "protein", "potential", "belt", "glass", "condenser", "resistance", "fish",
];

/// One place where a subject is named.
pub(super) struct Mention {
    pub(super) subject: &'static Subject,
    pub(super) range: Range<usize>,
}

/// A term, its first word apart.
struct Term {
    subject: &'static Subject,
    /// Of letters and digits alone.
    first: &'static str,
    words: &'static str,
}

/// The terms by their first word, which is what the text is searched for.
struct Index {
    /// A bit for each three characters with which a word begins that is the first of a term:
    /// dismisses nearly every word by three bytes.
    beginnings: [u64; BEGINNINGS / 64],
    /// A bit for each first word, hashed: dismisses most words.
    sieve: [u64; SIEVE_BITS / 64],
    /// By hash; of those with one hash the longest first.
    terms: Vec<(u64, Term)>,
}

const SIEVE_BITS: usize = 1 << 13;

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index =
        Index { beginnings: [0; BEGINNINGS / 64], sieve: [0; SIEVE_BITS / 64], terms: Vec::new() };
    for (subject, term) in SUBJECTS.iter().flat_map(|s| s.terms.iter().map(move |term| (s, term))) {
        let (first, words) = term.split_once(' ').unwrap_or((term, ""));
        let hash = hash(first.as_bytes());
        let (place, bit) = sieve_bit(hash);
        index.sieve[place] |= bit;
        for beginning in beginnings_of(first.as_bytes()) {
            index.beginnings[beginning >> 6] |= 1 << (beginning & 63);
        }
        index.terms.push((hash, Term { subject, first, words }));
    }
    index.terms.sort_by_key(|(hash, term)| (*hash, std::cmp::Reverse(term.words.len())));
    index
});

/// Bits of a character's code, and how many codes three characters in a row have.
const CODE_BITS: usize = 5;
const BEGINNINGS: usize = 1 << (3 * CODE_BITS);

/// Letters without their case, a few codes for digits, 0 for what is part of no word.
static CODES: [u8; 256] = {
    let mut codes = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let one = byte as u8;
        codes[byte] = match one {
            b'a'..=b'z' | b'A'..=b'Z' => one & 31,
            b'0'..=b'9' => 27 + one % 5,
            _ => 0,
        };
        byte += 1;
    }
    codes
};

fn byte_at(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or_default()
}

fn with_code(codes: usize, byte: u8) -> usize {
    codes << CODE_BITS | usize::from(CODES[usize::from(byte)])
}

/// The codes that may stand at the beginning of a word that is a first word or its plural.
fn beginnings_of(first: &[u8]) -> Vec<usize> {
    let any = 0..1_usize << CODE_BITS;
    let (end, plural) = (with_code(0, b' '), with_code(0, b's'));
    match *first {
        [one, two, three, ..] => vec![[one, two, three].into_iter().fold(0, with_code)],
        [one, two] => {
            let two = [one, two].into_iter().fold(0, with_code) << CODE_BITS;
            vec![two | end, two | plural]
        }
        [one] => {
            let one = with_code(0, one) << CODE_BITS;
            any.map(|code| (one | end) << CODE_BITS | code)
                .chain([(one | plural) << CODE_BITS | end])
                .collect()
        }
        [] => Vec::new(),
    }
}

/// Of a word in any case: its first eight bytes and its length.
fn hash(word: &[u8]) -> u64 {
    let head = match word.first_chunk::<8>() {
        Some(head) => u64::from_le_bytes(*head),
        None => word.iter().rev().fold(0, |head, byte| head << 8 | u64::from(*byte)),
    };
    let small = head | 0x2020_2020_2020_2020;
    (small ^ (word.len() as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn sieve_bit(hash: u64) -> (usize, u64) {
    let hash = hash >> (64 - SIEVE_BITS.ilog2());
    ((hash >> 6) as usize, 1 << (hash & 63))
}

impl Index {
    /// Whether a first word may begin at a place.
    #[inline]
    fn may_begin(&self, text: &[u8], at: usize) -> bool {
        let three = match text.get(at..).and_then(|rest| rest.first_chunk::<3>()) {
            Some(three) => three.iter().fold(0, |codes, byte| with_code(codes, *byte)),
            None => (at..at + 3).fold(0, |codes, at| with_code(codes, byte_at(text, at))),
        };
        self.beginnings[three >> 6] & 1 << (three & 63) != 0
    }

    /// The longest term that begins with a word of a text, and where it ends.
    fn term(&self, text: &str, word: &Range<usize>) -> Option<(&'static Subject, usize)> {
        let written = text.as_bytes().get(word.clone())?;
        // The term may be the word without the `s` of its plural.
        let singular = written.strip_suffix(b"s").or_else(|| written.strip_suffix(b"S"));
        let known = |first: &&[u8]| {
            let (place, bit) = sieve_bit(hash(first));
            self.sieve[place] & bit != 0
        };
        let firsts = [Some(written), singular].into_iter().flatten().filter(known);
        firsts.into_iter().find_map(|first| {
            let hash = hash(first);
            let start = self.terms.partition_point(|(known, _)| *known < hash);
            let same = self.terms[start..].iter().take_while(|(known, _)| *known == hash);
            same.map(|(_, term)| term)
                .filter(|term| term.first.as_bytes().eq_ignore_ascii_case(first))
                .find_map(|term| {
                    let end = term_end(text, word.start + first.len(), term.words)?;
                    Some((term.subject, end))
                })
        })
    }
}

/// Every word of letters and digits that may be the first of a term.
fn words<'t>(index: &'t Index, text: &'t [u8]) -> impl Iterator<Item = Range<usize>> + 't {
    let words = blocks::runs(text, |byte| byte.is_ascii_alphanumeric());
    words.filter(|word| index.may_begin(text, word.start))
}

/// Every mention of a subject, in the order of the text.
pub(super) fn mentions(text: &str) -> impl Iterator<Item = Mention> + '_ {
    let index = &*INDEX;
    let mut taken = 0;
    words(index, text.as_bytes()).filter_map(move |word| {
        let (subject, end) = index.term(text, &word)?;
        let range = word.start..end;
        if range.start < taken {
            return None;
        }
        taken = end;
        (!is_another_thing(text, &range)).then_some(Mention { subject, range })
    })
}

/// How many separators may stand between the words of a term.
const MAX_GAP: usize = 4;

/// Where a term ends whose first word ends at `at`, if its other words follow there.
fn term_end(text: &str, mut at: usize, rest: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    for word in rest.split(' ').filter(|word| !word.is_empty()) {
        let gap = bytes[at..].iter().take_while(|b| !b.is_ascii_alphanumeric()).count();
        let start = at + gap;
        let found = bytes.get(start..start + word.len())?;
        if gap == 0 || gap > MAX_GAP || !found.eq_ignore_ascii_case(word.as_bytes()) {
            return None;
        }
        at = start + word.len();
    }
    if matches!(bytes.get(at), Some(b's' | b'S')) {
        at += 1;
    }
    (!bytes.get(at).is_some_and(u8::is_ascii_alphanumeric)).then_some(at)
}

fn is_another_thing(text: &str, range: &Range<usize>) -> bool {
    let word = |c: char| !c.is_alphanumeric();
    let before = text[..range.start].trim_end_matches([' ', '-']);
    let previous = before.rsplit(word).next().unwrap_or_default();
    let after = text[range.end..].trim_start_matches([' ', '-']);
    let next = after.split(word).next().unwrap_or_default();
    [previous, next]
        .iter()
        .any(|beside| OTHER_THINGS.iter().any(|other| beside.eq_ignore_ascii_case(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_words_are_words_of_a_text() {
        for term in SUBJECTS.iter().flat_map(|subject| subject.terms) {
            let first = term.split(' ').next().unwrap_or_default();
            let whole = words(&INDEX, first.as_bytes()).next();
            assert_eq!(whole, Some(0..first.len()), "{term}");
        }
    }

    #[test]
    fn terms_are_found_in_any_case_and_number() {
        for term in SUBJECTS.iter().flat_map(|subject| subject.terms) {
            for written in [term.to_uppercase(), term.replace(' ', "-"), format!("{term}s")] {
                let text = format!("About {written}.");
                let found: Vec<_> = mentions(&text).map(|mention| mention.range).collect();
                assert_eq!(found.first(), Some(&(6..6 + written.len())), "{text}");
            }
        }
    }
}
