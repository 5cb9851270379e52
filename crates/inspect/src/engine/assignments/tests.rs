use crate::document::{Scope, inspect_json};
use crate::json::Limits;
use crate::{Direction, Engine, Match, Settings};

fn engine() -> Engine {
    Engine::compile(&Settings::default()).unwrap()
}

/// The values found, with their kinds.
fn found(text: &str) -> Vec<(String, String)> {
    let engine = engine();
    let mut found: Vec<Match> = Vec::new();
    engine.scan(Direction::Request, text.as_bytes(), &mut found);
    let of = |m: &Match| {
        (engine.detector(m.detector).kind().to_owned(), text[m.range.clone()].to_owned())
    };
    found.iter().map(of).filter(|(kind, _)| kind.starts_with("secret.")).collect()
}

/// A key of letters and digits, made up from pieces.
fn key() -> String {
    ["q9WzK3vT7b", "LmX2RfYc8nPd4G"].concat()
}

#[test]
fn values_are_found_however_they_are_assigned() {
    let key = key();
    for (text, kind, value) in [
        (format!("API_KEY={key}\n"), "secret.generic_key", key.as_str()),
        (format!("export SERVICE_TOKEN='{key}'"), "secret.generic_key", &key),
        (format!("api-key: {key}\n"), "secret.generic_key", &key),
        (format!("\"client_secret\": \"{key}\","), "secret.generic_key", &key),
        (format!("\\\"client_secret\\\": \\\"{key}\\\","), "secret.generic_key", &key),
        (format!("tool --auth-token {key} --force"), "secret.generic_key", &key),
        (format!("GET /x?access_token={key}&page=2"), "secret.generic_key", &key),
        (format!("Authorization: Bearer {key}"), "secret.generic_key", &key),
        (format!("-H 'authorization: token {key}'"), "secret.generic_key", &key),
        (format!("headers={{'Authorization': 'Bearer {key}'}}"), "secret.generic_key", &key),
        (format!("config.secret_key => \"{key}\""), "secret.generic_key", &key),
        (format!("Set-Cookie: sessionid={key}; HttpOnly"), "secret.cookie", &key),
        ("DB_PASSWORD=hunter2!x\n".to_owned(), "secret.password", "hunter2!x"),
        ("  password: Kx8!mq2#vb\n".to_owned(), "secret.password", "Kx8!mq2#vb"),
        ("{\"user\":\"ann\",\"password\":\"hunter2!\"}".to_owned(), "secret.password", "hunter2!"),
        ("mysql --password=s3cur3y -h db".to_owned(), "secret.password", "s3cur3y"),
        (
            "Server=db;Database=x;User Id=sa;Password=Kx8mq2vb;".to_owned(),
            "secret.connection_string",
            "Kx8mq2vb",
        ),
    ] {
        assert_eq!(found(&text), [(kind.to_owned(), value.to_owned())], "{text}");
    }
}

