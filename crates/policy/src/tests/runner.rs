//! The runner of policy tests says exactly what differs.

use super::{bundle, policy};
use crate::{Source, testing};

fn run(test: &str) -> Result<testing::Report, Vec<crate::Diagnostic>> {
    let text = policy("all", "permit (principal, action, resource);")
        + &policy("streams", "forbid (principal, action, resource) when { context.stream };")
        + &policy(
            "tokens",
            "forbid (principal, action, resource) when { context has max_output_tokens };",
        );
    testing::run(&bundle(&text), &[Source::new("t.test.toml", test)])
}

const ASK: &str = "action = \"call_model\"\nprovider = \"p\"\nmodel = \"m\"\n";

#[test]
fn a_case_that_fails_says_what_differs() {
    let case = format!(
        "\n[[case]]\nname = \"x\"\n{ASK}stream = true\nexpect = \"permit\"\n\
         policies = [\"stream\"]\nobligations = [\"redact\"]\n"
    );
    let report = run(&case).unwrap();
    let result = &report.results[0];
    assert_eq!((result.line, result.name.as_str(), result.passed()), (2, "x", false));
    assert_eq!(
        result.failure.as_deref(),
        Some(
            "expected permit, got deny; expected the policies {\"stream\"}, got {\"streams\"}; \
             there is no policy \"stream\", did you mean \"streams\"?; \
             expected the obligations {\"redact\"}, got {}; \
             the reason given: forbidden by \"streams\": What streams is for"
        )
    );
    assert_eq!(report.failed(), 1);
}

#[test]
fn coverage_names_what_no_passing_case_exercises() {
    let case = format!(
        "[[case]]\nname = \"x\"\n{ASK}expect = \"permit\"\n\
         [[case]]\nname = \"y\"\n{ASK}stream = true\nexpect = \"permit\"\n"
    );
    let report = run(&case).unwrap();
    let ids = |ids: &[model::PolicyId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(ids(&report.coverage.tested), ["all"]);
    assert_eq!(ids(&report.coverage.untested), ["streams", "tokens"]);
}

#[test]
fn a_file_that_is_no_test_file_is_refused_with_its_place() {
    for (text, line, message) in [
        ("", 1, "at least one case"),
        ("[[case]]\nname = 5\n", 2, "string"),
        ("[[case]]\nname = \"x\"\nprovidr = \"p\"\n", 3, "providr"),
        (
            "\n[[case]]\nname = \"x\"\naction = \"call_model\"\nprovider = \"p\"\nexpect = \"permit\"\n",
            2,
            "needs a model",
        ),
    ] {
        let problems = run(text).unwrap_err();
        assert_eq!(problems[0].line, line, "{}", problems[0]);
        assert!(problems[0].message.contains(message), "{}", problems[0]);
    }
}
