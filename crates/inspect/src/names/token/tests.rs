use proptest::prelude::*;

use super::*;

fn texts(text: &str) -> Vec<&str> {
    tokens(text).map(|t| &text[t.start..t.end]).collect()
}

#[test]
fn words_numbers_marks_and_lines_are_apart() {
    assert_eq!(
        texts("Mr. O'Neil, 12b High St.\n\n SW1A 2AA"),
        ["Mr", ".", "O", "'", "Neil", ",", "12b", "High", "St", ".", "\n\n", "SW1A", "2AA"]
    );
}

#[test]
fn links_and_mail_addresses_are_one_token() {
    assert_eq!(
        texts("see https://a.example/John_Smith, or <ann.lee@example.org>."),
        ["see", "https://a.example/John_Smith", ",", "or", "<", "ann.lee@example.org", ">", "."]
    );
}

#[test]
fn an_escaped_line_end_is_one() {
    assert_eq!(texts("12 High St\\nLondon"), ["12", "High", "St", "\\n", "London"]);
}

#[test]
fn forms_are_told_apart() {
    let form = |text| tokens(text).next().unwrap().form;
    for (text, wanted) in [
        ("anna", Form::Lower),
        ("Anna", Form::Title),
        ("ANNA", Form::Upper),
        ("J", Form::Initial),
        ("McDonald", Form::Camel),
        ("readFile", Form::Camel),
        ("12", Form::Digits),
        ("12b", Form::Mixed),
        ("first_name", Form::Identifier),
        ("Élodie", Form::Title),
        ("\n", Form::Break),
    ] {
        assert_eq!(form(text), wanted, "{text}");
    }
}

proptest! {
    #[test]
    fn tokens_cover_all_that_is_not_blank(text in "\\PC{0,40}[ \n\\\\a@:/é\u{301}]{0,20}\\PC{0,20}") {
        let mut at = 0;
        for token in tokens(&text) {
            prop_assert!(token.start >= at && token.end > token.start);
            prop_assert!(text[at..token.start].chars().all(|c| c == ' ' || c == '\t'));
            at = token.end;
        }
        prop_assert!(text[at..].chars().all(|c| c == ' ' || c == '\t'));
    }
}
