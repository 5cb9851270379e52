//! An agent that a web page turns against its user, and the transfer that does not happen.

use hyper::Method;
use serde_json::{Value, json};

use crate::demo::agent::Caller;
use crate::demo::setup::SMALL;
use crate::demo::stage::Stage;
use crate::demo::story::Story;
use crate::demo::tools::{LANDLORD, ORDER, STRANGER};
use crate::simulated::agent::{Client, Reply, open_session, rpc};

const AGENT: &str = "assistant-bot";
const SESSION: &str = "moving-house";
const WEB: &str = "/mcp/web";
const BANK: &str = "/mcp/bank";

/// The agent's connections to its two servers.
struct Servers<'a> {
    web: Client<'a>,
    bank: Client<'a>,
}

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> anyhow::Result<()> {
    story.scene(AGENT, "assistant-bot reads a web page that has other plans");
    let caller = stage.caller(AGENT)?;
    let words =
        format!("Pay the rent of 1200 to {LANDLORD}, and read the checklist on moving house.");
    story.show("the user", &words);
    let servers = begin(stage, &caller, &words).await?;
    honest(stage, story, &servers).await?;
    let held = hijacked(stage, story, &servers).await?;
    denied(stage, story, &servers, &held).await
}

/// The user's words go to the model, and the agent opens its tools, all in one session.
async fn begin<'c>(
    stage: &mut Stage,
    caller: &'c Caller,
    words: &str,
) -> anyhow::Result<Servers<'c>> {
    let client = || Client {
        gate: stage.running.addresses.gate,
        key: caller.secret(),
        headers: vec![("portcullis-session", SESSION.to_owned())],
    };
    let chat = json!({"model": SMALL, "messages": [{"role": "user", "content": words}]});
    let (model, mut web, mut bank) = (client(), client(), client());
    let told = model.post("/llm/openai/v1/chat/completions", &chat).await?;
    open_session(&mut web, WEB, AGENT).await?;
    open_session(&mut bank, BANK, AGENT).await?;
    note(stage, &told);
    Ok(Servers { web, bank })
}

async fn honest(
    stage: &mut Stage,
    story: &mut Story<'_>,
    servers: &Servers<'_>,
) -> anyhow::Result<()> {
    let page = json!({"url": "https://moving.example/checklist"});
    let read = call(stage, &servers.web, WEB, "read_page", page).await?;
    let paid = transfer(stage, servers, LANDLORD, 1200).await?;
    story.say(
        "It reads the page, over MCP, and pays the rent. A stranger has written under the article:",
    );
    story.show("the page says", ORDER);
    story.check(
        "the page was read, and the rent went where the user said",
        read.decision == "permit"
            && paid.decision == "permit"
            && stage.tools.transfers() == [LANDLORD],
    );
    Ok(())
}

/// The model does as the page says. What the page is like does not matter to what follows.
async fn hijacked(
    stage: &mut Stage,
    story: &mut Story<'_>,
    servers: &Servers<'_>,
) -> anyhow::Result<Reply> {
    let held = transfer(stage, servers, STRANGER, 4800).await?;
    story.say("The model takes the stranger's note for an order, and calls the bank:");
    story.show("transfer", &format!("4800 to {STRANGER}"));
    story.show("the gate", held.error().split(". ").next().unwrap_or_default());
    story.fact("held", held.error());
    story.check(
        "the transfer waits for a person: where it goes is the page's word, not the user's",
        held.decision == "hold"
            && held.error().contains("`to` comes from untrusted output of web/read_page"),
    );
    story.check("the bank has not heard of it", stage.tools.transfers() == [LANDLORD]);
    Ok(held)
}

/// A person looks, and says no.
async fn denied(
    stage: &mut Stage,
    story: &mut Story<'_>,
    servers: &Servers<'_>,
    held: &Reply,
) -> anyhow::Result<()> {
    let path = format!("/api/v1/approvals/{}", held.record);
    let shown = stage.admin(Method::GET, &path, None).await?;
    story.say("The person who is asked sees who, what exactly, and why:");
    story.command(&format!("portcullis approval show {}", held.record));
    let text = |name: &str| shown[name].as_str().unwrap_or_default().to_owned();
    story.show("agent", &text("agent"));
    story.show("call", &format!("{} {}", text("resource"), text("arguments")));
    story.show("why", &text("reason"));
    story.command(&format!(
        "portcullis approval deny {} --reason \"not our landlord\"",
        held.record
    ));
    let reason = json!({"reason": "not our landlord"});
    stage.admin(Method::POST, &format!("{path}/deny"), Some(&reason)).await?;
    let again = transfer(stage, servers, STRANGER, 4800).await?;
    story.show("the agent gets", again.error());
    story.check(
        "the call is refused for good, and its developer reads why",
        again.decision == "deny" && again.error().contains("not our landlord"),
    );
    story.check("nothing but the rent was ever paid", stage.tools.transfers() == [LANDLORD]);
    let record =
        stage.admin(Method::GET, &format!("/api/v1/records/{}", held.record), None).await?;
    let origins = record.pointer("/record/detail/origins").and_then(Value::as_str);
    story.fact("origins", origins.unwrap_or_default());
    story.check(
        "the record of the held call says where each value came from",
        origins.is_some_and(|origins| origins.contains("decisive:untrusted")),
    );
    Ok(())
}

async fn transfer(
    stage: &mut Stage,
    servers: &Servers<'_>,
    to: &str,
    amount: u32,
) -> anyhow::Result<Reply> {
    let arguments = json!({"to": to, "amount": amount});
    call(stage, &servers.bank, BANK, "transfer", arguments).await
}

async fn call(
    stage: &mut Stage,
    client: &Client<'_>,
    path: &str,
    tool: &str,
    arguments: Value,
) -> anyhow::Result<Reply> {
    let params = json!({"name": tool, "arguments": arguments});
    let reply = rpc(client, path, "tools/call", params).await?;
    note(stage, &reply);
    Ok(reply)
}

fn note(stage: &mut Stage, reply: &Reply) {
    stage.calls.push((AGENT.to_owned(), reply.record.clone(), reply.status));
}
