use proptest::prelude::*;

use super::*;
use crate::Action;
use crate::detectors::{CONTEXT_BYTES as CONTEXT, Form, catalogue};
use crate::settings::{Actions, Records, Settings, Words};
use crate::{Detector, DetectorId, FingerprintKey};

mod batches;

const DIRECTION: Direction = Direction::Answer;

/// Defaults; everything enforced; everything recorded only; own words; own records.
fn engines() -> &'static [Engine; 5] {
    static ENGINES: std::sync::LazyLock<[Engine; 5]> = std::sync::LazyLock::new(|| {
        let all = |action: Action| {
            let both = Actions { request: Some(action), answer: Some(action) };
            let actions = ["secret", "pii", "own"].map(|family| (family.to_owned(), both));
            Settings { actions: actions.into(), ..Settings::default() }
        };
        let list = ["apollo", "Project Nightingale", "Übermut", "lo", "AKIA", "a a a"];
        let words = |whole_word, ignore_case| Words {
            list: list.map(str::to_owned).to_vec(),
            ignore_case,
            whole_word,
        };
        let mut mixed = all(Action::Mask);
        mixed.words = words(true, true);
        mixed.actions.insert("pii.email".to_owned(), Actions::default());
        let mut loose = all(Action::Allow);
        loose.words = words(false, false);
        loose.actions.remove("own");
        let mut builder = crate::exact::Builder::new(&[3; 32]);
        builder.add("Project Nightingale").add("hello world").add("lo lo lo").add("The quick");
        let known =
            Settings { records: vec![Records::new(builder.finish())], ..Settings::default() };
        [Settings::default(), all(Action::Mask), mixed, loose, known].map(|settings| {
            let fingerprint_key = Some(FingerprintKey::new([9; 32]));
            Engine::compile(&Settings { fingerprint_key, ..settings }).unwrap()
        })
    });
    &ENGINES
}

fn whole(engine: &Engine, text: &[u8]) -> Vec<Match> {
    let mut found = Vec::new();
    engine.scan(DIRECTION, text, &mut found);
    found
}

/// Feeds pieces and holds every promise of [`Stream::push`] to account.
fn pieces<'a>(engine: &Engine, pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Match> {
    let mut stream = engine.stream(DIRECTION);
    let mut found = Vec::new();
    let (mut clear, mut length) = (0, 0);
    for piece in pieces {
        let known = found.len();
        length += piece.len();
        let now = stream.push(engine, piece, &mut found);
        check(engine, &found[known..], clear);
        assert!(now >= clear && now <= length, "clear went from {clear} to {now} of {length}");
        assert!(length - now <= MAX_HOLD_BYTES, "{} held", length - now);
        clear = now;
    }
    let known = found.len();
    assert_eq!(stream.finish(engine, &mut found), length);
    check(engine, &found[known..], clear);
    found
}

/// What a stream finds in the text in one piece: all that the engine does, and what is hidden.
fn reference(engine: &Engine, text: &[u8]) -> Vec<Match> {
    let found = pieces(engine, [text].into_iter());
    let plain = whole(engine, text);
    let passes = |m: &&Match| engine.detector(m.detector).action(DIRECTION).passes();
    for m in plain.iter().filter(|m| !passes(m)) {
        let covers = |at: &usize| found.iter().any(|f| f.range.contains(at));
        let overlaps = |f: &&Match| f.range.start < m.range.end && m.range.start < f.range.end;
        let blocks = |f: &Match| engine.detector(f.detector).action(DIRECTION) == Action::Block;
        let is_refused = found.iter().filter(overlaps).any(blocks);
        assert!(
            is_refused || m.range.clone().all(|at| covers(&at)),
            "{m:?} is not covered by {found:?}"
        );
    }
    if text.is_ascii() && found.len() == plain.len() {
        assert_eq!(found, plain);
    }
    found
}

fn check(engine: &Engine, found: &[Match], clear: usize) {
    for m in found {
        let is_late = m.range.start < clear;
        let is_enforced = !engine.detector(m.detector).action(DIRECTION).passes();
        assert!(!(is_late && is_enforced), "{m:?} was found after {clear} was cleared");
    }
}

