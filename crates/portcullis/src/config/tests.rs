//! The error messages are the product here: each snapshot is what a user reads.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::diagnostic::SourceText;
use super::sections::{Durability, Per, ProviderKind};
use super::*;

/// Secrets that the sample files name.
const SECRETS: [(&str, &str); 13] = [
    ("FILES_TOKEN", "files-token"),
    ("FILES_KEY", "files-key"),
    ("OPENAI_API_KEY", "k1"),
    ("SUPPORT_BOT_KEY", "k2"),
    ("SUPPORT_BOT_SECRET", "k4"),
    ("ROOT_KEY", "k3"),
    ("PREVIOUS_ROOT_KEY", "k4"),
    ("SIEM_TOKEN", "k5"),
    ("WEBHOOK_SECRET", "k6"),
    ("SSO_CLIENT_SECRET", "k7"),
    ("AWS_ACCESS_KEY_ID", "k8"),
    ("AWS_SECRET_ACCESS_KEY", "k9"),
    ("AWS_SESSION_TOKEN", "k10"),
];

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let source = SourceText { name: "portcullis.toml".to_owned(), text: text.to_owned() };
    let environment = Environment::from_pairs(variables.iter().copied().chain(SECRETS));
    parse(source, Some(Path::new("conf/portcullis.toml")), &environment, Secrets::Resolve)
}

/// All that a user is told about a text, or "accepted".
fn told(text: &str, variables: &[(&str, &str)]) -> String {
    match read(text, variables) {
        Err(error) => error.to_string(),
        Ok(loaded) => loaded.warnings.iter().fold("accepted\n".to_owned(), |mut all, warning| {
            let _ = writeln!(all, "{}", warning.render(&loaded.source));
            all
        }),
    }
}

/// One snapshot for several texts.
fn told_of(cases: &[&str]) -> String {
    cases
        .iter()
        .map(|text| format!("{}\n\n", told(text, &[])))
        .collect::<Vec<_>>()
        .join("--------\n")
}

