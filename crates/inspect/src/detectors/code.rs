//! Credentials of code hosting, package registries, builds and developers' tools.

use super::example::Dice;
use super::pattern::{
    ALNUM, HEX, LOWER_NUM, STD64, STD64_PAD, URL64, between, class, exactly, open, text,
};
use super::{Class, Declaration, bare, token};
use crate::validators::{base62_check, ends_with_check};

/// What Atlassian's tokens are made of.
static ATLASSIAN: Class = class("0-9A-Za-z_=-");

/// Thirty random characters and their checksum, as GitHub and npm make tokens.
fn checked(prefix: &str, seed: u64) -> String {
    let random = Dice::new(seed).run(&ALNUM, 30);
    let check = base62_check(random.as_bytes()).map(char::from);
    [prefix, &random].into_iter().map(str::to_owned).chain(check.map(String::from)).collect()
}

pub(super) const ALL: &[Declaration] = &[
    token!(
        github_token,
        "GitHub tokens: personal, OAuth, app, refresh",
        ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        [exactly(&ALNUM, 36)],
        "GitHub: authentication token formats"
    )
    .confidence(1.0)
    .check(ends_with_check)
    .make(|seed| checked(["ghp_", "gho_", "ghu_", "ghs_", "ghr_"][seed as usize % 5], seed)),
    token!(
        github_fine_grained_token,
        "GitHub fine-grained tokens",
        ["github_pat_"],
        [exactly(&ALNUM, 22), text("_"), exactly(&ALNUM, 59)],
        "GitHub: fine-grained personal access tokens"
    ),
    token!(
        npm_token,
        "npm access tokens",
        ["npm_"],
        [exactly(&ALNUM, 36)],
        "npm: about access tokens"
    )
    .confidence(1.0)
    .check(ends_with_check)
    .make(|seed| checked("npm_", seed)),
    token!(
        gitlab_token,
        "GitLab tokens",
        [
            "glpat-", "gldt-", "glrt-", "glft-", "glimt-", "glsoat-", "gloas-", "glcbt-", "glptt-",
            "glagent-", "glffct-"
        ],
        [between(&URL64, 20, 64)],
        "GitLab: token overview"
    ),
    token!(
        gitlab_routable_token,
        "GitLab routable tokens",
        ["glpat-", "glrt-", "gldt-"],
        [
            between(&URL64, 27, 300),
            text("."),
            exactly(&LOWER_NUM, 2),
            text("."),
            exactly(&LOWER_NUM, 7)
        ],
        "GitLab: token overview"
    ),
    token!(
        bitbucket_token,
        "Bitbucket tokens",
        ["ATCTT3", "ATBB"],
        [between(&ATLASSIAN, 32, 260)],
        "Atlassian: API token formats"
    ),
    token!(
        atlassian_token,
        "Atlassian API tokens",
        ["ATATT3"],
        [between(&ATLASSIAN, 100, 260)],
        "Atlassian: API token formats"
    ),
    token!(
        pypi_token,
        "PyPI upload tokens",
        ["pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZw"],
        [open(&URL64, 50, 1000)],
        "PyPI: API tokens"
    ),
    token!(rubygems_key, "RubyGems keys", ["rubygems_"], [exactly(&HEX, 48)], "RubyGems: API keys"),
    token!(
        crates_token,
        "crates.io tokens",
        ["cio"],
        [exactly(&ALNUM, 32)],
        "crates.io: API tokens"
    ),
    token!(nuget_key, "NuGet keys", ["oy2"], [exactly(&LOWER_NUM, 43)], "NuGet: scoped API keys"),
    token!(
        clojars_token,
        "Clojars tokens",
        ["CLOJARS_"],
        [exactly(&LOWER_NUM, 60)],
        "Clojars: deploy tokens"
    ),
    token!(
        sonar_token,
        "SonarQube tokens",
        ["squ_", "sqp_", "sqa_"],
        [exactly(&HEX, 40)],
        "SonarQube: tokens"
    ),
    token!(
        buildkite_token,
        "Buildkite tokens",
        ["bkua_"],
        [exactly(&HEX, 40)],
        "Buildkite: API access tokens"
    ),
    token!(
        circleci_token,
        "CircleCI tokens",
        ["CCIPAT_", "CCIPRJ_"],
        [between(&ALNUM, 20, 24), text("_"), exactly(&HEX, 40)],
        "CircleCI: API tokens"
    ),
    token!(
        sentry_org_token,
        "Sentry organisation tokens",
        ["sntrys_"],
        [between(&STD64_PAD, 60, 400), text("_"), exactly(&STD64, 43)],
        "Sentry: auth tokens"
    ),
    token!(
        sentry_user_token,
        "Sentry user tokens",
        ["sntryu_", "sntrya_"],
        [exactly(&HEX, 64)],
        "Sentry: auth tokens"
    ),
    token!(linear_key, "Linear keys", ["lin_api_"], [exactly(&ALNUM, 40)], "Linear: API keys"),
    token!(
        linear_oauth_token,
        "Linear OAuth tokens",
        ["lin_oauth_"],
        [exactly(&HEX, 64)],
        "Linear: OAuth 2.0"
    ),
    token!(
        figma_token,
        "Figma tokens",
        ["figd_"],
        [between(&URL64, 38, 48)],
        "Figma: access tokens"
    ),
    token!(readme_key, "ReadMe keys", ["rdme_"], [exactly(&LOWER_NUM, 70)], "ReadMe: API keys"),
    token!(
        posthog_key,
        "PostHog personal keys",
        ["phx_"],
        [between(&ALNUM, 40, 64)],
        "PostHog: personal API keys"
    ),
    bare!(
        launchdarkly_key,
        "LaunchDarkly keys",
        [
            exactly(&LOWER_NUM, 3),
            text("-"),
            exactly(&HEX, 8),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 12)
        ],
        "LaunchDarkly: SDK keys"
    )
    .keywords(&["launchdarkly", "ld_sdk", "ld_api"])
    .check(|value| value.starts_with(b"sdk-") || value.starts_with(b"api-"))
    .make(|seed| {
        let mut dice = Dice::new(seed);
        let groups = [8, 4, 4, 4, 12].map(|count| dice.run(&HEX, count));
        format!("sdk-{}", groups.join("-"))
    }),
];
