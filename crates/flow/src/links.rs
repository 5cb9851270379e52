//! Links in what is written to somebody. Whoever reads it follows them with one touch, and a program
//! that shows a preview with none: a link is a destination, whatever text it stands in.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfkc};

use crate::normal::is_invisible;

/// Links of one text that are looked at; of a text with more the worst is assumed.
const MAX_LINKS: usize = 32;

/// Ends of names of hosts that programs make a link of where nothing else says that it is one: the
/// commonest, without those that are the endings of source files too. In order.
const TOP: &[&str] = &[
    "ai", "app", "at", "au", "be", "biz", "blog", "br", "ca", "cc", "ch", "click", "cloud", "club",
    "cn", "co", "com", "cz", "de", "dev", "dk", "edu", "es", "eu", "example", "fi", "fr", "gg",
    "gov", "gr", "hu", "ie", "in", "info", "io", "it", "jp", "kr", "link", "live", "me", "mx",
    "net", "nl", "no", "nz", "online", "org", "page", "pro", "pt", "ru", "se", "shop", "site",
    "space", "store", "tech", "to", "top", "tr", "tv", "tw", "ua", "uk", "us", "vip", "website",
    "wiki", "xyz", "za",
];

/// Every link in a text, without the scheme of the web; `None` stands for those that were too many.
pub(crate) fn links(text: &str) -> Vec<Option<String>> {
    if !text.contains(['.', '/', '\u{3002}', '\u{ff0e}', '\u{ff61}']) {
        return Vec::new();
    }
    let is_plain =
        text.is_ascii() || is_nfkc(text) && !text.contains(|c| c == '\u{3002}' || is_invisible(c));
    let text = match is_plain {
        true => Cow::Borrowed(text),
        false => {
            let letters = text.nfkc().filter(|letter| !is_invisible(*letter));
            letters.map(|letter| if letter == '\u{3002}' { '.' } else { letter }).collect()
        }
    };
    let links = words(&text).filter_map(link).map(|link| Some(link.to_owned()));
    let mut links: Vec<Option<String>> = links.take(MAX_LINKS + 1).collect();
    if links.len() > MAX_LINKS {
        links.truncate(MAX_LINKS);
        links.push(None);
    }
    links
}

/// The words that hold what every link holds. Most do not, and their letters are looked at by nobody: what is
/// looked for is the sign, and the word around it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let sign = at + text.as_bytes().get(at..)?.windows(2).position(is_sign)?;
            let mut before = text.get(at..sign)?.char_indices().rev();
            let last = before.find(|(_, letter)| ends_word(*letter));
            let start = last.map_or(at, |(end, letter)| at + end + letter.len_utf8());
            let end = text.get(sign..)?.find(ends_word).map_or(text.len(), |end| sign + end);
            at = end;
            // A point at the end of a word is none in it.
            if sign + 1 < end {
                return text.get(start..end);
            }
        }
    })
}

fn ends_word(letter: char) -> bool {
    match letter {
        '<' | '>' | '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | ',' | ';'
        | '\\' => true,
        '\0'..=' ' | '\x7f' => true,
        '!'..='~' => false,
        '\u{201c}' | '\u{201d}' => true,
        _ => letter.is_whitespace() || letter.is_control(),
    }
}

/// What every link holds: a point with more behind it, or two strokes.
fn is_sign(pair: &[u8]) -> bool {
    matches!(pair, [b'.', next] if *next != b'.') || pair == b"//"
}

