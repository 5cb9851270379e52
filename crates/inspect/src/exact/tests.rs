use proptest::prelude::*;

use super::*;

const KEY: [u8; 32] = [7; 32];

fn set(values: &[&str]) -> Set {
    let mut builder = Builder::new(&KEY);
    values.iter().for_each(|value| {
        builder.add(value);
    });
    builder.finish()
}

fn found<'t>(set: &Set, text: &'t str) -> Vec<&'t str> {
    let mut out = Vec::new();
    set.find(text.as_bytes(), 0, text.len(), &mut out);
    out.into_iter().map(|range| &text[range]).collect()
}

/// Feeds pieces as a stream does: what begins before the open end is final.
fn pieces(set: &Set, text: &[u8], cuts: &[usize]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let (mut end, mut done) = (0, 0);
    for cut in cuts.iter().cycle() {
        end = (end + cut).min(text.len());
        let seen = &text[..end];
        let open = set.open(seen).unwrap_or(end);
        assert!(end - open <= MAX_SPAN + MAX_GAP, "{} held", end - open);
        set.find(seen, done, open.max(done), &mut out);
        done = open.max(done);
        if end == text.len() {
            break;
        }
    }
    set.find(text, done, text.len(), &mut out);
    out
}

#[test]
fn a_value_is_found_however_it_is_written() {
    let set = set(&["Jane Mary O'Neil", "C-1029-A", "Übermut GmbH", "j.neil@mail.example"]);
    for (text, value) in [
        ("Dear JANE MARY O'NEIL, hello", "JANE MARY O'NEIL"),
        ("jane-mary oneil", "jane-mary oneil"),
        ("order c1029a.", "c1029a"),
        ("order C 1029/A.", "C 1029/A"),
        ("die ÜBERMUT gmbh in", "ÜBERMUT gmbh"),
        ("<J.Neil@Mail.Example>", "J.Neil@Mail.Example"),
    ] {
        assert_eq!(found(&set, text), [value], "{text}");
    }
    for text in
        ["jane mary", "xc1029a", "c1029ab", "C 1029 and more A", "jane, and then mary oneil"]
    {
        assert_eq!(found(&set, text), [""; 0], "{text}");
    }
}

#[test]
fn the_longest_value_at_a_place_counts() {
    let set = set(&["Nightingale", "Nightingale West"]);
    assert_eq!(found(&set, "Nightingale West, Nightingale"), ["Nightingale West", "Nightingale"]);
}

#[test]
fn what_cannot_be_a_value_is_refused_and_counted() {
    let mut builder = Builder::new(&KEY);
    builder.add("abc").add("a b c d e f g h i").add(&"x".repeat(129)).add("").add("good one");
    assert_eq!(builder.refused(), 4);
    assert_eq!(builder.finish().len(), 1);
}

#[test]
fn bytes_give_the_set_back_to_its_key_alone() {
    let set = set(&["Jane O'Neil", "C-1029-A", "C-1029-A"]);
    let bytes = set.to_bytes();
    let back = Set::from_bytes(&KEY, &bytes).unwrap();
    assert_eq!((back.len(), found(&back, "jane oneil")), (2, vec!["jane oneil"]));
    assert_eq!(Set::from_bytes(&[8; 32], &bytes).unwrap_err(), LoadError::Checksum);
    for at in [HEAD_END, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert_eq!(Set::from_bytes(&KEY, &changed).unwrap_err(), LoadError::Checksum, "{at}");
    }
    for end in [0, 7, 20, bytes.len() - 1] {
        assert!(Set::from_bytes(&KEY, &bytes[..end]).is_err(), "{end}");
    }
    assert!(!String::from_utf8_lossy(&bytes).to_lowercase().contains("neil"));
}

const HEAD_END: usize = 24;

/// A million values: their size, and that nothing else passes for one.
#[test]
fn a_million_values_are_small_and_nothing_else_matches() {
    let mut builder = Builder::new(&KEY);
    for number in 0..1_000_000_u64 {
        builder.add(&format!("cust-{number}"));
    }
    let set = builder.finish();
    assert_eq!(set.len(), 1_000_000);
    assert!(set.heap_bytes() <= 8 * set.len(), "{} bytes", set.heap_bytes());
    let text = "cust-17 knows cust 999999 and cust-1000000";
    assert_eq!(found(&set, text), ["cust-17", "cust 999999"]);
    let other: String = (0..200_000).map(|n| format!("user-{n} cost-{n} ")).collect();
    assert_eq!(found(&set, &other), [""; 0]);
}

fn text() -> impl Strategy<Value = String> {
    let parts = [
        "jane", "Mary", "O'Neil", " ", "  ", "    ", "-", "c1029a", "C-1029", "A", "a", "ü",
        "Übermut", "GmbH", ".", "\n", "x", "1029",
    ];
    proptest::collection::vec(proptest::sample::select(parts.to_vec()), 0..40)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_cut_gives_the_matches_of_the_whole(
        text in text(),
        cuts in proptest::collection::vec(1_usize..9, 1..6),
    ) {
        let set = set(&["Jane Mary O'Neil", "Jane Mary", "C-1029-A", "Übermut GmbH", "1029", "Mary A"]);
        let mut whole = Vec::new();
        set.find(text.as_bytes(), 0, text.len(), &mut whole);
        prop_assert_eq!(pieces(&set, text.as_bytes(), &cuts), whole);
    }

    #[test]
    fn arbitrary_bytes_are_read_without_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        let set = set(&["Jane Mary O'Neil", "C-1029-A"]);
        let mut whole = Vec::new();
        set.find(&text, 0, text.len(), &mut whole);
        prop_assert!(whole.iter().all(|range| range.end <= text.len()));
        prop_assert!(set.open(&text).is_none_or(|open| open < text.len()));
        prop_assert!(Set::from_bytes(&KEY, &text).is_err());
    }
}