const PROVIDER: &str = "
[[provider]]
name = \"openai\"
kind = \"openai\"
api_key = { env = \"OPENAI_API_KEY\" }
models = [\"gpt-*\", \"o*\"]
";

const CONTRACT: &str = r#"
[gate]
listen = "127.0.0.1:4100"
[console]
listen = "127.0.0.1:4180"
[data]
dir = "portcullis-data"
[policy]
dir = "policies"
[ledger]
durability = "before-answer"
[[provider]]
name = "openai"
kind = "openai"
base_url = "https://api.openai.com"
api_key = { env = "OPENAI_API_KEY" }
models = ["gpt-*", "o*"]
[[role]]
name = "support"
providers = ["openai"]
models = ["*"]
[[agent]]
name = "support-bot"
roles = ["support"]
zone = "production"
key = { env = "SUPPORT_BOT_KEY" }
"#;

#[test]
fn the_contracts_file_is_read() {
    let Loaded { config, warnings, .. } = read(CONTRACT, &[]).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(config.gate.listen.to_string(), "127.0.0.1:4100");
    assert_eq!(config.data.dir, Path::new("conf/portcullis-data"));
    assert_eq!(config.policy.dir.as_deref(), Some(Path::new("conf/policies")));
    assert_eq!(config.ledger.durability, Durability::BeforeAnswer);
    let provider = &config.provider[0];
    assert_eq!((provider.kind, provider.models.len()), (ProviderKind::OpenAi, 2));
    let key = provider.api_key.as_ref().and_then(|key| key.secret.as_ref());
    assert_eq!(key.map(|key| key.expose().to_owned()).as_deref(), Some("k1"));
    assert_eq!(config.agent[0].roles[0].as_str(), "support");
}

#[test]
fn an_empty_file_is_all_defaults() {
    let config = read("", &[]).unwrap().config;
    assert_eq!(config.gate.timeouts.drain, Duration::from_secs(30));
    assert_eq!(config.gate.limits.request_body.0, 32 << 20);
    assert_eq!(config.console.hosts, ["localhost"]);
    assert_eq!(config.data.dir, Path::new("portcullis-data"), "a default path is not the file's");
}

#[test]
fn every_default_and_example_can_be_read() {
    fn walk(prefix: &str, keys: &'static [declare::Key], pairs: &mut Vec<(String, &'static str)>) {
        for key in keys {
            let path = format!("{prefix}{}", key.name);
            pairs.extend(
                [key.default, key.example].into_iter().flatten().map(|v| (path.clone(), v)),
            );
            walk(&format!("{path}."), key.shape.keys(), pairs);
        }
    }
    let mut pairs = Vec::new();
    walk("", Config::KEYS, &mut pairs);
    assert!(pairs.len() > 60, "only {} values are declared", pairs.len());
    for (path, value) in pairs {
        assert!(DeValue::parse(value).is_ok(), "{path} = {value}");
    }
}

#[test]
fn the_example_file_is_accepted_as_it_is_and_with_all_keys() {
    let example = reference::example();
    let loaded = read(&example, &[]).unwrap_or_else(|error| panic!("{error}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert_eq!(loaded.config.limit[0].per, Per::Agent);
    let name = |rest: &str| rest.split_once(" = ").is_some_and(|(name, _)| !name.contains(' '));
    let with_every_key = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if name(rest) || rest.starts_with('[') => rest.to_owned(),
        _ => line.to_owned(),
    };
    // A tenant's file would have to be there.
    let of_tenant = [
        "[[tenant]]",
        "name = \"acme\"",
        "file = \"tenants/acme.toml\"",
        "in_flight = 200",
        "certificates = []",
    ];
    let whole = example.lines().map(with_every_key);
    let whole: Vec<_> = whole.filter(|line| !of_tenant.contains(&line.as_str())).collect();
    let config = read(&whole.join("\n"), &[]).unwrap_or_else(|error| panic!("{error}")).config;
    assert!(config.gate.tls.is_some() && config.agent[0].key.is_some());
    insta::assert_snapshot!("example", example);
}

#[test]
fn a_bucket_has_a_key_and_is_not_reached_in_clear_by_accident() {
    let place = "[data]\narchive = \"s3://logs/gate\"\n[archive]\n";
    let keys = "access_key = { env = \"AWS_ACCESS_KEY_ID\" }\nsecret_key = { env = \"AWS_SECRET_ACCESS_KEY\" }\n";
    assert!(read(&format!("{place}{keys}"), &[]).is_ok());
    let wrong = |lines: &str| read(&format!("{place}{lines}"), &[]).unwrap_err().to_string();
    assert!(wrong("").contains("a bucket needs `access_key`"));
    for (line, says) in [
        ("endpoint = \"http://s3.example.com\"", "cross the network in clear"),
        ("region = \"eu central\"", "a region is made of"),
    ] {
        assert!(wrong(&format!("{keys}{line}")).contains(says), "{line}");
    }
    let loopback = format!("{place}{keys}endpoint = \"http://127.0.0.1:9000\"");
    assert!(read(&loopback, &[]).is_ok());
    assert!(read("[data]\narchive = \"gs://logs\"", &[]).is_err());
}

#[test]
fn an_export_says_where_to_and_not_in_clear_by_accident() {
    let export = |lines: &str| format!("[[export]]\nname = \"siem\"\n{lines}\n");
    let wrong = |lines: &str| read(&export(lines), &[]).unwrap_err().to_string();
    for (lines, says) in [
        ("kind = \"ocsf\"", "takes one of `url`, `path`"),
        ("kind = \"ocsf\"\nurl = \"https://a\"\npath = \"b\"", "takes one of `url`, `path`"),
        ("kind = \"syslog\"\nurl = \"https://a\"", "takes one of `address`"),
        ("kind = \"otlp\"\nurl = \"http://siem.example.com\"", "cross the network in clear"),
        ("kind = \"webhook\"\nurl = \"https://a\"", "there is no `secret`"),
        ("kind = \"file\"\npath = \"a\"\nquery = \"agnet:x\"", "there is no field"),
        ("kind = \"file\"\npath = \"a\"\nquery = \"since:7d\"", "no range of time"),
        ("kind = \"syslog\"\naddress = \"logs\"", "logs.example.com:6514"),
        ("kind = \"kafka\"", "\"webhook\""),
    ] {
        assert!(wrong(lines).contains(says), "{lines}: {}", wrong(lines));
    }
    let twice = export("kind = \"file\"\npath = \"a\"").repeat(2);
    assert!(read(&twice, &[]).unwrap_err().to_string().contains("two of `[[export]]`"));
    let clear = "kind = \"otlp\"\nurl = \"http://siem.example.com\"\nplaintext = true";
    assert_eq!(read(&export(clear), &[]).unwrap().config.export.len(), 1);
    let unused = read(&export("kind = \"file\"\npath = \"a\"\nurl = \"https://a\""), &[]).unwrap();
    assert!(unused.warnings.iter().any(|warning| warning.message.contains("`url` has no meaning")));
}

#[test]
fn the_reference_page_is_whole() {
    insta::assert_snapshot!("reference", reference::page());
}

#[test]
fn a_wrong_name_is_told_with_the_right_one() {
    insta::assert_snapshot!(told_of(&[
        "[gate]\nlisten = \"127.0.0.1:1\"\nlisen = 1\n",
        "[gatee]\nlisten = \"127.0.0.1:1\"\n",
        "listen = \"127.0.0.1:1\"\n",
        "[gate.limits]\nrequestBody = \"1MiB\"\n",
        "[gate]\nsomething_else = 1\n",
        "[[provider]]\nname = \"a\"\nkind = \"opnai\"\n",
        "[[provider]]\nname = \"a\"\nkind = \"gemini\"\n",
        "[gate]\nlisten = \"127.0.0.1:1\"\n[console]\n\"li\u{202e}sten\" = 1\n",
    ]));
}

#[test]
fn a_wrong_type_is_told_with_what_the_key_takes() {
    insta::assert_snapshot!(told_of(&[
        "[gate]\nlisten = 4100\n",
        "[gate]\nlisten = \"4100\"\n",
        "[gate]\nworkers = \"many\"\nplaintext = \"yes\"\n",
        "[gate.timeouts]\nidle = 30\nbody = \"0s\"\n",
        "[gate.limits]\nheaders = 0\nrequest_body = \"lots\"\nconnections = -1\n",
        "gate = 1\n",
        "provider = 1\n",
        "provider = [1]\n",
        "[[agent]]\nname = \"a b\"\n",
        "[[agent]]\nname = \"a\"\nroles = \"support\"\n",
        "[[provider]]\nname = \"a\"\nkind = \"openai\"\nbase_url = \"api.openai.com/v1\"\n",
        "[[price]]\nmodel = \"x\"\ninput_per_million = -1\noutput_per_million = nan\n",
    ]));
}

#[test]
fn what_must_be_there_and_is_not_is_told() {
    insta::assert_snapshot!(told_of(&[
        "[[provider]]\nkind = \"openai\"\n",
        "[gate.tls]\ncertificate = \"a.pem\"\n",
        "[[provider]]\nname = \"a\"\nkind = \"openai\"\napi_key = { env = \"NOT_THERE\" }\n",
        "[[provider]]\nname = \"a\"\nkind = \"openai\"\napi_key = { file = \"/nonexistent/key\" }\n",
        "[[provider]]\nname = \"a\"\nkind = \"openai\"\napi_key = { }\n",
        "[[provider]]\nname = \"a\"\nkind = \"openai\"\napi_key = { enw = \"X\" }\n",
    ]));
}

#[test]
fn actions_are_read_by_kind_and_family() {
    use inspect::Action::{Allow, Block, Mask};
    let text = "[inspect.actions]\nsecret = \"block\"\nown.word = { answer = \"mask\" }\n";
    let settings = read(text, &[]).unwrap().config.inspect.settings();
    let of = |name: &str| settings.actions.get(name).map(|a| (a.request, a.answer));
    assert_eq!(of("secret"), Some((Some(Block), Some(Block))));
    assert_eq!(of("own.word"), Some((None, Some(Mask))));
    let variable = [("PORTCULLIS_INSPECT_ACTIONS", "{ secret = \"allow\" }")];
    let settings = read(text, &variable).unwrap().config.inspect.settings();
    assert_eq!(settings.actions["secret"].request, Some(Allow));
    assert_eq!(settings.actions.len(), 1);
    let quoted = read("[inspect.actions]\n\"own.word\" = \"mask\"\n", &[]).unwrap().config.inspect;
    assert_eq!(quoted.actions.0["own.word"].answer, Some(Mask));
    insta::assert_snapshot!(told_of(&[
        "[inspect.actions]\nsecrte = \"block\"\n",
        "[inspect.actions]\nown.wrod = \"block\"\n",
        "[inspect.actions]\nsecret = \"blok\"\n",
        "[inspect.actions]\nsecret = { request = 1 }\n",
        "[inspect]\nactions = \"mask\"\n",
    ]));
}

#[test]
fn a_text_that_is_no_toml_is_told_with_its_place() {
    insta::assert_snapshot!(told_of(&[
        "[gate\nlisten = \"127.0.0.1:1\"\n",
        "[gate]\nlisten = 127.0.0.1:1\n",
        "[gate]\nlisten = \"127.0.0.1:1\nworkers = 1\n",
        "[gate]\nworkers = 1\nworkers = 2\n",
        "[gate]\n[gate]\n",
    ]));
}

#[test]
fn what_no_key_can_know_alone_is_told() {
    insta::assert_snapshot!(told_of(&[
        "[gate]\nlisten = \"0.0.0.0:4100\"\n",
        "[gate]\nlisten = \"0.0.0.0:4100\"\nplaintext = true\n",
        "[console]\nlisten = \"127.0.0.1:4100\"\n",
        &format!("{PROVIDER}{PROVIDER}"),
        &format!("{PROVIDER}base_url = \"http://models.example.com\"\n"),
        &format!(
            "{PROVIDER}[[role]]\nname = \"support\"\n[[agent]]\nname = \"a\"\nroles = [\"suport\"]\n"
        ),
        &format!("{PROVIDER}[[limit]]\nper = \"agent\"\n"),
        &format!("{PROVIDER}[[limit]]\nper = \"agent\"\nspend_usd = 1\n"),
        &format!("{PROVIDER}[[limit]]\nper = \"agent\"\nonly = \"x\"\nconcurrency = 1\n"),
        &format!("{PROVIDER}[[limit]]\nper = \"provider\"\nonly = \"opena\"\nconcurrency = 1\n"),
        &format!("{PROVIDER}[[limit]]\nper = \"tenant\"\nonly = \"x\"\nconcurrency = 1\n"),
        "[instance]\nname = \"two words\"\n",
    ]));
}

#[test]
fn a_secret_in_clear_is_refused_and_never_shown() {
    let secret = format!("{}-{}", "sk", "abcdefghij0123456789abcdef");
    for text in [
        format!("[[provider]]\nname = \"a\"\nkind = \"openai\"\napi_key = \"{secret}\"\n"),
        format!("[[provider]]\nname = \"a\"\nkind = \"openai\"\napikey = \"{secret}\"\n"),
        format!("[[provider]]\nname = \"a\"\nkind = \"openai\"\napi_key = \"{secret}\n"),
        format!("[[provider]]\nname = \"a\"\nkind = \"openai\"\napi_key = [\"{secret}\"]\n"),
        format!("[gate]\nsecret = \"{secret}\"\n"),
        format!("[[agent]]\nname = \"a\"\nkey = '''{secret}'''\n"),
    ] {
        let told = told(&text, &[]);
        assert!(!told.contains("abcdefghij"), "{told}");
        assert!(told.contains("error"), "{told}");
    }
    insta::assert_snapshot!(told(
        "[[provider]]\nname = \"a\"\nkind = \"openai\"\napi_key = \"hunter2\"\n",
        &[]
    ));
    let debug = format!("{:?}", read(CONTRACT, &[]).unwrap());
    assert!(!debug.contains("k1") && !debug.contains("k2"), "{debug}");
}

#[test]
fn all_errors_are_told_at_once() {
    let text =
        "[gate]\nlisten = 1\nworkerz = 2\n[ledger]\ndurability = \"maybe\"\n[[agent]]\nzone = 5\n";
    let error = read(text, &[("PORTCULLIS_GATE_WORKERS", "x"), ("PORTCULLIS_GATE_LISTN", "y")])
        .unwrap_err();
    insta::assert_snapshot!(error.to_string());
}

#[test]
fn the_environment_wins_over_the_file() {
    let variables = [
        ("PORTCULLIS_GATE_LISTEN", "127.0.0.1:9"),
        ("PORTCULLIS_GATE_WORKERS", "3"),
        ("PORTCULLIS_GATE_LIMITS_REQUEST_BODY", "1MiB"),
        ("PORTCULLIS_CONSOLE_HOSTS", "one.example.com, two.example.com"),
        ("PORTCULLIS_CONSOLE_TLS_CERTIFICATE", "c.pem"),
        ("PORTCULLIS_CONSOLE_TLS_KEY", "k.pem"),
        ("PORTCULLIS_METRICS_ENABLED", "false"),
        ("PORTCULLIS_PROVIDER_0_BASE_URL", "http://127.0.0.1:8"),
        ("PORTCULLIS_PROVIDER_1_NAME", "second"),
        ("PORTCULLIS_PROVIDER_1_KIND", "anthropic"),
        ("PORTCULLIS_PROVIDER_1_API_KEY_ENV", "PORTCULLIS_MY_SECRET"),
        ("PORTCULLIS_PROVIDER_1_MODELS", "[\"claude-*\"]"),
        ("PORTCULLIS_MY_SECRET", "s"),
        ("PORTCULLIS_AGENT_0_KEY", "by-variable"),
    ];
    let Loaded { config, warnings, .. } = read(CONTRACT, &variables).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(config.gate.listen.port(), 9);
    assert_eq!((config.gate.workers, config.gate.limits.request_body.0), (3, 1 << 20));
    assert_eq!(config.console.hosts, ["one.example.com", "two.example.com"]);
    let tls = config.console.tls.as_ref().map(|tls| tls.certificate.as_path());
    assert_eq!(tls, Some(Path::new("c.pem")), "a path of the environment is not the file's");
    assert!(!config.metrics.enabled);
    let names: Vec<_> = config.provider.iter().map(|p| (p.name.as_str(), p.address())).collect();
    assert_eq!(
        names,
        [
            ("openai", "http://127.0.0.1:8".to_owned()),
            ("second", "https://api.anthropic.com".to_owned())
        ]
    );
    assert_eq!(config.provider[1].models[0].0, "claude-*");
    let key = config.agent[0].key.as_ref().and_then(|key| key.secret.as_ref());
    assert_eq!(key.map(|key| key.expose().to_owned()).as_deref(), Some("by-variable"));
}

#[test]
fn a_variable_that_sets_nothing_is_told() {
    insta::assert_snapshot!(told(
        PROVIDER,
        &[
            ("PORTCULLIS_GATE_LISTENS", "x"),
            ("PORTCULLIS_PROVIDER_4_NAME", "x"),
            ("PORTCULLIS_SERVICE_HOST", "10.0.0.1"),
            ("PORTCULLIS_TOKEN", "not a key of the file"),
        ]
    ));
}

#[test]
fn secrets_are_left_alone_where_nobody_needs_them() {
    let text = CONTRACT.replace("OPENAI_API_KEY", "NOT_THERE");
    let source = SourceText { name: "f".into(), text };
    let loaded = parse(source, None, &Environment::default(), Secrets::Leave).unwrap();
    assert!(loaded.config.provider[0].api_key.as_ref().is_some_and(|key| key.secret.is_none()));
}

#[test]
fn without_a_file_the_keys_in_the_environment_make_the_providers() {
    let environment = Environment::from_pairs([("ANTHROPIC_API_KEY", "k")]);
    let source = SourceText { name: "start".into(), text: starter::text(&environment) };
    let config = parse(source, None, &environment, Secrets::Resolve).unwrap().config;
    let names: Vec<_> = config.provider.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["anthropic"]);
    let both = Environment::from_pairs([("ANTHROPIC_API_KEY", "k"), ("OPENAI_API_KEY", "k")]);
    let source = SourceText { name: "start".into(), text: starter::text(&both) };
    assert_eq!(parse(source, None, &both, Secrets::Resolve).unwrap().config.provider.len(), 2);
}

#[test]
fn a_secret_file_is_read_without_its_newline() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let text = format!(
        "[[provider]]\nname = \"a\"\nkind = \"openai\"\napi_key = {{ file = {:?} }}\n",
        path
    );
    std::fs::write(&path, "secret-value\n").unwrap();
    let config = read(&text, &[]).unwrap().config;
    let secret = config.provider[0].api_key.as_ref().and_then(|key| key.secret.as_ref());
    assert_eq!(secret.map(|s| s.expose().to_owned()).as_deref(), Some("secret-value"));
    for bad in ["", "\n", "two\nlines", "b\u{7}l"] {
        std::fs::write(&path, bad).unwrap();
        assert!(read(&text, &[]).is_err(), "{bad:?}");
    }
    std::fs::write(&path, "x".repeat(70_000)).unwrap();
    assert!(read(&text, &[]).is_err());
}

#[test]
fn a_log_in_that_could_not_hold_is_told() {
    let sso = "[people.sso]\nissuer = \"https://login.example.com\"\nclient_id = \"portcullis\"\n";
    assert!(told(sso, &[]).starts_with("accepted"));
    for (text, says) in [
        ("[console]\npublic_url = \"http://portcullis.example.com\"\n", "in clear"),
        ("[console]\npublic_url = \"https://portcullis.example.com/console\"\n", "no path"),
        (&sso.replace("https://", "http://"), "in clear"),
        (&format!("{sso}scopes = [\"email\"]\n"), "no ID token"),
        (&format!("{sso}clock_skew = \"1h\"\n"), "a minute at most"),
        (&format!("{sso}create = true\n"), "no group gives a role"),
        (&format!("{sso}client_secret = \"hunter2\"\n"), "in clear"),
        ("[[people.group]]\nname = \"Staff\"\nroles = [\"root\"]\n", "people.group[0].roles[0]"),
    ] {
        let told = told(text, &[]);
        assert!(told.contains(says), "{text}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}