fn is_sound(text: &[u8], found: &[Match]) -> bool {
    found.iter().all(|m| m.range.start < m.range.end && m.range.end <= text.len())
        && found.windows(2).all(|two| two[0].range.end <= two[1].range.start)
}

fn placed(seed: u64, which: usize) -> String {
    let declared = &catalogue()[which % catalogue().len()];
    let value = declared.example(seed);
    match (declared.form, declared.keywords) {
        (Form::UrlPassword, _) => format!("mysql://root:{value}@db:3306/x"),
        (_, [keyword, ..]) => format!("{keyword}: {value}"),
        _ => value,
    }
}

fn cut_short(value: String, keep: usize) -> String {
    value.chars().take(keep % 80).collect()
}

fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let parts = [
        " ",
        "\n",
        "-",
        "_",
        "@",
        ".",
        "://",
        ":",
        "/",
        "\\n",
        "%3D",
        "=",
        "\"",
        "apollo",
        "Project Nightingale",
        "Apollo",
        "Übermut",
        "a a a",
        "lo",
        "-----BEGIN ",
        "-----END ",
        "PRIVATE KEY-----",
        "eyJ",
        "sk-",
        "ghp_",
        "AKIA",
        "DE89 3704 ",
        "4111 1111 ",
        "+49 ",
        "aws_secret ",
        "password: ",
        "password=\"",
        "\"token\": \"",
        "hunter2!x",
        "--api-key ",
        "curl -u admin:",
        "machine h login u password ",
        "db.host:5432:app:app:",
        "Authorization: Bearer ",
        "session_id=",
        "'; ",
        "pw=",
        "https://user:",
        "a@b",
        "hello world",
        "The quick brown fox. ",
        "(212) ",
        "SSN ",
        "GB",
        "M",
        "s",
        "2024-11-23",
        "1.5",
        "phone ",
    ];
    prop_oneof![
        3 => (any::<u64>(), any::<usize>()).prop_map(|(seed, which)| placed(seed, which).into_bytes()),
        2 => (any::<u64>(), any::<usize>(), any::<usize>())
            .prop_map(|(seed, which, keep)| cut_short(placed(seed, which), keep).into_bytes()),
        6 => proptest::sample::select(parts.to_vec()).prop_map(|part| part.as_bytes().to_vec()),
        1 => (any::<u64>(), any::<usize>(), 0_usize..70).prop_map(|(seed, which, gap)| {
            placed(seed, which).replacen(": ", &" ".repeat(gap), 1).into_bytes()
        }),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => "[a-zA-Z0-9 _.@:/+-]{0,90}".prop_map(String::into_bytes),
        1 => "[a-z]{0,200}|[0-9 -]{0,60}".prop_map(String::into_bytes),
    ]
}

/// A value written so that nobody who looks at bytes sees it.
fn hidden(seed: u64, which: usize, how: usize) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let value = placed(seed, which);
    let every = |with: &str| value.chars().map(|c| format!("{c}{with}")).collect::<String>();
    let offset = |by: u32| {
        let move_up = |c: char| char::from_u32(c as u32 + by).filter(|_| c.is_ascii_graphic());
        value.chars().map(|c| move_up(c).unwrap_or(c)).collect::<String>()
    };
    match how % 10 {
        0 => every("\u{200b}"),
        1 => every("\u{2060}\u{ad}"),
        2 => offset(0xfee0),
        3 => offset(0xe0000),
        4 => STANDARD.encode(format!("it is {value} now")),
        5 => URL_SAFE_NO_PAD.encode(value),
        6 => format!("it is {value} now").bytes().map(|byte| format!("{byte:02x}")).collect(),
        7 => value.replace('a', "\u{430}").replace('e', "\u{435}").replace('A', "\u{410}"),
        8 => {
            let middle = value.chars().count() / 2;
            let (a, b): (Vec<_>, Vec<_>) =
                value.chars().enumerate().partition(|(at, _)| *at < middle);
            let text =
                |part: Vec<(usize, char)>| part.into_iter().map(|(_, c)| c).collect::<String>();
            format!("{}\u{200d}{}", text(a), text(b))
        }
        _ => STANDARD.encode(STANDARD.encode(value)),
    }
}

