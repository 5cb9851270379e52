use super::*;
use crate::detectors::catalogue;
use crate::engine::Keywords;

/// Names found in a text, with what was found.
fn found(text: &str) -> Vec<(&'static str, &str)> {
    let mut out = Vec::new();
    let identifiers = Identifiers::new(catalogue());
    let mut near = identifiers.context.reader(Keywords::Required);
    identifiers.find(text.as_bytes(), 0, text.len(), &mut near, &mut out);
    out.iter().map(|c| (catalogue()[usize::from(c.rule)].name, &text[c.start..c.end])).collect()
}

#[test]
fn a_plain_number_means_what_the_word_before_it_says() {
    assert_eq!(found("order 536221234"), []);
    assert_eq!(found("SSN 536221234"), [("us_ssn", "536221234")]);
    assert_eq!(found("customerSsn=536221234;"), [("us_ssn", "536221234")]);
    assert_eq!(found("businessn 536221234"), [], "inside a word");
    assert_eq!(found("SINGLE 130 692 544"), [], "a short word that goes on");
    assert_eq!(found("SIN 130 692 544"), [("ca_sin", "130 692 544")]);
}

#[test]
fn the_longest_word_decides() {
    let number = "1710034065";
    assert_eq!(found(&format!("cédula de ciudadanía {number}")), [("co_cedula", number)]);
    assert_eq!(found(&format!("cédula ecuatoriana {number}")), [("ec_cedula", number)]);
}

#[test]
fn a_number_inside_something_longer_is_none() {
    for text in [
        "SSN 12-536-22-1234",
        "SSN 536-22-1234-9",
        "SSN 536-22-12345",
        "ssn x536-22-1234",
        "SSN /v1/536221234/orders",
        "SSN 536_221234",
        "ssn 1 536 22 1234",
        "ssn 536 22 1234 5",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn what_begins_inside_a_text_that_grows_is_known_until_it_is_decided() {
    let text = b"SSN 536-22-1234, done";
    let open: Vec<Option<usize>> = (0..=text.len()).map(|end| may_begin(&text[..end])).collect();
    assert!(open[5..=15].iter().all(|at| at.is_some_and(|at| at <= 4)), "{open:?}");
    assert_eq!(open[16..], [None; 6]);
}
