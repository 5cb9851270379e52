//! Probes of tools: pinned descriptions, poisoned ones, and where values come from.

use gate::gate::SELF_TEST;
use model::{AgentName, SessionId, TenantId};
use serde_json::{Value, json};

use super::peer::{CHANGED, LEAKING, PAGE, PLAIN, POISONED, TRANSFER};
use super::probes::{Run, refusal};
use super::report::Outcome;
use super::tenant::NAME;
use crate::simulated::agent::{Client, Reply, open_session, rpc};

const SESSION: &str = "self-test";
const PATH: &str = "/mcp/self-test";
const DEFECT: &str =
    "report this as a defect; until then suspend the servers that you do not trust";

impl Run<'_> {
    /// All of them share one session, as an agent's calls do.
    pub(super) async fn tools(&self) -> Vec<Outcome> {
        match self.open().await {
            Ok(client) => {
                let outcomes = vec![
                    self.changed_tool(&client).await,
                    self.poisoned_tool(&client).await,
                    self.leaking_tool(&client).await,
                    self.flow(&client).await,
                ];
                self.forget();
                outcomes
            }
            Err(error) => ["pinning", "tool_descriptions", "tool_answers", "flow"]
                .map(|control| Outcome::broken(control, format!("{error:#}"), DEFECT))
                .into(),
        }
    }

    /// Opens a session in which the user has named an account, and looks at the tools.
    async fn open(&self) -> anyhow::Result<Client<'_>> {
        let mut client = self.client();
        client.headers.push(("portcullis-session", SESSION.to_owned()));
        let words = format!("Pay the rent to {}, then read the page.", self.canaries.values.own);
        let chat = json!({
            "model": PLAIN, "max_tokens": 64, "messages": [{"role": "user", "content": words}],
        });
        client.post(&format!("/llm/{NAME}/v1/chat/completions"), &chat).await?;
        open_session(&mut client, PATH, NAME).await?;
        rpc(&client, PATH, "tools/list", json!({})).await?;
        Ok(client)
    }

    /// That a tool which says something else than what was agreed cannot be used.
    async fn changed_tool(&self, client: &Client<'_>) -> Outcome {
        self.held_tool(client, "pinning", CHANGED, "a tool that has changed").await
    }

    /// That a tool whose description gives the model orders cannot be used.
    async fn poisoned_tool(&self, client: &Client<'_>) -> Outcome {
        let what = "a tool whose description gives orders";
        self.held_tool(client, "tool_descriptions", POISONED, what).await
    }

    async fn held_tool(
        &self,
        client: &Client<'_>,
        control: &'static str,
        tool: &str,
        what: &str,
    ) -> Outcome {
        let called = call(client, tool, &self.canaries.values.own).await;
        match called {
            Ok(reply) if is_kept_back(&reply) => {
                Outcome::working(control, format!("{what} could not be called"))
            }
            Ok(_) => Outcome::broken(control, format!("{what} could be called"), DEFECT),
            Err(error) => Outcome::broken(control, format!("{error:#}"), DEFECT),
        }
    }

    /// That a credential in what a tool returns does not reach the agent, unless it may.
    async fn leaking_tool(&self, client: &Client<'_>) -> Outcome {
        let reply = call(client, LEAKING, "").await;
        self.canaries.peer.take_seen();
        self.found(&self.leak(), reply).await
    }

    /// That after a stranger's page money goes where the user said, and waits for a person where the
    /// page said.
    async fn flow(&self, client: &Client<'_>) -> Outcome {
        const LAX: &str = "the baseline's flow.cedar holds such calls; add it to your policies";
        let values = &self.canaries.values;
        let tried = async {
            let read = call(client, PAGE, "").await?;
            let strange = call(client, TRANSFER, &values.stranger).await?;
            let own = call(client, TRANSFER, &values.own).await?;
            anyhow::Ok((read, strange, own))
        };
        let (read, strange, own) = match tried.await {
            Ok(replies) => replies,
            Err(error) => return Outcome::broken("flow", format!("{error:#}"), DEFECT),
        };
        if is_kept_back(&read) {
            return Outcome::broken(
                "flow",
                format!("no page could be read: {}", refusal(&read)),
                DEFECT,
            );
        }
        let held = strange.decision == "hold" || strange.decision == "deny";
        match (held, is_kept_back(&own)) {
            (true, false) => Outcome::working(
                "flow",
                "a transfer to where a page said waited for a person; one to where the user said passed",
            ),
            (true, true) => Outcome::working(
                "flow",
                "a transfer to where a page said was kept back; so was one to where the user said",
            ),
            (false, _) if self.is_traced(&strange).await => Outcome::off(
                "flow",
                "a transfer went where a stranger's page said: its origin was known, and no policy holds it",
                LAX,
            ),
            (false, _) => {
                Outcome::broken("flow", "a transfer went where a stranger's page said", DEFECT)
            }
        }
    }

    /// Whether the record says where the value came from: then it is the policies that let it pass.
    async fn is_traced(&self, reply: &Reply) -> bool {
        let record = self.record(reply).await.map(|logged| logged.record).unwrap_or_default();
        let origins = record.pointer("/detail/origins").and_then(Value::as_str);
        origins.is_some_and(|origins| origins.contains("decisive:untrusted"))
    }

    /// The next run begins with a session that has read nothing.
    fn forget(&self) {
        let names = (TenantId::new(SELF_TEST), AgentName::new(NAME), SessionId::new(SESSION));
        if let (Ok(tenant), Ok(agent), Ok(session)) = names {
            self.canaries.books.sessions.clear(&tenant, &agent, None, Some(&session));
        }
    }
}

async fn call(client: &Client<'_>, tool: &str, to: &str) -> anyhow::Result<Reply> {
    rpc(client, PATH, "tools/call", json!({"name": tool, "arguments": {"to": to}})).await
}

/// Whether the server never heard of it.
fn is_kept_back(reply: &Reply) -> bool {
    reply.decision == "deny" || reply.decision == "hold"
}
