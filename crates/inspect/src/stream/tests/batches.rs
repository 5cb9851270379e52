//! Formats that are only recorded are asked about in batches, and passes are left out where signs
//! say that they find nothing: neither may show in what is found.

use super::*;

/// Values of every kind around the place where a batch ends, in small pieces.
#[test]
fn a_value_where_a_batch_ends_is_found_whole() {
    let values = [
        "call +49 30 1234567 now",
        "mail jo.doe@firm.example now",
        "at 10.20.30.40 now",
        "at 2001:db9::42:7 now",
        "latitude 52.5200, 13.4050 now",
        "4111 1111 1111 1111 now",
        "bic DEUTDEFF500 now",
    ];
    for value in values {
        for lead in (150..250).step_by(3) {
            let text = format!("{}{value} {}", "ab cd ".repeat(lead / 6), "so on ".repeat(60));
            for engine in [&engines()[0], &engines()[1]] {
                let expected = reference(engine, text.as_bytes());
                assert!(!expected.is_empty(), "{text}");
                for size in [1, 4, 20] {
                    let found = pieces(engine, text.as_bytes().chunks(size));
                    assert_eq!(found, expected, "{text} in pieces of {size}");
                }
            }
        }
    }
}

#[test]
fn what_is_only_recorded_does_not_wait_for_the_end() {
    let engine = &engines()[0];
    let text = format!("call +49 30 1234567 now. {}", "And so it goes on. ".repeat(20));
    let (mut stream, mut found) = (engine.stream(DIRECTION), Vec::new());
    for piece in text.as_bytes().chunks(5) {
        stream.push(engine, piece, &mut found);
    }
    assert_eq!(found.len(), 1, "{found:?}");
}

/// A reading without what nobody sees begins while others have not been asked for long.
#[test]
fn a_disguise_within_a_batch_is_found_for_every_cut() {
    let github = catalogue().iter().position(|d| d.name == "github_token").unwrap();
    let token = placed(4, github);
    let (head, tail) = token.split_at(token.len() / 2);
    for lead in (0..220).step_by(7) {
        let text = format!("{}{head}\u{200b}{tail} so on", "ab cd +49 30 1 ".repeat(lead / 15));
        in_pieces(&engines()[0], &text);
    }
}

/// The words of a wallet one letter or one word at a time, after others of the list and others.
#[test]
fn a_phrase_is_found_however_it_comes() {
    let phrase = catalogue().iter().position(|d| matches!(d.form, Form::Mnemonic)).unwrap();
    let value = catalogue()[phrase].example(5);
    for before in ["", "able about above ", "the winter is cold and ", "abandon, ability: able\n"] {
        for after in ["", " able about", " indeed", ". Thank you for it all"] {
            let text = format!("{before}{value}{after}");
            let engine = &engines()[0];
            let expected = reference(engine, text.as_bytes());
            assert!(!expected.is_empty(), "{text}");
            for size in [1, 2, 3, 5, 11, 31, 47] {
                let found = pieces(engine, text.as_bytes().chunks(size));
                assert_eq!(found, expected, "{text} in pieces of {size}");
            }
            let words = text.split_inclusive(' ').map(str::as_bytes);
            assert_eq!(pieces(engine, words), expected, "{text}");
        }
    }
}

/// A stream may look on from the middle of a run: what only seems to begin there does not.
#[test]
fn an_address_begins_where_its_run_begins() {
    for text in
        ["x %4b2001:db9::42:7 See and so on", "%4b2001:db9::42:7 See", "\\f2001:db9::42:7 See"]
    {
        engines().iter().for_each(|engine| in_pieces(engine, text));
        for size in [2, 3, 20] {
            let engine = &engines()[1];
            let found = pieces(engine, text.as_bytes().chunks(size));
            assert_eq!(found, reference(engine, text.as_bytes()), "{text} in pieces of {size}");
        }
    }
}
