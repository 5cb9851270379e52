//! Follows sessions that are written down: one JSON object a line on standard input, one answer a
//! line for each call.
//!
//! `{"begin":true}`, `{"user":"…"}`, `{"result":…,"source":{…},"arguments":{…}}`,
//! `{"call":{…},"tool":{…}}`, `{"wrote":{…}}`, where `source` and `tool` are declarations and `call` the arguments.

use std::io::{BufRead, Write};

use flow::{Effect, Flow, Session, Source, Tool};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Begin { begin: bool },
    User { user: String },
    Result { result: Value, source: Source, arguments: Value },
    Call { call: Value, tool: Tool },
    Wrote { wrote: Value },
}

fn main() -> std::io::Result<()> {
    let mut session = Session::default();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        match serde_json::from_str(&line?).map_err(std::io::Error::other)? {
            Line::Begin { begin } if begin => session = Session::default(),
            Line::Begin { .. } => {}
            Line::User { user } => session.hear_user(&user),
            Line::Result { result, source, arguments } => {
                let is_asked = session.points(&arguments);
                session.learn_result(&source, is_asked, &result);
            }
            Line::Wrote { wrote } => session.wrote(&wrote),
            Line::Call { call, tool } => {
                writeln!(out, "{}", answer(&mut session, &tool, &call))?;
                out.flush()?;
            }
        }
    }
    Ok(())
}

fn answer(session: &mut Session, tool: &Tool, arguments: &Value) -> Value {
    let flow = Flow::of(session, tool, arguments);
    let moves = matches!(tool.effect, Effect::External | Effect::Destructive);
    let reason = flow.reason(session.labels()).filter(|_| moves);
    let values: Vec<Value> = flow.values.iter().map(|(role, t)| json!([role, t])).collect();
    json!({"held": reason.is_some(), "reason": reason, "labels": session.labels().names(),
        "origins": flow.origins(), "values": values})
}
