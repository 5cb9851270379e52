//! Members whose names say what their values are.

use super::*;

const SSN: &str = "[redacted:pii.us_ssn]";

/// A number that nobody was given, without a word before it.
fn number() -> String {
    ["536", "22", "1234"].concat()
}

fn strict(body: &str) -> String {
    let engine = Engine::compile(&Settings::default().masking_all()).unwrap();
    let scope = Scope::new(&engine, Direction::Request);
    let report = inspect_json(&scope, body.as_bytes(), &Limits::default(), &mut ()).unwrap();
    String::from_utf8(apply(body.as_bytes(), &report.edits)).unwrap()
}

#[test]
fn a_key_says_what_number_its_value_is() {
    let number = number();
    for (body, after) in [
        (format!(r#"{{"ssn":"{number}"}}"#), format!(r#"{{"ssn":"{SSN}"}}"#)),
        (format!(r#"{{"patientSsn": {number}}}"#), format!(r#"{{"patientSsn": "{SSN}"}}"#)),
        (format!(r#"{{"s\u0073n":{number}}}"#), format!(r#"{{"s\u0073n":"{SSN}"}}"#)),
        (
            format!(r#"{{"social_security_number":"\u0035{}"}}"#, &number[1..]),
            format!(r#"{{"social_security_number":"{SSN}"}}"#),
        ),
        (
            format!(r#"{{"ssn":["{number}",{number}],"n":{number}}}"#),
            format!(r#"{{"ssn":["{SSN}","{SSN}"],"n":{number}}}"#),
        ),
        (
            format!(r#"{{"n":{number},"ssn":{number},"m":{number}}}"#),
            format!(r#"{{"n":{number},"ssn":"{SSN}","m":{number}}}"#),
        ),
    ] {
        assert_eq!(strict(&body), after);
    }
}

#[test]
fn in_json_inside_a_string_too() {
    let body = json!({ "arguments": format!(r#"{{"ssn":{}}}"#, number()) }).to_string();
    assert!(strict(&body).contains(SSN), "{}", strict(&body));
}

#[test]
fn other_keys_say_nothing() {
    let number = number();
    for key in ["id", "count", "ssn_updated", "phone_model", "created"] {
        let body = format!(r#"{{"{key}":{number},"b":"{number}"}}"#);
        assert_eq!(strict(&body), body);
    }
    let object = format!(r#"{{"ssn":{{"a":{number}}}}}"#);
    assert_eq!(strict(&object), object, "an object's members have names of their own");
}