fn unseen() -> impl Strategy<Value = Vec<u8>> {
    let parts = [
        "\u{200b}",
        "\u{200d}",
        "\u{ad}",
        "\u{fe0f}",
        "\u{e0101}\u{fe01}",
        "\u{e0067}\u{e0062}",
        "\u{1f3f4}",
        "\u{e0041}",
        "\u{202e}",
        "\u{2066}",
        "\u{430}",
        "\u{441}\u{43e}\u{441}",
        "p\u{430}ss",
        "\u{391}",
        "\u{ff14}",
        "\u{feff}",
        "\u{1f600}",
        "é",
        "\u{4e2d}",
        "a",
        "4",
        " ",
        "-",
        "QUtJ",
        "IHRoZSBrZXkg",
    ];
    prop_oneof![
        6 => (proptest::sample::select(parts.to_vec()), 1_usize..4)
            .prop_map(|(part, times)| part.repeat(times).into_bytes()),
        1 => (proptest::sample::select(parts.to_vec()), 60_usize..300)
            .prop_map(|(part, times)| part.repeat(times).into_bytes()),
        4 => any::<(u64, usize, usize)>()
            .prop_map(|(seed, which, how)| hidden(seed, which, how).into_bytes()),
        3 => fragment(),
    ]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(fragment(), 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(crate::for_tests::cases(700))]

    #[test]
    fn every_cut_gives_the_matches_of_the_whole(
        text in text(),
        cuts in proptest::collection::vec(1_usize..60, 1..12),
        which in 0_usize..5,
    ) {
        let engine = &engines()[which];
        let expected = reference(engine, &text);
        prop_assert!(is_sound(&text, &expected), "{:?}", expected);
        prop_assert_eq!(&pieces(engine, text.chunks(1)), &expected, "byte by byte");
        let mut rest = text.as_slice();
        let mut cuts = cuts.iter().cycle();
        let random = std::iter::from_fn(|| {
            let at = (*cuts.next()?).min(rest.len());
            let (piece, after) = rest.split_at(at);
            rest = after;
            (at > 0).then_some(piece)
        });
        prop_assert_eq!(&pieces(engine, random), &expected, "random cuts");
        let middle = text.len() / 2;
        let (left, right) = text.split_at(middle);
        prop_assert_eq!(&pieces(engine, [left, right].into_iter()), &expected, "two halves");
    }

    #[test]
    fn every_cut_finds_what_is_hidden(
        parts in proptest::collection::vec(unseen(), 0..14),
        cuts in proptest::collection::vec(1_usize..40, 1..9),
        which in 0_usize..5,
    ) {
        let engine = &engines()[which];
        let text = parts.concat();
        let expected = reference(engine, &text);
        prop_assert!(is_sound(&text, &expected), "{:?}", expected);
        prop_assert_eq!(&pieces(engine, text.chunks(1)), &expected, "byte by byte");
        let mut rest = text.as_slice();
        let mut cuts = cuts.iter().cycle();
        let random = std::iter::from_fn(|| {
            let (piece, after) = rest.split_at((*cuts.next()?).min(rest.len()));
            rest = after;
            (!piece.is_empty()).then_some(piece)
        });
        prop_assert_eq!(&pieces(engine, random), &expected, "random cuts");
    }

    #[test]
    fn arbitrary_bytes_are_scanned_without_panic(text in proptest::collection::vec(any::<u8>(), 0..2000)) {
        for engine in engines() {
            let expected = reference(engine, &text);
            prop_assert!(is_sound(&text, &expected));
            prop_assert_eq!(pieces(engine, text.chunks(7)), expected);
        }
    }
}

