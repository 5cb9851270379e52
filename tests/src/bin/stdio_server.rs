//! An MCP server over standard input and output that misbehaves on demand: `stdio_server`.
//!
//! Its one tool, `act`, takes a text that says what to do: `exit`, `hang`, `noise`, `flood`, `news`, `env`,
//! `pid`, `memory`; anything else comes back.

use std::io::{BufRead, Write};

use serde_json::{Value, json};

fn main() {
    eprintln!("ready\u{1b}[2J");
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        let id = &message["id"];
        if id.is_null() || message["method"].is_null() {
            continue;
        }
        let result = match message["method"].as_str() {
            Some("initialize") => json!({
                "protocolVersion": message["params"]["protocolVersion"],
                "capabilities": {"tools": {"listChanged": true}},
                "serverInfo": {"name": "stdio", "version": "1"},
            }),
            Some("tools/list") => json!({"tools": [portcullis_tests::mcp::tool("act")]}),
            Some("tools/call") => match act(&message["params"]) {
                Some(text) => portcullis_tests::mcp::text(&text),
                None => continue,
            },
            _ => json!({}),
        };
        say(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
    }
}

fn say(message: &Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{message}").and_then(|()| out.flush()).ok();
}

/// What was asked for; nothing where nothing is to be answered.
fn act(params: &Value) -> Option<String> {
    match params["arguments"]["text"].as_str().unwrap_or_default() {
        "exit" => std::process::exit(3),
        "hang" => None,
        "noise" => {
            println!("this is no message\n\n{{\"jsonrpc\": \"1.0\"}}");
            Some("noise".into())
        }
        "flood" => {
            let params = json!({"level": "info", "data": "x"});
            let note =
                json!({"jsonrpc": "2.0", "method": "notifications/message", "params": params});
            (0..2_000).for_each(|_| say(&note));
            Some("flood".into())
        }
        "news" => {
            let changed = "notifications/tools/list_changed";
            say(&json!({"jsonrpc": "2.0", "method": changed}));
            Some("news".into())
        }
        "env" => {
            let names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
            Some(names.join(" "))
        }
        "pid" => Some(std::process::id().to_string()),
        "memory" => {
            let mut held: Vec<Vec<u8>> = Vec::new();
            for _ in 0..64 {
                let mut piece = Vec::new();
                if piece.try_reserve_exact(16 << 20).is_err() {
                    return Some("refused".into());
                }
                piece.resize(16 << 20, 1);
                held.push(piece);
            }
            Some(format!("held {}", held.len()))
        }
        text => Some(text.to_owned()),
    }
}
