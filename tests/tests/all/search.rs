//! Searching the log: by what records say, in words of the query language.

use portcullis_tests::{chat, chat_to, gate, upstream};
use serde_json::Value;

use crate::CHAT;

#[tokio::test]
async fn records_are_found_by_what_they_say() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").agent_as("clerk", "clerk").run();
    let bot =
        gate.client("bot").header("portcullis-session", "morning").header("user-agent", "sdk 9");
    for _ in 0..3 {
        bot.post(CHAT, chat("hello")).await.expect(200);
    }
    let refused = gate.client("clerk").post(CHAT, chat("hello")).await.expect(403);
    let count = |query: &str| {
        let said = gate.succeeds(&["ledger", "search", "--count", query]);
        said.trim().parse::<u64>().unwrap()
    };
    for (query, wanted) in [
        ("kind:llm.call agent:bot", 3),
        ("kind:llm.call -agent:bot", 1),
        ("session:morn* http_status:200 input_tokens:>0", 3),
        ("user_agent:\"sdk 9\" effect:permit since:1h", 3),
        ("effect:deny http_status:4xx agent:bot,clerk", 1),
        ("address:127.0.0.1 type:model", 4),
        ("gpt-mock agent:clerk", 1),
        ("agent:nobody", 0),
    ] {
        assert_eq!(count(query), wanted, "{query}");
    }
    let found = gate.succeeds(&["ledger", "search", "--json", "effect:deny", "--", "-agent:bot"]);
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found[0]["record"]["id"], refused.record());
    let top = gate.succeeds(&["ledger", "search", "kind:llm.call", "--top", "agent"]);
    let lines: Vec<Vec<&str>> = top.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines, [["AGENT", "COUNT"], ["bot", "3"], ["clerk", "1"]]);
    let bins = gate.succeeds(&["ledger", "search", "--json", "kind:llm.call", "--histogram"]);
    let bins: Value = serde_json::from_str(&bins).unwrap();
    let sum: u64 = bins["counts"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    assert_eq!(sum, 4);
    let table = gate.succeeds(&["ledger", "export", "kind:llm.call", "--format", "csv"]);
    assert!(
        table.starts_with("time,id,kind,agent,") && table.matches("\r\n").count() == 5,
        "{table}"
    );
    let wrong = gate.portcullis(&["ledger", "search", "agnet:bot"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("there is no field \"agnet\""));
}

#[tokio::test]
async fn the_index_is_made_anew_from_the_log() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("bot").run();
    for _ in 0..5 {
        gate.client("bot").post(CHAT, chat("hello")).await.expect(200);
    }
    let search = || gate.succeeds(&["ledger", "search", "--json", "kind:llm.call"]);
    let before = search();
    let said = gate.succeeds(&["ledger", "reindex"]);
    assert!(said.starts_with("the index holds "), "{said}");
    assert_eq!(search(), before);
    gate.records_with("the record of it", |record| record["detail"]["act"] == "index.rebuild");
}

/// The index is behind the log when the process is killed: what lies between counts once.
#[tokio::test]
async fn limits_count_once_what_the_index_had_not_reached() {
    let upstream = upstream().run();
    let limit = "[[limit]]\nper = \"agent\"\nwindow = \"1d\"\nrequests = 4\n";
    let mut gate = gate().openai(&upstream).agent("bot").sections(limit).run();
    for _ in 0..3 {
        gate.client("bot").post(CHAT, chat_to("gpt-mock", "hello")).await.expect(200);
    }
    gate.kill();
    gate.start();
    // The index catches up, and what it counted is kept at an orderly end.
    assert_eq!(gate.succeeds(&["ledger", "search", "--count", "kind:llm.call"]).trim(), "3");
    gate.succeeds(&["ledger", "reindex"]);
    gate.stop();
    gate.start();
    gate.client("bot").post(CHAT, chat("the fourth")).await.expect(200);
    gate.client("bot").post(CHAT, chat("one too many")).await.expect(429);
}
