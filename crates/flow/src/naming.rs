//! How people name a thing that has a name: as it stands, or, of a file, without its ending and with
//! blanks for signs.

use crate::needle::Needle;
use crate::normal::{is_word, word_bytes};

/// Word bytes of a phrase that names a record; fewer may be said by chance.
const PHRASE: usize = 12;

/// Word bytes of a file name, an address or a quoted name that names a record.
const WORD: usize = 4;

/// Words of a phrase that are about something.
const TELLING_WORDS: usize = 2;

/// Letters of the ending of a file's name.
const ENDING: std::ops::RangeInclusive<usize> = 1..=5;

/// Longer texts are no names.
pub(crate) const MAX_BYTES: usize = 256;

/// What everybody asks with. A stranger who names a thing so has guessed what the user says anyway.
const ASKING: &[&str] = &[
    "a", "about", "add", "all", "also", "an", "and", "any", "are", "as", "at", "be", "by", "can",
    "check", "could", "create", "delete", "do", "each", "every", "find", "for", "from", "get",
    "give", "have", "he", "help", "her", "him", "how", "i", "if", "in", "into", "is", "it", "its",
    "let", "list", "look", "make", "me", "my", "need", "not", "of", "on", "one", "or", "our",
    "out", "please", "read", "save", "send", "set", "share", "she", "should", "show", "some",
    "tell", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those",
    "to", "up", "us", "use", "want", "was", "we", "what", "when", "where", "which", "who", "will",
    "with", "would", "write", "you", "your",
];

/// A name that is looked for in the user's words.
pub(crate) struct Name {
    pub(crate) needle: Needle,
    /// Quoted it names; on its own only where it cannot be chance.
    pub(crate) needs_quotes: bool,
}

/// A name as it stands; none where a text is no name.
pub(crate) fn plain(text: &str) -> Option<Name> {
    // A whole page is looked at no further.
    if text.len() > MAX_BYTES {
        return None;
    }
    let has_letter = text.bytes().any(|byte| byte.is_ascii_alphabetic() || byte >= 0x80);
    let needle = Needle::new(text).filter(|_| has_letter)?;
    let has_joint = text.bytes().any(|byte| b".@_/".contains(&byte)) && !text.contains(' ');
    let needs_quotes = !has_joint && !is_telling(text);
    (needle.word_bytes >= WORD).then_some(Name { needle, needs_quotes })
}

/// The name of a file as people say it.
pub(crate) fn spoken(name: &str) -> Option<String> {
    if name.len() > MAX_BYTES {
        return None;
    }
    let (stem, ending) = name.rsplit_once('.')?;
    let is_ending = ENDING.contains(&ending.len())
        && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && ending.bytes().any(|byte| byte.is_ascii_alphabetic());
    let words: Vec<&str> =
        stem.split([' ', '-', '_', '.']).filter(|word| !word.is_empty()).collect();
    let is_name = is_ending && words.iter().all(|word| word.bytes().all(is_word));
    Some(words.join(" ")).filter(|words| is_name && is_telling(words))
}

/// Whether several words are more than what everybody says.
fn is_telling(text: &str) -> bool {
    let words = text.split([' ', '-']).filter(|word| !word.is_empty());
    let telling = words.filter(|word| !ASKING.contains(word)).count();
    word_bytes(text.as_bytes()) >= PHRASE && telling >= TELLING_WORDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_asking_are_in_order() {
        assert!(ASKING.is_sorted());
    }

    #[test]
    fn a_file_is_spoken_of_by_its_words() {
        assert_eq!(spoken("team-meeting_minutes.docx").as_deref(), Some("team meeting minutes"));
        for no in [
            "minutes.docx",
            "a-b.txt",
            "eve.black@evil.example",
            "please-send-it-to-me.txt",
            "team meeting minutes",
            "team-meeting-minutes.2024",
        ] {
            assert_eq!(spoken(no), None, "{no}");
        }
    }

    #[test]
    fn a_phrase_names_where_it_tells_something() {
        let needs_quotes = |text: &str| plain(text).map(|name| name.needs_quotes);
        assert_eq!(needs_quotes("introductory meeting"), Some(false));
        assert_eq!(needs_quotes("rent-notice.txt"), Some(false));
        assert_eq!(needs_quotes("please send an email to"), Some(true));
        assert_eq!(needs_quotes("the"), None);
    }
}
