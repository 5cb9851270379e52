//! What holds of every value.

use proptest::prelude::*;

use super::*;

/// Names and numbers that are long enough not to stand anywhere by chance.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{4,12}[.][a-z]{3,9}@[a-z]{3,9}[.](com|org)",
        "[A-Z]{2}[0-9]{12,24}",
        "[a-z]{5,9}-[0-9]{5,9}"
    ]
}

fn words() -> impl Strategy<Value = String> {
    proptest::collection::vec("[a-zA-Z]{1,9}[,.]?", 0..60).prop_map(|words| words.join(" "))
}

proptest! {
    /// Wherever it stands in untrusted content, and whatever the user said besides.
    #[test]
    fn what_a_stranger_wrote_is_never_the_users(value in value(), before in words(), after in words(), user in words()) {
        let session = poisoned(&user, &format!("{before} {value} {after}"));
        prop_assert_eq!(origin(&session, value.as_str()), Origin::Untrusted);
        prop_assert_eq!(origin(&session, value.to_uppercase()), Origin::Untrusted);
    }

    #[test]
    fn what_the_user_wrote_is_the_users(value in value(), before in words(), after in words(), content in words()) {
        let session = poisoned(&format!("{before} {value} {after}"), &format!("{content} {value}"));
        prop_assert_eq!(origin(&session, value.as_str()), Origin::User);
    }

    /// One letter more or less is another value.
    #[test]
    fn a_neighbour_of_what_the_user_wrote_is_not(value in value(), extra in "[a-z0-9]") {
        let session = poisoned(&format!("write {value} now"), "page");
        prop_assert_ne!(origin(&session, format!("{value}{extra}")), Origin::User);
        prop_assert_ne!(origin(&session, format!("{extra}{value}")), Origin::User);
    }

    #[test]
    fn digits_may_be_grouped_in_any_way(digits in "[1-9][0-9]{9,21}", size in 2_usize..6, sign in "[ -]") {
        let digits: Vec<char> = digits.chars().collect();
        let grouped: Vec<String> = digits.chunks(size).map(|group| group.iter().collect()).collect();
        let whole: String = digits.iter().collect();
        let session = poisoned("hello", &format!("call {}", grouped.join(&sign)));
        prop_assert_eq!(origin(&session, whole.as_str()), Origin::Untrusted);
        let session = poisoned(&format!("call {}", grouped.join(&sign)), "page");
        prop_assert_eq!(origin(&session, whole.as_str()), Origin::User);
    }

    /// Any text at all is learnt and traced.
    #[test]
    fn nothing_goes_wrong(user in ".{0,200}", content in ".{0,400}", value in ".{0,100}") {
        let session = poisoned(&user, &content);
        session.trace(&json!({"value": value, "more": [content]}));
    }

    /// Learning more never makes a value less doubtful, where nothing trusted is learnt.
    #[test]
    fn untrusted_content_never_helps(user in words(), content in words(), more in words(), value in words()) {
        let mut session = poisoned(&user, &content);
        let before = session.trace(&json!({"value": value}));
        session.learn_text(&untrusted("web/more"), false, &more);
        let after = session.trace(&json!({"value": value}));
        for (before, after) in before.iter().zip(&after) {
            prop_assert!(after.origin >= before.origin, "{:?} {:?}", before, after);
        }
    }
}
