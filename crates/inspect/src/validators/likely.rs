//! How unlike a word a text is: random letters fall into pairs that no language has.

/// What each pair of letters costs, in bits, from its frequency in program text and prose: a row
/// for each first letter, a digit for each second.
const PAIRS: [&[u8; 26]; 26] = [
    b"95449659597353959332676669",
    b"48673899269389479455399949",
    b"49684594694468269463679979",
    b"47742738399678469456579869",
    b"46446679898453865233866579",
    b"48754459399353389446599979",
    b"68881965399674589446589979",
    b"29861999399868499564597989",
    b"56545459999542459643959795",
    b"47882777485878278836378988",
    b"57651788299786779746688989",
    b"38852389398488389854599959",
    b"26762989499767439855399989",
    b"58533549596596479723577979",
    b"77458579695542649355465899",
    b"39883897598489459354179959",
    b"78655858799367687768198989",
    b"39662659397755379444578859",
    b"59582975496778558742599959",
    b"49562793399678469355599739",
    b"72564659599453959433999799",
    b"29571598399566589877999599",
    b"39773793299674489357997999",
    b"35543484599468737752888779",
    b"76784689699653519733988999",
    b"69780999598799599989997978",
];

/// Bits of a pair of two digits, and of a digit beside a letter.
const DIGITS: u32 = 3;
const MIXED: u32 = 6;
/// Bits of a capital after a small letter: words joined are written so.
const HUMP: u32 = 5;

/// Tenths of a bit that a pair of a random text costs at least, on average. Words and names of
/// programs come to 30 to 43; of 1,000 random texts of sixteen letters and digits, 995 to more.
const UNLIKELY: u32 = 47;

/// Shorter texts are judged by nothing.
const MIN_RANDOM: usize = 16;

fn pair(first: u8, second: u8) -> Option<u32> {
    let letter = |byte: u8| byte.is_ascii_alphabetic();
    Some(match (first, second) {
        (a, b) if a.is_ascii_digit() && b.is_ascii_digit() => DIGITS,
        (a, b) if !a.is_ascii_alphanumeric() || !b.is_ascii_alphanumeric() => return None,
        (a, b) if a.is_ascii_lowercase() && b.is_ascii_uppercase() => HUMP,
        (a, b) if letter(a) && letter(b) => {
            let row = PAIRS[usize::from(a.to_ascii_lowercase() - b'a')];
            u32::from(row[usize::from(b.to_ascii_lowercase() - b'a')] - b'0')
        }
        _ => MIXED,
    })
}

/// Whether a text is long enough, and of characters unlikely enough, to have been drawn by lot.
pub(crate) fn is_random(text: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| text.iter().any(test);
    if text.len() < MIN_RANDOM || !has(u8::is_ascii_digit) || !has(u8::is_ascii_alphabetic) {
        return false;
    }
    if text.iter().all(u8::is_ascii_hexdigit) {
        return is_hash(text);
    }
    let costs = text.windows(2).filter_map(|two| pair(two[0], two[1]));
    let (sum, count) = costs.fold((0, 0), |(sum, count), cost| (sum + cost, count + 1));
    count * 4 >= text.len() as u32 * 3 - 4 && sum * 10 >= count * UNLIKELY
}

/// Hexadecimal digits that are neither a number nor a word.
fn is_hash(text: &[u8]) -> bool {
    let letters = text.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    letters >= 3 && text.len() - letters >= 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detectors::{ALNUM, Dice};

    #[test]
    fn names_are_likely_and_what_is_drawn_is_not() {
        for name in [
            "pendingHandlerRegistrations2",
            "kube-system-token-abcd1",
            "com.example.app.v1beta1.Token",
            "http2_max_frame_size",
            "test_client_secret_2024",
        ] {
            assert!(!is_random(name.as_bytes()), "{name}");
        }
        let drawn = (0..1000).map(|seed| Dice::new(seed).run(&ALNUM, 24));
        let found = drawn.filter(|text| is_random(text.as_bytes())).count();
        assert!(found >= 980, "{found}");
    }
}
