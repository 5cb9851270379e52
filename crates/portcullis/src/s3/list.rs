//! What a store says in XML: pages of a listing, and refusals. Only the text of elements with known
//! names is looked for; nothing is built from the rest.

use anyhow::Context;

/// A page of a listing (`ListBucketResult`).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) keys: Vec<String>,
    /// What asks for the next page, if there is one.
    pub(super) next: Option<String>,
}

pub(super) fn page(xml: &str) -> anyhow::Result<Page> {
    let (_, inner) = xml.split_once("<ListBucketResult").context("it answered no listing")?;
    let keys = inner.split("<Contents>").skip(1).map(|entry| text(entry, "Key"));
    let keys =
        keys.collect::<Option<Vec<_>>>().context("its listing has an entry without a key")?;
    let is_cut = text(inner, "IsTruncated").as_deref() == Some("true");
    let next = text(inner, "NextContinuationToken");
    anyhow::ensure!(!is_cut || next.is_some(), "its listing is cut short, and nothing leads on");
    Ok(Page { keys, next: next.filter(|_| is_cut) })
}

/// The text of the first element of this name.
pub(super) fn text(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once('<')?;
    Some(unescaped(text))
}

/// Undoes the escapes that XML has without a document type (XML 1.0, section 4.6) and the decimal and
/// hexadecimal ones (section 4.1).
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let found = after.split_once(';').and_then(|(name, after)| Some((entity(name)?, after)));
        match found {
            Some((character, after)) => (out.push(character), rest = after).1,
            None => (out.push('&'), rest = after).1,
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_its_keys_and_what_leads_on() {
        let xml = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>b</Name><IsTruncated>true</IsTruncated>\
                   <Contents><Key>a/b &amp; &#x41;&#66;</Key><Size>1</Size></Contents>\
                   <Contents><Key>c</Key></Contents><NextContinuationToken>t&lt;</NextContinuationToken></ListBucketResult>";
        let found = page(xml).unwrap();
        assert_eq!(found.keys, ["a/b & AB", "c"]);
        assert_eq!(found.next.as_deref(), Some("t<"));
        let last = xml.replace(">true<", ">false<");
        assert_eq!(page(&last).unwrap().next, None);
    }

    #[test]
    fn what_is_no_listing_is_none_rather_than_an_empty_one() {
        for bad in [
            "",
            "<html>hello</html>",
            "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
            "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        ] {
            assert!(page(bad).is_err(), "{bad}");
        }
        assert_eq!(page("<ListBucketResult/>").unwrap().keys, Vec::<String>::new());
    }

    #[test]
    fn what_is_no_escape_stays_as_it_is() {
        assert_eq!(unescaped("a & b &x; &#xZ; &#1114112;"), "a & b &x; &#xZ; &#1114112;");
    }
}
