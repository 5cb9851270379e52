//! Formats that issuers of credentials changed to of late, beside those that they had before.

use model::Severity;

use super::pattern::{ALNUM, URL64, between, text};
use super::{Declaration, token};

pub(super) const ALL: &[Declaration] = &[
    token!(
        google_auth_key,
        "Google keys that are bound to an identity",
        ["AQ.Ab"],
        [between(&URL64, 36, 100)],
        "Gemini API: using API keys"
    ),
    token!(
        cloudflare_prefixed_token,
        "Cloudflare tokens and global keys that say what they are",
        ["cfk_", "cfut_", "cfat_"],
        [between(&ALNUM, 46, 50)],
        "Cloudflare: token formats"
    )
    .confidence(0.98),
    token!(
        github_stateless_token,
        "GitHub tokens of apps that are JWTs",
        ["ghs_"],
        [
            between(&URL64, 20, 200),
            text("."),
            between(&URL64, 60, 900),
            text("."),
            between(&URL64, 43, 700)
        ],
        "GitHub: installation access tokens"
    )
    .confidence(0.98),
    token!(
        buildkite_scoped_token,
        "Buildkite tokens that name their cluster",
        ["bkua_", "bkaa_", "bkar_"],
        [between(&ALNUM, 2, 12), text("."), between(&ALNUM, 40, 96)],
        "Buildkite: token security"
    ),
    token!(
        buildkite_job_token,
        "Buildkite tokens of jobs",
        ["bkaj_"],
        [
            between(&URL64, 16, 80),
            text("."),
            between(&URL64, 60, 900),
            text("."),
            between(&URL64, 43, 200)
        ],
        "Buildkite: token security"
    )
    .severity(Severity::Medium),
];
