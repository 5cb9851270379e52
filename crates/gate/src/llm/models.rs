//! The list of models, as far as the agent may call them.
//!
//! A list that shows more than may be called tells an attacker what to ask for, and an agent's
//! developer what will fail. One decision serves both: a model is listed if calling it is permitted.

use std::ops::Range;

use bytes::Bytes;
use inspect::json::{Kind, Limits, Reader};

/// The body without the entries of `data` whose `id` is not permitted; `None` where all are, so
/// that an answer nobody has to change stays as it came.
pub(super) fn permitted(body: &[u8], mut may_call: impl FnMut(&str) -> bool) -> Option<Bytes> {
    let entries = entries(body)?;
    let kept: Vec<&Entry> =
        entries.list.iter().filter(|e| e.id.as_deref().is_some_and(&mut may_call)).collect();
    if kept.len() == entries.list.len() {
        return None;
    }
    let parts: Vec<&[u8]> = kept.iter().filter_map(|e| body.get(e.range.clone())).collect();
    let before = body.get(..entries.inside.start)?;
    let after = body.get(entries.inside.end..)?;
    Some([before, &parts.join(&b','), after].concat().into())
}

struct Entries {
    list: Vec<Entry>,
    /// Between the brackets of `data`.
    inside: Range<usize>,
}

struct Entry {
    range: Range<usize>,
    id: Option<String>,
}

/// The members of the outermost object's `data`, which both APIs use.
fn entries(body: &[u8]) -> Option<Entries> {
    let limits = Limits::default();
    let mut reader = Reader::new(body, &limits);
    let (mut depth, mut key, mut is_data, mut inside) = (0, 0..0, false, 0..0);
    let mut list: Vec<Entry> = Vec::new();
    while let Some(token) = reader.next().ok()? {
        let text = body.get(token.range.clone())?;
        match token.kind {
            Kind::Key => {
                key = token.range;
                continue;
            }
            Kind::ArrayStart if depth == 1 && body.get(key.clone()) == Some(b"data") => {
                is_data = true;
                inside.start = token.range.end;
            }
            Kind::ArrayEnd if depth == 2 && is_data => {
                is_data = false;
                inside.end = token.range.start;
            }
            Kind::ObjectStart if depth == 2 && is_data => {
                list.push(Entry { range: token.range.clone(), id: None });
            }
            Kind::ObjectEnd if depth == 3 && is_data => {
                list.last_mut()?.range.end = token.range.end
            }
            Kind::String if depth == 3 && is_data && body.get(key.clone()) == Some(b"id") => {
                list.last_mut()?.id =
                    String::from_utf8(inspect::json::decode(text).text.into_owned()).ok();
            }
            _ => {}
        }
        depth += match token.kind {
            Kind::ObjectStart | Kind::ArrayStart => 1,
            Kind::ObjectEnd | Kind::ArrayEnd => -1,
            _ => 0,
        };
        key = 0..0;
    }
    (inside.end > 0).then_some(Entries { list, inside })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{"object":"list", "data": [ {"id":"gpt-a","meta":{"id":"x"}}, {"id":"gpt-b"}, {"id":"claude\u002dc","data":[]} ],"more":false}"#;

    fn shown(may_call: impl Fn(&str) -> bool) -> Option<String> {
        permitted(LIST.as_bytes(), may_call).map(|body| String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn what_is_wholly_permitted_is_not_touched() {
        assert_eq!(shown(|_| true), None);
        assert_eq!(permitted(b"{\"data\":7}", |_| false), None);
        assert_eq!(permitted(b"garbage", |_| false), None);
    }

    #[test]
    fn entries_that_may_not_be_called_are_left_out() {
        let only = |name: &'static str| shown(move |id| id == name).unwrap();
        assert_eq!(only("gpt-b"), r#"{"object":"list", "data": [{"id":"gpt-b"}],"more":false}"#);
        assert_eq!(
            only("claude-c"),
            r#"{"object":"list", "data": [{"id":"claude\u002dc","data":[]}],"more":false}"#
        );
        assert_eq!(only("none"), r#"{"object":"list", "data": [],"more":false}"#);
    }
}