#[test]
fn code_references_labels_and_placeholders_are_left_alone() {
    for text in [
        "password = os.environ[\"DB_PASSWORD1\"]",
        "const token = process.env.API_TOKEN_2;",
        "password: ${DB_PASSWORD_2}",
        "password=\"{{ vault_password1 }}\"",
        "fn login(password: &str, token: Option<String>, secret: [u8; 32])",
        "let token = self.tokens.next_token2();",
        "token = sha256(value1)",
        "api_key: <your-key-1>",
        "PASSWORD=changeme1!",
        "password: \"hunter2\",".trim_end_matches("\"hunter2\","),
        "\"password\": \"Wachtwoord\"",
        "\"password\": {\"type\": \"string\", \"minLength\": 8}",
        "password: ********",
        "PASSWORD=xxxxxxxx1",
        "secret: None, token: null, password = true",
        "if password == \"abc123!x\" {",
        "std::secret::Token2",
        "\"AWS::SecretsManager::Secret\": \"c85175a4ebcce361\"",
        "\"LockToken\": \"q9WzK3vT7bLmX2RfYc8nPd4G\"",
        "--session-id q9WzK3vT7bLmX2RfYc8nPd4G",
        "next_page_token=CAUQAA1x9WzK3vT7bLmX2R",
        "public_key: q9WzK3vT7bLmX2RfYc8nPd4G",
        "token: v1.2.3-alpha.4.generic_name",
        "auth = HTTPBasicAuth('user1', 'x')",
        "secret=projects/my-project-1/secrets/db-name/versions/2",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn a_member_of_a_document_is_a_secret_by_its_name() {
    let engine = engine();
    let scope = Scope::new(&engine, Direction::Request);
    let masked = |body: &str| {
        let limits = Limits::default();
        let report = inspect_json(&scope, body.as_bytes(), &limits, &mut ()).unwrap();
        String::from_utf8(crate::document::apply(body.as_bytes(), &report.edits)).unwrap()
    };
    for (body, wanted) in [
        (r#"{"password": "hunter2!"}"#, r#"{"password": "[redacted:secret.password]"}"#),
        (r#"{"password": "s3cr\"t q9"}"#, r#"{"password": "s3cr\"t q9"}"#),
        (r#"{"dbPassword":"tr0ub\\adour"}"#, r#"{"dbPassword":"[redacted:secret.password]"}"#),
        (
            r#"{"env":[{"name":"DB_PASSWORD","value":"Kx8mq2vb"},{"name":"MODE","value":"Kx8mq2vb"}]}"#,
            r#"{"env":[{"name":"DB_PASSWORD","value":"[redacted:secret.password]"},{"name":"MODE","value":"Kx8mq2vb"}]}"#,
        ),
        (r#"{"password":"Passwort"}"#, r#"{"password":"Passwort"}"#),
    ] {
        assert_eq!(masked(body), wanted, "{body}");
    }
}

/// Text of nothing but names, separators and quotation marks: time grows with its length.
#[test]
fn partial_assignments_for_ever_are_read_in_linear_time() {
    let engine = engine();
    for unit in [
        "password=",
        "token:\"",
        "--token ",
        "=",
        ": ",
        "key='",
        "secret=\\\"",
        "-u a:",
        "authorization: bearer ",
    ] {
        let text = unit.repeat(400_000 / unit.len());
        let mut found = Vec::new();
        engine.scan(Direction::Request, text.as_bytes(), &mut found);
        assert_eq!(found, [], "{unit}");
    }
}

#[test]
fn passwords_are_found_by_their_place_alone() {
    for text in [
        "curl -u admin:Kx8mq2vb https://api.firm.example/",
        "curl -sS --user 'admin:Kx8mq2vb' https://api.firm.example/",
        "curl --proxy-user \"admin:Kx8mq2vb\" https://api.firm.example/",
        "run: \"curl -u \\\"admin:Kx8mq2vb\\\" https://api.firm.example/\"",
        "wget --user admin:Kx8mq2vb",
        "machine api.firm.example login deploy password Kx8mq2vb\n",
        "machine api.firm.example\n  login deploy\n  password Kx8mq2vb\n",
        "db.firm.example:5432:shop:app:Kx8mq2vb\n",
        "*:*:*:postgres:Kx8mq2vb\n",
        "x\\nlocalhost:5433:shop:app:Kx8mq2vb\\n",
    ] {
        assert_eq!(found(text), [("secret.password".to_owned(), "Kx8mq2vb".to_owned())], "{text}");
    }
    for text in [
        "sort -u names:Kx8mq2vb",
        "curl -u admin:$PASS https://api.firm.example/",
        "curl -u admin https://api.firm.example:8443/x1",
        "docker run --user 1000:1000 image:v1.2",
        "chown --user app:staff /srv",
        "src/main.rs:5432:17:error:Kx8mq2vb",
        "main.rs:123:17:error:Kx8mq2vb",
        "the login of the machine, password Kx8mq2vb",
        "machine x login y password $TOKEN1\n",
        "10:2024:12:24:18:30",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn a_name_is_seen_once_it_is_whole_wherever_the_text_is_cut() {
    for text in ["see api_key = x", "run it with --auth-token abc", "password: y"] {
        let seen = |old: usize| super::last_name(text.as_bytes(), old);
        let whole = seen(0);
        assert!(whole.is_some(), "{text}");
        let ends = text.find(['=', ':']).map_or(text.rfind(' ').unwrap(), |at| at + 1);
        assert!((0..=ends).all(|old| seen(old) == whole), "{text}");
    }
    assert_eq!(super::last_name(b"a tale: of two = cities --long ago", 0), None);
}
