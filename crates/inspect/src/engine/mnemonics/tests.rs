use proptest::prelude::*;

use super::*;

fn phrase_of(seed: u8, bytes: usize) -> String {
    let entropy: Vec<u8> = (0..bytes).map(|at| (at as u8).wrapping_mul(91) ^ seed).collect();
    phrase(&entropy)
}

fn found(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    find(0, text.as_bytes(), 0..text.len(), GAP_BYTES, &mut out);
    out.iter().map(|candidate| &text[candidate.start..candidate.end]).collect()
}

/// Whether one finding covers a phrase but for its first words.
fn is_covered(text: &str, phrase: &str) -> bool {
    let words: Vec<&str> = phrase.split(' ').collect();
    found(text).iter().any(|value| {
        value.to_lowercase().starts_with(words[LEAD])
            && value.to_lowercase().ends_with(words[words.len() - 1])
    })
}

#[test]
fn phrases_are_found_however_they_are_written() {
    for bytes in [16, 20, 24, 28, 32] {
        let phrase = phrase_of(5, bytes);
        let words: Vec<&str> = phrase.split(' ').collect();
        let numbered: Vec<String> =
            words.iter().enumerate().map(|(at, word)| format!("{}. {word}", at + 1)).collect();
        for text in [
            phrase.clone(),
            format!("SEED={phrase}"),
            format!("my words are: {phrase}. Keep them."),
            phrase.to_uppercase(),
            words.join("\n"),
            words.join("\\n"),
            words.join(", "),
            words.join("-"),
            format!("[\"{}\"]", words.join("\", \"")),
            numbered.join("\r\n"),
        ] {
            assert!(is_covered(&text, &phrase), "{text}");
        }
    }
}

#[test]
fn what_is_no_phrase_is_left_alone() {
    let phrase = phrase_of(9, 16);
    let words: Vec<&str> = phrase.split(' ').collect();
    let mut swapped = words.clone();
    swapped.swap(3, 7);
    let mut other = words.clone();
    other[4] = "about";
    let list: Vec<String> = (0..2048_u16)
        .map(|at| {
            let entropy = [(at >> 3) as u8, (at << 5) as u8];
            let whole = [entropy.as_slice(), &[0; 14]].concat();
            super::phrase(&whole).split(' ').next().unwrap_or_default().to_owned()
        })
        .collect();
    for text in [
        words[..11].join(" "),
        swapped.join(" "),
        other.join(" "),
        words.join(" and "),
        words.join(&" ".repeat(GAP_BYTES + 1)),
        words.concat(),
        phrase.replace(words[6], &format!("{}s", words[6])),
        list.join("\n"),
        super::phrase(&[0; 16]),
        super::phrase(&[0xff; 32]),
    ] {
        assert_eq!(found(&text), [""; 0], "{text:.200}");
    }
}

/// A phrase behind words of the list is found as well.
#[test]
fn words_around_do_not_hide_a_phrase() {
    let phrase = phrase_of(3, 16);
    let text = format!("zoo able {} {phrase} zone gate", "wolf ".repeat(40));
    assert!(is_covered(&text, &phrase), "{:?}", found(&text));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn every_cut_gives_the_phrases_of_the_whole(
        seed in any::<u8>(),
        size in 0_usize..5,
        before in "[a-z \n]{0,60}",
        gap in prop::sample::select(vec![" ", "\\n", ", ", "\r\n", "        ", "_"]),
        after in "( [a-z]{2,5}){0,9}",
        cut in 1_usize..20,
    ) {
        let phrase = phrase_of(seed, 16 + 4 * size).replace(' ', gap);
        let text = format!("{before}{phrase}{after}");
        let mut whole = Vec::new();
        find(0, text.as_bytes(), 0..text.len(), GAP_BYTES, &mut whole);
        let (mut pieces, mut done) = (Vec::new(), 0);
        for end in (0..text.len()).step_by(cut).skip(1) {
            let seen = &text.as_bytes()[..end];
            let decided = row(seen).open.unwrap_or(end).max(done);
            find(0, seen, done..decided, GAP_BYTES, &mut pieces);
            done = decided;
        }
        find(0, text.as_bytes(), done..text.len(), GAP_BYTES, &mut pieces);
        let key = |c: &Candidate| (c.start, c.end);
        whole.sort_by_key(key);
        pieces.sort_by_key(key);
        prop_assert_eq!(pieces, whole);
    }
}
