//! The demonstration, which is the first thing that a newcomer runs.

use portcullis_tests::gate;
use serde_json::Value;

/// Whatever a developer's environment holds, the demonstration uses none of it.
const FOREIGN: [(&str, &str); 3] = [
    ("OPENAI_API_KEY", "somebody's own"),
    ("PORTCULLIS_CONFIG", "/nonexistent/portcullis.toml"),
    ("PORTCULLIS_GATE_LISTEN", "no address"),
];

/// Runs it with these words; gives its exit status, its output, and what it left behind.
fn demo(words: &[&str]) -> (Option<i32>, String, usize) {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().to_str().unwrap();
    let gate = FOREIGN
        .iter()
        .fold(gate().variable("TMPDIR", path), |gate, (name, value)| gate.variable(name, value));
    let output = gate.prepare().portcullis(&[&["demo", "--exit"], words].concat());
    let left = std::fs::read_dir(temporary.path()).unwrap().count();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), left)
}

#[test]
fn everything_happens_as_told_and_nothing_is_left() {
    let (status, output, left) = demo(&["--json"]);
    assert_eq!((status, left), (Some(0), 0), "{output}");
    let told: Value = serde_json::from_str(&output).unwrap();
    assert_eq!((&told["ok"], &told["failed"]), (&Value::Bool(true), &Value::from(0)));
    let scenes = told["scenes"].as_array().unwrap();
    let names: Vec<_> = scenes.iter().map(|scene| scene["scene"].as_str().unwrap()).collect();
    let all = [
        "support-bot",
        "research-bot",
        "assistant-bot",
        "batch-bot",
        "rogue-bot",
        "stranger",
        "records",
        "controls",
        "log",
    ];
    assert_eq!(names, all);
    assert!(scenes[0]["model_saw"].as_str().unwrap().contains("[redacted:pii.payment_card]"));
    assert!(scenes[1]["agent_got"].as_str().unwrap().contains("[redacted:secret.github_token]"));
    assert!(scenes[1]["chunks_with_secret"].as_u64().unwrap() > 1);
    let held = scenes[2]["held"].as_str().unwrap();
    assert!(held.contains("`to` comes from untrusted output of web/read_page"), "{held}");
    let row =
        scenes[6]["agents"].as_array().unwrap().iter().find(|row| row["agent"] == "rogue-bot");
    assert_eq!(row.unwrap()["cut"], 1);
    let log = &scenes[8];
    assert_eq!(
        (&log["verdict"], &log["tampered"]["verdict"]),
        (&"verified".into(), &"failed".into())
    );
}

#[test]
fn a_reader_is_told_a_story_without_control_characters() {
    let (status, output, left) = demo(&[]);
    assert_eq!((status, left), (Some(0), 0), "{output}");
    assert!(output.contains("checks hold.") && !output.contains("NOT SO"), "{output}");
    let controls = |c: char| c.is_control() && c != '\n';
    assert!(!output.contains(controls), "colour where there is no terminal: {output:?}");
}
