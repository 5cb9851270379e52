//! No text breaks the loader: it compiles or it is refused.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::{Bundle, Grants, Source, baseline_sources, baseline_tests, testing};

fn loads(name: &str, text: &str) -> Result<(), TestCaseError> {
    let source = Source::new(name, text);
    if let Err(problems) = Bundle::compile(&[source], &Grants::default()) {
        prop_assert!(!problems.is_empty());
        for problem in problems {
            prop_assert!(problem.line >= 1 && problem.column >= 1, "{problem}");
            prop_assert!(!problem.message.is_empty());
        }
    }
    Ok(())
}

/// Cuts, repeats and swaps pieces of a text.
fn mangle(text: &str, cuts: &[(Index, Index, u8)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (a, b, how) in cuts {
        if chars.is_empty() {
            break;
        }
        let (a, b) = (a.index(chars.len()), b.index(chars.len()));
        let (a, b) = (a.min(b), a.max(b).min(a.min(b) + 40));
        match how % 4 {
            0 => drop(chars.drain(a..b)),
            1 => chars.swap(a, b),
            2 => chars
                .splice(a..a, "\"(;{@-\\".chars().skip(usize::from(*how) % 7).take(1))
                .for_each(drop),
            _ => {
                let piece = chars[a..b].to_vec();
                chars.splice(a..a, piece).for_each(drop);
            }
        }
    }
    chars.into_iter().collect()
}

fn cuts() -> impl Strategy<Value = Vec<(Index, Index, u8)>> {
    prop::collection::vec(any::<(Index, Index, u8)>(), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mangled_policies_are_refused_in_peace(which in any::<Index>(), cuts in cuts()) {
        let sources = baseline_sources();
        let source = which.get(&sources);
        loads(&source.name, &mangle(&source.text, &cuts))?;
    }

    #[test]
    fn arbitrary_text_is_refused_in_peace(text in any::<String>()) {
        loads("any", &text)?;
    }

    #[test]
    fn arbitrary_tokens_are_refused_in_peace(words in prop::collection::vec(select(vec![
        "permit", "forbid", "(", ")", "{", "}", "[", "]", "principal", "action", "resource", "context", ",", ";",
        "when", "unless", "==", "in", "has", "like", "is", "if", "then", "else", "&&", "||", "!", "-", "+", ".",
        "\"a\"", "1", "true", "Agent::", "@id(\"a\")", "@description(\"b\")", "\\", "\u{e9}", "?principal", "//", "\n",
    ]), 0..60)) {
        loads("tokens", &words.join(" "))?;
    }

    #[test]
    fn mangled_tests_are_refused_in_peace(which in any::<Index>(), cuts in cuts()) {
        thread_local!(static BUNDLE: Bundle = Bundle::baseline(&Grants::default()).unwrap());
        let sources = baseline_tests();
        let source = which.get(&sources);
        let mangled = Source::new("t", mangle(&source.text, &cuts));
        BUNDLE.with(|bundle| drop(testing::run(bundle, &[mangled])));
    }
}