fn in_pieces(engine: &Engine, text: &str) {
    let expected = reference(engine, text.as_bytes());
    for size in [1, 7, 1000, 20_000] {
        let found = pieces(engine, text.as_bytes().chunks(size));
        assert_eq!(found, expected, "{:.20} in pieces of {size}", text);
    }
}

/// Long pieces are taken in slices: none ends within a character.
#[test]
fn a_slice_holds_whole_characters() {
    let token = placed(3, catalogue().iter().position(|d| d.name == "github_token").unwrap());
    let (a, b) = token.split_at(token.len() - 9);
    for character in ["\u{200b}", "\u{e0041}", "\u{ff14}", "\u{430}"] {
        let before = format!("{character} {a}");
        for shift in 1..=character.len() {
            let filler = "x ".repeat((SLICE_BYTES - before.len() - shift) / 2);
            let engine = &engines()[1];
            in_pieces(engine, &format!("{character} {filler}{a}{character}{b} and more"));
        }
    }
}

/// A value stretched by what nobody sees until it is given up: at the same place for every cut.
#[test]
fn a_reading_is_given_up_at_the_same_place() {
    let token = placed(3, catalogue().iter().position(|d| d.name == "github_token").unwrap());
    let armour = placed(3, catalogue().iter().position(|d| d.name == "private_key").unwrap());
    for unseen in ["\u{200b}", "\u{2060}\u{ad}", "\u{e0041}\u{200d}", "\u{200b}".repeat(7).as_str()]
    {
        let stretched: String = armour.chars().map(|c| format!("{c}{unseen}")).collect();
        let text = format!(
            "see {stretched} then {unseen}{} {token}\u{200b}",
            token.replace('_', "_\u{200b}")
        );
        for engine in engines() {
            in_pieces(engine, &text);
            in_pieces(engine, &text.repeat(2));
        }
    }
}

/// A value longer than any bound: the whole text and the stream must break it off alike.
#[test]
fn overlong_values_are_the_same_in_one_piece_and_in_many() {
    let material = "QmFzZTY0".repeat(8 * 300);
    let token = format!("{}.{}", placed(1, jwt()).split('.').next().unwrap(), "eyJ0".repeat(4_000));
    let armour = format!("x -----BEGIN RSA PRIVATE KEY-----\n{material} and then -----END");
    let digits = "4111111111111111".repeat(2_000);
    let dashes = "-----BEGIN RSA PRIVATE KEY-----".repeat(500);
    let starts = "eyJ-".repeat(5_000);
    for text in [token, armour, digits, dashes, starts, "a@".repeat(9_000), "://a:".repeat(9_000)] {
        for engine in engines() {
            let expected = whole(engine, text.as_bytes());
            for size in [7, 64, 100_000] {
                let found = pieces(engine, text.as_bytes().chunks(size));
                assert_eq!(found, expected, "{:.40} in pieces of {size}", text);
            }
        }
    }
}

fn jwt() -> usize {
    catalogue().iter().position(|d| d.name == "jwt").unwrap()
}

#[test]
fn an_overlong_private_key_is_found_at_the_bound() {
    let material = "QmFzZTY0".repeat(8 * 300);
    let text = format!("-----BEGIN RSA PRIVATE KEY-----\n{material}");
    let found = whole(&engines()[0], text.as_bytes());
    assert_eq!(found.first().map(|m| m.range.clone()), Some(0..ARMOUR_BYTES));
}

#[test]
fn what_is_hidden_is_held_from_near_its_first_byte() {
    let engine = &engines()[0];
    let github = catalogue().iter().position(|d| d.name == "github_token").unwrap();
    for how in 0..10 {
        let value = hidden(4, github, how);
        let text = format!("The token: {value} and more");
        let found = reference(engine, text.as_bytes());
        let start = text.find(&value).unwrap();
        let allowed = if (4..7).contains(&how) || how == 9 { packed::LEAD } else { 0 };
        let is_it = |m: &&Match| m.range.start <= start + allowed && m.range.end > start;
        let place = found.iter().find(is_it).unwrap_or_else(|| panic!("{how}: {text} {found:?}"));
        let last = found.iter().rfind(|m| m.range.start < start + value.len()).unwrap();
        let rest = &text.as_bytes()[last.range.end..start + value.len()];
        assert!(rest.iter().all(|b| *b == b'=' || *b >= 0x80), "{how}: {rest:?} is left");
        assert_eq!(pieces(engine, text.as_bytes().chunks(1)), found, "{how}");
        assert!(place.range.start >= start, "{how}");
    }
}

