use proptest::prelude::*;

use super::*;

fn found(text: &str) -> Vec<(Kind, &str)> {
    find(text).into_iter().map(|found| (found.kind, &text[found.range])).collect()
}

fn persons(text: &str) -> Vec<&str> {
    let persons = found(text).into_iter().filter(|(kind, _)| *kind == Kind::Person);
    persons.map(|(_, text)| text).collect()
}

#[test]
fn the_built_in_model_is_one() {
    assert!(Model::parse(include_bytes!("data/model.bin")).is_some());
    assert!(Model::parse(b"pcnames1 and too short").is_none());
    assert!(Model::parse(b"").is_none());
}

#[test]
fn persons_are_found_in_the_languages_that_it_knows() {
    for (text, name) in [
        ("Please call Mrs Margaret Sullivan about the invoice.", "Margaret Sullivan"),
        ("Kind regards,\nOliver Whitfield", "Oliver Whitfield"),
        ("Sehr geehrter Herr Brinkmann, Ihre Rechnung ist da.", "Brinkmann"),
        ("Bonjour Mme Lefebvre, votre dossier est complet.", "Lefebvre"),
        ("La paciente es Carmen Ibáñez Soto, de 54 años.", "Carmen Ibáñez Soto"),
        ("{\"customer_name\": \"Tomasz Wieczorek\", \"total\": 12}", "Tomasz Wieczorek"),
        ("assigned to Ngozi Okafor since Monday", "Ngozi Okafor"),
        ("{\"last_name\":\"Vrelquist\",\"city\":\"Berlin\"}", "Vrelquist"),
    ] {
        assert_eq!(persons(text), [name], "{text}");
    }
}

#[test]
fn a_name_on_no_list_is_found_by_what_stands_around() {
    for (text, name) in [
        ("Dear Mr Vrelquist, thank you for your letter.", "Vrelquist"),
        ("My name is Jorvane Tuskellar and I lost my card.", "Jorvane Tuskellar"),
        ("Patient: Ombrel Castavine, DOB 1971-03-02", "Ombrel Castavine"),
    ] {
        assert_eq!(persons(text), [name], "{text}");
    }
}

#[test]
fn addresses_are_found_whole_over_lines() {
    for (text, address) in [
        (
            "Please ship it to 1427 Maple Avenue, Apt 4B, Springfield, IL 62704 by Friday.",
            "1427 Maple Avenue, Apt 4B, Springfield, IL 62704",
        ),
        ("Meine neue Anschrift ist: Lindenstraße 12, 50674 Köln", "Lindenstraße 12, 50674 Köln"),
        ("Our office:\n12 Station Road\nGuildford\nGU1 4AB", "12 Station Road\nGuildford\nGU1 4AB"),
        ("J'habite au 8 rue des Lilas, 69003 Lyon.", "8 rue des Lilas, 69003 Lyon"),
    ] {
        let addresses: Vec<&str> = found(text)
            .into_iter()
            .filter(|(kind, _)| *kind == Kind::PostalAddress)
            .map(|(_, text)| text)
            .collect();
        assert_eq!(addresses, [address], "{text}");
    }
}

#[test]
fn what_is_no_name_is_left_alone() {
    for text in [
        "The Quick Start guide explains how to install Docker on Ubuntu.",
        "Die Lieferung der Bestellung erfolgt am Montag nach der Sitzung.",
        "let mut reader = BufReader::new(File::open(path)?);",
        "pub struct Token { start: usize, end: usize, form: Form }",
        "2026-03-04T12:00:01Z INFO worker-3 Starting Application on host-7",
        "{\"name\": \"lodash\", \"version\": \"4.17.21\", \"license\": \"MIT\"}",
        "see https://example.org/people/John_Smith and john.smith@example.org",
        "In May and August the March report is due on Friday.",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn a_town_alone_is_a_place_and_no_address() {
    assert_eq!(
        found("We flew from Berlin to New York last week."),
        [(Kind::Place, "Berlin"), (Kind::Place, "New York")]
    );
}

#[test]
fn hostile_text_takes_no_more_time_than_its_length() {
    for text in [
        "A".repeat(300_000),
        "John ".repeat(60_000),
        "12 High St, ".repeat(20_000),
        "\u{301}".repeat(100_000),
        "a@".repeat(100_000),
        "\\n".repeat(100_000),
        "\u{1F600}\u{200d}".repeat(40_000),
    ] {
        find(&text);
    }
}

proptest! {
    #[test]
    fn findings_are_in_order_apart_and_whole_characters(
        text in "([A-ZÄÉ][a-zäéß]{1,8}|Mrs|[0-9]{1,5}|St|\\PC|[ ,.\n:\"])( ?([A-ZÄÉ][a-zäéß]{1,8}|Mrs|[0-9]{1,5}|St|\\PC|[ ,.\n:\"])){0,60}"
    ) {
        let mut end = 0;
        for found in find(&text) {
            prop_assert!(found.range.start >= end && !found.range.is_empty());
            prop_assert!(text.get(found.range.clone()).is_some());
            prop_assert!((0.0..=1.0).contains(&found.confidence));
            end = found.range.end;
        }
    }
}
