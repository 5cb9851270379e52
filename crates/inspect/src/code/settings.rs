//! Settings that switch a protection off: `verify=False`, `rejectUnauthorized: false` and their like.

use super::lexer::{Kind, Token};
use super::{DISABLED_TLS, Found, Language, WEAK_PERMISSION};

struct Setting {
    /// All languages when empty.
    languages: &'static [Language],
    name: &'static str,
    values: &'static [&'static str],
    kind: &'static str,
    why: &'static str,
}

const OFF: &[&str] = &["false", "False", "0", "FALSE", "no", "off"];
const ON: &[&str] = &["true", "True", "1", "yes"];
const TLS: &str = "the certificate of the other side is not checked";
const ALL_POWER: &str = "the container has the host's powers";

const fn tls(name: &'static str, values: &'static [&'static str]) -> Setting {
    Setting { languages: &[], name, values, kind: DISABLED_TLS, why: TLS }
}

#[rustfmt::skip]
static SETTINGS: &[Setting] = &[
    Setting { languages: &[Language::Python], ..tls("verify", &["False"]) },
    Setting { languages: &[Language::Php], ..tls("verify", &["false"]) },
    tls("verify_ssl", OFF), tls("ssl_verify", OFF), tls("check_hostname", OFF), tls("validate_certs", OFF),
    tls("rejectUnauthorized", OFF), tls("NODE_TLS_REJECT_UNAUTHORIZED", &["0"]), tls("strictSSL", OFF),
    tls("InsecureSkipVerify", ON), tls("insecure_skip_verify", ON), tls("tls_skip_verify", ON),
    tls("insecureSkipTLSVerify", ON), tls("insecure_skip_tls_verify", ON), tls("insecureSkipVerify", ON),
    tls("CURLOPT_SSL_VERIFYPEER", OFF), tls("CURLOPT_SSL_VERIFYHOST", OFF), tls("verify_peer", OFF),
    tls("verify_peer_name", OFF), tls("verify_mode", &["VERIFY_NONE", "CERT_NONE"]), tls("cert_reqs", &["CERT_NONE"]),
    tls("_create_default_https_context", &["_create_unverified_context"]), tls("TrustServerCertificate", ON),
    tls("ServerCertificateCustomValidationCallback", &["DangerousAcceptAnyServerCertificateValidator", "true"]),
    tls("ServerCertificateValidationCallback", &["true"]), tls("VERIFY_MODE", &["VERIFY_NONE"]),
    tls("setHostnameVerifier", &["ALLOW_ALL_HOSTNAME_VERIFIER", "INSTANCE", "NoopHostnameVerifier"]),
    tls("setSSLHostnameVerifier", &["INSTANCE", "NoopHostnameVerifier"]),
    Setting { languages: &[Language::Config], name: "privileged", values: &["true"], kind: WEAK_PERMISSION, why: ALL_POWER },
    Setting { languages: &[Language::Config], name: "allowPrivilegeEscalation", values: &["true"], kind: WEAK_PERMISSION, why: ALL_POWER },
];

/// How far behind its name a value may stand: `cert_reqs=ssl.CERT_NONE`, `= OpenSSL::SSL::VERIFY_NONE`.
const MAX_STEPS: usize = 16;

pub(super) fn check(tokens: &[Token], language: Language, found: &mut Vec<Found>) {
    for (at, token) in tokens.iter().enumerate() {
        if !matches!(token.kind, Kind::Word | Kind::Text) || !(6..=48).contains(&token.text.len()) {
            continue;
        }
        let of_language = |s: &&Setting| s.languages.is_empty() || s.languages.contains(&language);
        if token.text == "verify" && !is_within(tokens, at) {
            continue;
        }
        let named = SETTINGS.iter().filter(of_language).filter(|s| s.name == token.text);
        found.extend(named.filter_map(|setting| set(setting, tokens, at)).next());
    }
}

/// Whether a name stands among arguments or members and is no variable of its own.
fn is_within(tokens: &[Token], at: usize) -> bool {
    let before = tokens[..at].iter().rev().find(|t| t.kind != Kind::Line);
    before.is_some_and(|t| matches!(t.kind, Kind::Mark(b'(' | b',' | b'.' | b'{' | b'[')))
}

/// Whether the `=` at `at` is part of `==`, `!=`, `<=` or `>=`.
fn compares(tokens: &[Token], at: usize) -> bool {
    let touches = |a: &Token, b: &Token| a.at + 1 == b.at;
    let next = tokens.get(at + 1).is_some_and(|t| t.is(b'=') && touches(&tokens[at], t));
    let before = &tokens[at.saturating_sub(1)];
    next || (matches!(before.kind, Kind::Mark(b'=' | b'!' | b'<')) && touches(before, &tokens[at]))
}

fn set(setting: &Setting, tokens: &[Token], at: usize) -> Option<Found> {
    let end = tokens.len().min(at + 1 + MAX_STEPS);
    let mut assigned = false;
    for (step, token) in tokens[at + 1..end].iter().enumerate() {
        match token.kind {
            Kind::Mark(b'=') if compares(tokens, at + 1 + step) => return None,
            Kind::Mark(b'=' | b':' | b'>') => assigned = true,
            Kind::Mark(b',') if assigned || setting.name.starts_with("CURLOPT") => assigned = true,
            Kind::Mark(b'(') if assigned || setting.name.starts_with("set") => assigned = true,
            // The rest of a path, of a lambda's head or of an index that names the setting.
            Kind::Mark(b'.' | b']' | b')' | b'!' | b'\'' | b'"' | b'+') => {}
            Kind::Word | Kind::Number | Kind::Text if !assigned => return None,
            Kind::Word | Kind::Number | Kind::Text => {
                if setting.values.contains(&token.text) {
                    let quote = usize::from(token.kind == Kind::Text);
                    let range = tokens[at].at..token.at + token.text.len() + 2 * quote;
                    let (kind, why) = (setting.kind, setting.why);
                    return Some(Found { kind, range, confidence: 0.9, why });
                }
                if setting.values.iter().any(|v| OFF.contains(v)) {
                    return None;
                }
            }
            _ => return None,
        }
    }
    None
}
