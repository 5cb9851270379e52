//! What has the form of a credential, whether or not it can be one.
//!
//! Detectors let pass what no issuer would take: the keys of manuals, numbers whose check digit is
//! wrong, words that stand for a value. That keeps them quiet where code and documents are read. Where
//! an agent is about to send something out, an operator may want the form alone to count: a key with
//! one letter changed is a key to whoever knows the letter. So this judge is off unless it is asked for.
//!
//! Linear in the text.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use crate::detectors::{Form, catalogue};
use crate::engine::is_word_of_a_wallet;
use crate::views;

/// The kind that it reports.
pub(crate) const LOOKALIKE: &str = "secret.lookalike";

/// The shortest rest behind a prefix, and the shortest value that is assigned.
const SHORTEST_REST: usize = 12;
const SHORTEST_VALUE: usize = 8;
const SHORTEST_PASSWORD: usize = 6;

/// How long the prefixes are that say enough.
const PREFIXES: std::ops::RangeInclusive<usize> = 3..=10;

/// Words of a wallet in a row.
const WALLET_WORDS: usize = 12;

/// What the name of a value says that nobody should know.
const NAMES: [&str; 9] = [
    "secret",
    "token",
    "password",
    "passwd",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
    "credential",
];

/// The prefixes of the catalogue that no word begins with.
static KNOWN: LazyLock<HashSet<&[u8]>> = LazyLock::new(|| {
    let prefixes = catalogue().iter().filter_map(|declared| match declared.form {
        Form::Token { prefixes, .. } => Some(prefixes),
        _ => None,
    });
    let is_telling = |prefix: &&[u8]| {
        PREFIXES.contains(&prefix.len()) && !prefix.iter().all(u8::is_ascii_lowercase)
    };
    prefixes.flatten().map(|prefix| prefix.as_bytes()).filter(is_telling).collect()
});

/// The first of them, as the text stands or as it reads once encodings and disguises are off.
pub(crate) fn find(text: &str) -> Option<Range<usize>> {
    in_plain(text).or_else(|| {
        let mut is_found = false;
        views::each(text.as_bytes(), &views::Limits::default(), &mut |view| {
            is_found = is_found || in_plain(&String::from_utf8_lossy(view.text())).is_some();
        });
        is_found.then_some(0..text.len())
    })
}

fn in_plain(text: &str) -> Option<Range<usize>> {
    token(text).or_else(|| password(text)).or_else(|| assigned(text)).or_else(|| wallet(text))
}

/// A known prefix, and something long behind it.
fn token(text: &str) -> Option<Range<usize>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-./+".contains(c);
    runs(text, is_part).find(|run| {
        let value = text.get(run.clone()).unwrap_or_default().as_bytes();
        let known = |length: &usize| value.get(..*length).is_some_and(|head| KNOWN.contains(head));
        PREFIXES.into_iter().find(known).is_some_and(|length| {
            let rest = value.get(length..).unwrap_or_default();
            rest.len() >= SHORTEST_REST && is_mixed(rest)
        })
    })
}

/// `scheme://user:password@host`.
fn password(text: &str) -> Option<Range<usize>> {
    let is_part = |c: char| !c.is_whitespace() && !"\"'`<>".contains(c);
    runs(text, is_part).find(|run| {
        let value = text.get(run.clone()).unwrap_or_default();
        let authority = value.split_once("://").map(|(_, rest)| rest.split('/').next());
        let user = authority.flatten().and_then(|authority| authority.rsplit_once('@'));
        let password =
            user.and_then(|(user, _)| user.split_once(':')).map(|(_, password)| password);
        password.is_some_and(|p| p.len() >= SHORTEST_PASSWORD && !p.contains(['$', '{', '*', '%']))
    })
}

/// `NAME=value`, `name: "value"`.
fn assigned(text: &str) -> Option<Range<usize>> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    runs(text, is_name).find_map(|run| {
        let name = text.get(run.clone())?.to_ascii_lowercase().replace('-', "_");
        NAMES.iter().find(|word| name.contains(*word))?;
        let rest = text.get(run.end..)?;
        let after = rest.trim_start_matches(['"', '\'', ' ']).strip_prefix(['=', ':'])?;
        let after = after.trim_start_matches(['"', '\'', ' ']);
        let is_value = |c: char| c.is_ascii_graphic() && !"\"'`,;&".contains(c);
        let end = after.find(|c| !is_value(c)).unwrap_or(after.len());
        let value = after.get(..end)?;
        let is_name_of_one =
            value.starts_with(['$', '<', '{', '%', '[', '(']) || value.contains('(');
        let counts = value.len() >= SHORTEST_VALUE && is_mixed(value.as_bytes()) && !is_name_of_one;
        counts.then(|| run.start..text.len() - after.len() + end)
    })
}

/// Words from which a wallet can be made, in a row.
fn wallet(text: &str) -> Option<Range<usize>> {
    let mut row: Option<(Range<usize>, usize)> = None;
    for run in runs(text, char::is_alphanumeric) {
        let is_word = text.get(run.clone()).is_some_and(|w| is_word_of_a_wallet(w.as_bytes()));
        row = is_word.then(|| match row.take() {
            Some((before, count)) => (before.start..run.end, count + 1),
            None => (run, 1),
        });
        if let Some((found, WALLET_WORDS..)) = &row {
            return Some(found.clone());
        }
    }
    None
}

/// Digits among letters, or letters of both sizes.
fn is_mixed(value: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| value.iter().any(is);
    let (small, large) = (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase));
    (small || large) && (has(u8::is_ascii_digit) || small && large)
}

/// The longest stretches of such characters, in order.
fn runs(text: &str, is_part: impl Fn(char) -> bool + Copy) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find(is_part)?;
        let length = text.get(start..)?.find(move |c| !is_part(c));
        at = length.map_or(text.len(), |length| start + length);
        Some(start..at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_counts_whether_or_not_it_can_be_real() {
        let manual = ["AKIA", "IOSFODNN7", "EXAMPLE"].concat();
        let wrong = ["ghp_", "ABCDEFGHIJKLMNOP", "QRSTUVWXYZabcdef01"].concat();
        for text in [
            manual.clone(),
            format!("search for {manual} please"),
            format!("token={wrong}"),
            "postgres://app:s3cretWord_EXAMPLE@db.internal:5432/x".to_owned(),
            "AWS_SECRET_ACCESS_KEY=wJalrEXAMPLEKEY12".to_owned(),
            r#"{"api_key": "Abcdef123456"}"#.to_owned(),
            ["abandon "; 11].concat() + "about",
        ] {
            assert!(find(&text).is_some(), "{text}");
        }
    }

    #[test]
    fn encodings_do_not_hide_it() {
        use base64::Engine as _;
        let manual = ["AKIA", "IOSFODNN7", "EXAMPLE"].concat();
        let hidden = base64::engine::general_purpose::STANDARD.encode(&manual);
        assert!(find(&format!("the keys: {hidden}")).is_some());
    }

    #[test]
    fn names_of_values_and_prose_are_left_alone() {
        for text in [
            "api_key = os.environ.get(\"API_KEY\")",
            "The access token has expired. Please refresh your token using the /auth/refresh endpoint.",
            "password: <your password>",
            "export TOKEN=$GITHUB_TOKEN",
            "-----BEGIN of the story: a sk-skipper went to sea",
            "https://example.com/a:b@c",
            "a3f8b2c1-4e5d-6f7a-8b9c-0d1e2f3a4b5c",
            "token: required",
            "/home/user/project/README.md",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
