//! Links in what is written to somebody. Whoever reads it follows them with one touch, and a program
//! that shows a preview with none: a link is a destination, whatever text it stands in.

use unicode_normalization::{UnicodeNormalization, is_nfkc};

use crate::normal::is_invisible;

/// Links of one text that are looked at; of a text with more the worst is assumed.
const MAX_LINKS: usize = 32;

/// Ends of names of hosts that programs make a link of where nothing else says that it is one: the
/// commonest, without those that are the endings of source files too.
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
    let text = match text.is_ascii()
        || is_nfkc(text) && !text.contains(|c| c == '\u{3002}' || is_invisible(c))
    {
        true => text.to_owned(),
        false => {
            let letters = text.nfkc().filter(|letter| !is_invisible(*letter));
            letters.map(|letter| if letter == '\u{3002}' { '.' } else { letter }).collect()
        }
    };
    let words = text.split(ends_word).filter(|word| has_sign(word));
    let links = words.filter_map(link).map(|link| Some(link.to_owned()));
    let mut links: Vec<Option<String>> = links.take(MAX_LINKS + 1).collect();
    if links.len() > MAX_LINKS {
        links.truncate(MAX_LINKS);
        links.push(None);
    }
    links
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

/// Whether a word holds what every link holds: most do not, and are not looked at again.
fn has_sign(word: &str) -> bool {
    let mut last = 0;
    word.bytes().any(|byte| {
        let is_sign = (last == b'.' && byte != b'.') || (last == b'/' && byte == b'/');
        last = byte;
        is_sign
    })
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
    let is_name = before.split('.').all(is_label) && is_label(last);
    let is_top = last.chars().count() >= 2 && last.chars().all(char::is_alphabetic)
        || last.starts_with("xn--");
    let begins_www = host.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."));
    // Two sentences without a blank between them are no host.
    let is_sentence = before.len() > 1
        && last.starts_with(char::is_uppercase)
        && before.ends_with(char::is_lowercase);
    let is_common = || !is_sentence && TOP.contains(&last.to_ascii_lowercase().as_str());
    is_name && is_top && (begins_www || has_path || is_common())
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
    fn too_many_links_are_said() {
        let text: String = (0..100).map(|n| format!("a{n}.example/x ")).collect();
        assert!(links(&text).iter().any(Option::is_none));
        assert_eq!(links(&text).len(), MAX_LINKS + 1);
    }
}
