//! Whether an address is one that a template of a server gives (RFC 6570), as far as that can be told from
//! the address alone.
//!
//! A plain expression stands for one segment, one with an operator for anything. Nothing is decoded: what
//! reads differently is not covered, and then has to be agreed to by itself.

/// Bytes of a template that is tried. A longer one covers nothing.
const MAX_TEMPLATE: usize = 256;

/// Bytes of an address that is tried.
const MAX_ADDRESS: usize = 1024;

/// A part of a template.
enum Piece<'t> {
    Literal(&'t [u8]),
    /// Whether it stands for more than one segment.
    Expression(bool),
}

/// Whether a template gives an address. In time of their lengths together, multiplied.
pub(super) fn gives(template: &str, address: &str) -> bool {
    if template.len() > MAX_TEMPLATE || address.len() > MAX_ADDRESS {
        return false;
    }
    let Some(pieces) = pieces(template) else { return false };
    let text = address.as_bytes();
    // Where what was matched so far may have ended.
    let mut ends = vec![false; text.len() + 1];
    if let Some(first) = ends.first_mut() {
        *first = true;
    }
    for piece in pieces {
        ends = match piece {
            Piece::Literal(literal) => after_literal(&ends, text, literal),
            Piece::Expression(is_any) => after_expression(&ends, text, is_any),
        };
    }
    ends.last() == Some(&true)
}

fn pieces(template: &str) -> Option<Vec<Piece<'_>>> {
    let (mut pieces, mut rest) = (Vec::new(), template);
    while let Some((literal, after)) = rest.split_once('{') {
        let (expression, after) = after.split_once('}')?;
        if expression.is_empty() || expression.contains('{') {
            return None;
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.as_bytes()));
        }
        let is_plain =
            expression.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.%".contains(&byte));
        let has_operator = expression.starts_with(['+', '#', '.', '/', ';', '?', '&']);
        pieces.push(Piece::Expression(has_operator || !is_plain));
        rest = after;
    }
    // A template without an expression is an address, and a stray brace is none.
    if pieces.is_empty() || rest.contains('}') {
        return None;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest.as_bytes()));
    }
    Some(pieces)
}

fn after_literal(ends: &[bool], text: &[u8], literal: &[u8]) -> Vec<bool> {
    let mut after = vec![false; ends.len()];
    for (at, _) in ends.iter().enumerate().filter(|(_, is_end)| **is_end) {
        let is_there = text.get(at..).is_some_and(|rest| rest.starts_with(literal));
        if let Some(end) = after.get_mut(at + literal.len()).filter(|_| is_there) {
            *end = true;
        }
    }
    after
}

fn after_expression(ends: &[bool], text: &[u8], is_any: bool) -> Vec<bool> {
    let mut is_within = false;
    let mut after = Vec::with_capacity(ends.len());
    for (at, is_end) in ends.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        let goes_on = is_any || before.is_some_and(|byte| !b"/?#".contains(byte));
        is_within = *is_end || is_within && goes_on;
        after.push(is_within);
    }
    after
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_given_by_what_could_have_been_filled_in() {
        for (template, address) in [
            ("note://{id}", "note://1"),
            ("note://{id}", "note://"),
            ("file:///{+path}", "file:///a/b/c"),
            ("file:///{path*}", "file:///a/b"),
            ("db://{table}/rows/{row}", "db://people/rows/7"),
            ("a:{x}{?q}", "a:1?q=2"),
            ("{+any}", "anything at all"),
        ] {
            assert!(gives(template, address), "{template} {address}");
        }
        for (template, address) in [
            ("note://{id}", "note://1/secret"),
            ("note://{id}", "key://1"),
            ("note://{id}", "xnote://1"),
            ("db://{table}/rows/{row}", "db://people/columns/7"),
            ("db://{table}/rows/{row}", "db://people/rows/7/more"),
            ("note://1", "note://1"),
            ("note://{id", "note://{id"),
            ("note://{}", "note://1"),
            ("note://{id}}", "note://1}"),
            ("", ""),
        ] {
            assert!(!gives(template, address), "{template} {address}");
        }
    }

    proptest! {
        #[test]
        fn what_is_filled_in_is_found_again(before in "[a-z]{1,8}:", value in "[^/?#{}]{0,20}", after in "(/[a-z]{1,5})?") {
            let (template, address) = (format!("{before}{{x}}{after}"), format!("{before}{value}{after}"));
            prop_assert!(gives(&template, &address));
            let other = format!("x{address}");
            prop_assert!(!gives(&template, &other));
        }

        #[test]
        fn nothing_panics(template in ".{0,40}", address in ".{0,40}") {
            let _ = gives(&template, &address);
        }
    }
}