/// Words, names, hashes and links as a model writes them, in pieces of a few letters.
#[test]
fn what_is_no_value_is_hardly_held() {
    let engine = &engines()[0];
    for (name, text, most) in [
        ("prose", "The gate reads what an agent sends, internationalisation included. ", 16),
        ("german", "Größere Geschäftsprozessmodellierungen überprüfen wir natürlich später. ", 16),
        ("russian", "Проверка проходит по всему тексту, и слова признаются безобидными. ", 16),
        (
            "emoji",
            "Family 👩\u{200d}👩\u{200d}👧 ❤\u{fe0f} and flags 🇩🇪🇫🇷 are fine, aren’t they? ",
            24,
        ),
        ("code", "let configuration_manager = ConfigurationManagerFactoryBean::new(options); ", 24),
        ("hash", "d41d8cd98f00b204e9800998ecf8427ed41d8cd98f00b204e9800998ecf8427e\n", 64),
        ("link", "see https://example.com/docs/guides/some-long-page_name/index.html?a=b ", 24),
        (
            "data",
            "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4\n",
            24,
        ),
    ] {
        let text = text.repeat(5);
        let mut stream = engine.stream(DIRECTION);
        let (mut length, mut held) = (0, 0);
        for piece in text.as_bytes().chunks(3) {
            length += piece.len();
            held = held.max(length - stream.push(engine, piece, &mut Vec::new()));
        }
        assert!(held <= most, "{name}: {held}");
    }
}

#[test]
fn prose_flows_word_by_word() {
    let engine = &engines()[0];
    let mut stream = engine.stream(DIRECTION);
    let (mut length, mut held, mut most) = (0, 0, 0);
    let prose = "The gate reads what an agent sends and what the model answers. Nothing of it \
                 is kept for longer than it takes to know that it is harmless, and most words \
                 are known to be so at once. Some begin like a key and wait for their next letter.";
    for word in prose.split_inclusive(' ') {
        length += word.len();
        let clear = stream.push(engine, word.as_bytes(), &mut Vec::new());
        held += usize::from(clear < length);
        most = most.max(length - clear);
    }
    assert_eq!((held, most), (0, 0), "words held back");
}

#[test]
fn a_value_is_held_from_its_first_byte() {
    let engine = &engines()[0];
    let all = catalogue().iter().enumerate();
    for (which, declared) in all.filter(|(_, d)| !matches!(d.form, Form::Judged)) {
        let is_enforced = !declared.answer.passes();
        let text = format!("see {} ", placed(9, which));
        let found = whole(engine, text.as_bytes());
        let place = found.iter().find(|m| is(engine, m.detector, declared.name));
        let place = place.unwrap_or_else(|| panic!("{} in {text}", declared.name));
        let range = place.range.clone();
        let mut stream = engine.stream(DIRECTION);
        for at in 0..range.end - 1 {
            let clear = stream.push(engine, &text.as_bytes()[at..=at], &mut Vec::new());
            assert!(!is_enforced || clear <= range.start, "{} leaks at byte {at}", declared.name);
        }
    }
}

/// As far before a value as its keyword counts, a stream must remember it.
#[test]
fn a_keyword_counts_as_far_before_as_in_a_whole_text() {
    let engine = &engines()[0];
    for declared in catalogue().iter().filter(|d| d.form.is_token() && !d.keywords.is_empty()) {
        for keyword in declared.keywords {
            for gap in [1, CONTEXT - keyword.len(), CONTEXT + 1 - keyword.len()] {
                let text = format!("{keyword}{}{} ", " ".repeat(gap), declared.example(5));
                let expected = reference(engine, text.as_bytes());
                assert!(!expected.is_empty() || gap + keyword.len() > CONTEXT, "{text}");
                assert_eq!(pieces(engine, text.as_bytes().chunks(1)), expected, "{text}");
            }
        }
    }
}

