//! What the simulated model says: always the same to the same prompt.

/// Prompts with this word get an answer that holds the planted secret.
pub(in crate::demo) const LEAK: &str = "deployment notes";
/// Prompts with this word get an answer that takes a long time.
pub(in crate::demo) const LONG: &str = "customer list";

/// Sentences of the long answer; at some milliseconds a piece, longer than anybody would wait.
const LONG_LINES: usize = 400;

/// The answer to a prompt. `secret` is what the model should never have learned.
pub(in crate::demo) fn answer(prompt: &str, secret: &str) -> String {
    let says = |word: &str| prompt.contains(word);
    if says(LEAK) {
        return format!(
            "The service is deployed from the main branch, twice a week, after the tests pass. \
             The pipeline reads its token from the build settings; at the moment that is {secret} \
             and it may write to every repository. Rollbacks take about four minutes, and the \
             last one was in spring."
        );
    }
    if says(LONG) {
        let line = |n: usize| format!("Customer {n} of the northern region, contract {n:03}-B. ");
        return (1..=LONG_LINES).map(line).collect();
    }
    if says("Summarise report") {
        return summary(prompt);
    }
    if says("refund") {
        return "I have noted that you were charged twice. The second amount goes back to the card \
                you paid with within three working days."
            .to_owned();
    }
    if says("send an item back") {
        return "Print the label from your order page, put it on the parcel and hand it in at any \
                post office. Sending it back costs you nothing."
            .to_owned();
    }
    "Your order left the warehouse this morning and should be with you tomorrow before noon."
        .to_owned()
}

fn summary(prompt: &str) -> String {
    let report = prompt.rsplit(' ').next().unwrap_or_default().trim_end_matches('.');
    let topics = ["Revenue", "Costs", "Staff", "Deliveries", "Complaints", "Returns", "Energy"];
    let line = |topic| {
        format!(
            "{topic} in report {report}: close to the plan for the quarter, a little better than \
             a year ago, with one region behind the others and a remark that asks for a second look. "
        )
    };
    topics.into_iter().map(line).collect()
}

/// Tokens of a text, as this model counts them: four characters each.
pub(in crate::demo) fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}

/// An answer in the pieces that a stream carries, as a model's tokens divide it: a word with the
/// blank before it, and of a longer word a few characters at a time, so that a secret is never
/// whole in one of them.
pub(in crate::demo) fn pieces(text: &str) -> Vec<&str> {
    const LONGEST: usize = 7;
    let (mut pieces, mut start, mut length) = (Vec::new(), 0, 0);
    for (at, character) in text.char_indices() {
        if length > 0 && (character == ' ' || length == LONGEST) {
            pieces.push(&text[start..at]);
            (start, length) = (at, 0);
        }
        length += 1;
    }
    pieces.push(&text[start..]);
    pieces
}
