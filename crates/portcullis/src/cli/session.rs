//! What a command works with: the configuration, and the running instance.

use std::path::PathBuf;

use hyper::Method;
use model::TenantId;
use serde_json::Value;

use super::{Failure, Global};
use crate::client::{Client, ClientError, Target};
use crate::config::{self, Environment, Loaded, Secrets};

/// The socket of a running instance, in its data folder.
pub(super) const SOCKET: &str = "admin.sock";

pub(super) struct Session<'a> {
    pub(super) global: &'a Global,
    pub(super) environment: &'a Environment,
}

impl<'a> Session<'a> {
    pub(super) fn new(global: &'a Global, environment: &'a Environment) -> Self {
        Self { global, environment }
    }

    /// The configuration of the process, with those of all tenants beside it.
    pub(super) fn whole(&self, secrets: Secrets) -> Result<Loaded, Failure> {
        Ok(config::load(self.global.config.as_deref(), self.environment, secrets)?)
    }

    /// The configuration of the tenant that the command is for.
    pub(super) fn config(&self, secrets: Secrets) -> Result<Loaded, Failure> {
        let mut loaded = self.whole(secrets)?;
        let tenant = self.tenant();
        if tenant == TenantId::main() {
            return Ok(loaded);
        }
        match loaded.tenants.iter().find(|one| one.name == tenant) {
            Some(found) => loaded.config = found.config.clone(),
            None => {
                return Err(Failure::Usage(format!(
                    "the configuration names no tenant \"{tenant}\""
                )));
            }
        }
        Ok(loaded)
    }

    /// In which tenant the command acts.
    pub(super) fn tenant(&self) -> TenantId {
        self.global.tenant.clone().unwrap_or_else(TenantId::main)
    }

    /// The folder of the tenant's log.
    pub(super) fn ledger(&self) -> Result<PathBuf, Failure> {
        let data = self.whole(Secrets::Leave)?.config.data.dir;
        Ok(data.join("ledger").join(self.tenant().as_str()))
    }

    fn target(&self) -> Result<Target, Failure> {
        if let Some(url) = &self.global.server {
            if self.global.tenant.is_some() {
                let problem =
                    "--tenant is for the operator at the socket; a token is of its own tenant";
                return Err(Failure::Usage(problem.to_owned()));
            }
            let token = self.environment.get("PORTCULLIS_TOKEN").unwrap_or_default();
            return Ok(Target::parse(url, token)?);
        }
        Ok(Target::Socket { path: self.socket()?, tenant: self.global.tenant.clone() })
    }

    /// The socket of the instance that the configuration speaks of.
    pub(super) fn socket(&self) -> Result<PathBuf, Failure> {
        Ok(self.whole(Secrets::Leave)?.config.data.dir.join(SOCKET))
    }

    /// Asks the running instance.
    pub(super) fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let client = Client::new(self.target()?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::Failed(error.into()))?;
        Ok(runtime.block_on(client.call(method, path, body))?)
    }

    pub(super) fn read(&self, path: &str) -> Result<Value, Failure> {
        self.call(Method::GET, path, None)
    }

    pub(super) fn send(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call(Method::POST, path, Some(body))
    }

    /// All pages of the list that an answer holds as `member`, up to `limit` entries.
    pub(super) fn list(
        &self,
        path: &str,
        member: &str,
        limit: usize,
    ) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        self.pages(path, member, limit, |item| {
            items.push(item.clone());
            Ok(())
        })?;
        Ok(items)
    }

    /// Hands over the entries one by one, a page at a time: for lists too long to hold.
    pub(super) fn pages(
        &self,
        path: &str,
        member: &str,
        limit: usize,
        mut each: impl FnMut(&Value) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut left = limit;
        let mut after: Option<String> = None;
        loop {
            let page = self.read(&with_cursor(path, after.as_deref()))?;
            let Some(items) = page[member].as_array() else {
                return Err(ClientError::Answer("there is no list in it").into());
            };
            for item in items.iter().take(left) {
                each(item)?;
            }
            left = left.saturating_sub(items.len());
            let next = page["next_cursor"].as_str().map(str::to_owned);
            // A cursor that does not move would never end.
            if left == 0 || items.is_empty() || next.is_none() || next == after {
                return Ok(());
            }
            after = next;
        }
    }
}

fn with_cursor(path: &str, cursor: Option<&str>) -> String {
    let Some(cursor) = cursor else { return path.to_owned() };
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}cursor={}", encode(cursor))
}

/// A text as one segment of a path, or as a value of a query (RFC 3986, section 2.1).
pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(encode("team/a b.c"), "team%2Fa%20b.c");
        assert_eq!(encode("é?#"), "%C3%A9%3F%23");
    }
}