#[test]
fn a_number_in_groups_is_held_from_its_first_digit() {
    let engine = &engines()[0];
    for text in ["4111 1111 1111 1111 ", "536-22-1234 ", "GB29 NWBK 6016 1331 9268 19 "] {
        let mut stream = engine.stream(DIRECTION);
        for byte in &text.as_bytes()[..text.len() - 1] {
            let clear = stream.push(engine, &[*byte], &mut Vec::new());
            assert_eq!(clear, 0, "{text}");
        }
    }
}

fn is(engine: &Engine, id: DetectorId, name: &str) -> bool {
    let detector: &Detector = engine.detector(id);
    detector.name() == name
}

/// Ten thousand streams are open at once, each with a few channels.
#[test]
fn an_idle_stream_is_small() {
    let engine = &engines()[0];
    let mut stream = engine.stream(DIRECTION);
    let prose = "Nothing of it is kept for longer than it takes to know it harmless. ".repeat(200);
    for piece in prose.as_bytes().chunks(20) {
        stream.push(engine, piece, &mut Vec::new());
        assert!(size_of::<Stream>() + stream.heap() < 1536, "{} bytes of heap", stream.heap());
    }
    let value = format!(" {} ", "QmFzZTY0".repeat(2_000));
    stream.push(engine, value.as_bytes(), &mut Vec::new());
    stream.push(engine, prose.as_bytes(), &mut Vec::new());
    assert!(stream.heap() < 3 * 1024, "{} bytes after a long value", stream.heap());
}

/// Text that looks like the beginning of something for ever: bounded memory, linear time.
#[test]
fn endless_partial_matches_are_bounded() {
    let engine = &engines()[1];
    for unit in ["a", "1", "-", "eyJ", "A-", "DE89", "a@", "+1 ", "-----BEGIN PRIVATE KEY-----a"] {
        let text = unit.repeat(60_000 / unit.len());
        for size in [1, 64] {
            let mut stream = engine.stream(DIRECTION);
            let mut clear = 0;
            for (at, piece) in text.as_bytes().chunks(size).enumerate() {
                clear = stream.push(engine, piece, &mut Vec::new());
                let length = at * size + piece.len();
                assert!(length - clear <= MAX_HOLD_BYTES, "{unit} in {size}");
                let kept = stream.plain.text.capacity() + 32 * stream.plain.tokens();
                assert!(kept < 16 * MAX_HOLD_BYTES, "{unit} keeps {kept}");
            }
            assert!(clear > 0, "{unit} never flows");
        }
    }
}

/// What is read for them does not depend on whether something before was disguised, nor on the cuts.
#[test]
fn raised_letters_are_read_alike_in_every_reading() {
    for letters in [1, 190, 191, 192, 193, 194, 400] {
        for raised in ["\u{ba}", "\u{aa}", "\u{b2}"] {
            let text = format!("\u{200b}{}l{raised}", "y".repeat(letters));
            engines().iter().for_each(|engine| in_pieces(engine, &text));
        }
    }
}

#[test]
fn what_nobody_sees_right_behind_a_value_hides_nothing() {
    let value = ["XgPeVw1a", "7qvjNfJ4"].concat();
    for before in ["", &"ab cd ".repeat(100), &"ab1".repeat(200), "\u{200b}"] {
        for unseen in ["\u{e015e}", "\u{200b}", "\u{ad}"] {
            let text = format!("{before}SharedAccessKey={value}{unseen}");
            for text in [text.clone(), format!("{text} and so on")] {
                let text = text.as_bytes();
                for engine in engines() {
                    let expected = reference(engine, text);
                    let key = |m: &Match| engine.detector(m.detector).kind().starts_with("secret.");
                    assert!(expected.iter().any(key), "{:?}", String::from_utf8_lossy(text));
                    assert_eq!(pieces(engine, text.chunks(1)), expected);
                }
            }
        }
    }
}