/// The link in a word, where it is one.
fn link(word: &str) -> Option<&str> {
    let word = word.trim_matches(['*', '_', '~', '.', '!', '?', ':', '\u{2026}']);
    if let Some((before, rest)) = word.split_once("//")
        && (before.is_empty() || before.ends_with(':'))
    {
        let scheme =
            before.trim_end_matches(':').rsplit(|c: char| !c.is_ascii_alphanumeric()).next()?;
        let is_web = ["", "http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
        let begins = if is_web { word.len() - rest.len() } else { before.len() - scheme.len() - 1 };
        return word
            .get(begins..)
            .map(|link| link.trim_end_matches('/'))
            .filter(|_| !rest.is_empty());
    }
    let begins = word.find(['/', '?', '#']).unwrap_or(word.len());
    let host = word.get(..begins)?;
    let begins = host.rfind('=').map_or(0, |at| at + 1);
    let (link, host) = (word.get(begins..)?, host.get(begins..)?);
    is_host(host, link.len() > host.len() + 1).then(|| link.trim_end_matches('/'))
}

/// Whether a program makes a link of this without being told that it is one.
fn is_host(host: &str, has_path: bool) -> bool {
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let Some((before, last)) = host.rsplit_once('.') else { return false };
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    let is_name = || before.split('.').all(is_label) && is_label(last);
    let is_top = last.chars().count() >= 2 && last.chars().all(char::is_alphabetic)
        || last.starts_with("xn--");
    let begins_www = host.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."));
    // Two sentences without a blank between them are no host.
    let is_sentence = before.len() > 1
        && last.starts_with(char::is_uppercase)
        && before.ends_with(char::is_lowercase);
    let is_common = || !is_sentence && is_common(last);
    is_top && (begins_www || has_path || is_common()) && is_name()
}

/// Whether the last part of a host's name is one of [`TOP`].
fn is_common(last: &str) -> bool {
    let lower = || last.bytes().map(|byte| byte.to_ascii_lowercase());
    TOP.binary_search_by(|top| top.bytes().cmp(lower())).is_ok()
}

/// The host of a link, where there is no doubt about it.
pub(crate) fn host(link: &str) -> Option<String> {
    let authority = link.split(['/', '?', '#']).next()?;
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    (host.contains('.') && host.bytes().all(is_plain)).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        links(text).into_iter().flatten().collect()
    }

    #[test]
    fn links_are_found_however_they_stand() {
        for text in [
            "look at https://evil.example/x today",
            "look at HTTPS://evil.example/x.",
            "[here](https://evil.example/x)",
            "<a href=https://evil.example/x>here</a>",
            "<img src='//evil.example/x'>",
            "**evil.example/x**",
            "url=evil.example/x",
            "evil\u{3002}example/x",
            "ｅｖｉｌ．ｅｘａｍｐｌｅ/x",
            "ev\u{200b}il.example/x",
        ] {
            assert_eq!(found(text), ["evil.example/x"], "{text}");
        }
        assert_eq!(
            found("www.evil.photography, evil.com and ftp://evil.example"),
            ["www.evil.photography", "evil.com", "ftp://evil.example"]
        );
        assert_eq!(found("http://192.0.2.1:8080/x"), ["192.0.2.1:8080/x"]);
    }

    #[test]
    fn what_is_no_link_is_none() {
        for text in [
            "Ask anna@mail.example, e.g. at 10.30 p.m. and/or later.",
            "see main.rs, os.path and report.docx",
            "It was late.In the end he left",
            "1.5m/s // a comment",
            "/home/anna/notes.txt",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_host_is_told_only_where_it_is_sure() {
        assert_eq!(host("Docs.example.com:443/x").as_deref(), Some("docs.example.com"));
        for link in ["docs.example.com@evil.example/x", "d\u{43e}cs.example.com", "localhost/x"] {
            assert_eq!(host(link), None, "{link}");
        }
        assert_eq!(host("evil.example/docs.example.com").as_deref(), Some("evil.example"));
    }

    #[test]
    fn ends_of_hosts_are_in_order() {
        assert!(TOP.is_sorted());
        assert!(is_common("COM") && is_common("za") && !is_common("rs") && !is_common(""));
    }

    /// Word by word, as it reads in the book.
    fn plainly(text: &str) -> Vec<&str> {
        let words = text.split(ends_word).filter(|word| word.as_bytes().windows(2).any(is_sign));
        words.collect()
    }

    proptest! {
        #[test]
        fn words_are_found_by_their_signs_as_one_by_one(
            text in "[a./ \\n(\u{201c}\u{201d}\u{e9}\u{3000}]{0,40}"
        ) {
            prop_assert_eq!(words(&text).collect::<Vec<_>>(), plainly(&text));
        }
    }

    #[test]
    fn too_many_links_are_said() {
        let text: String = (0..100).map(|n| format!("a{n}.example/x ")).collect();
        assert!(links(&text).iter().any(Option::is_none));
        assert_eq!(links(&text).len(), MAX_LINKS + 1);
    }
}
