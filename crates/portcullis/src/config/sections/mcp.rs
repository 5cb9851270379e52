//! `[[mcp]]`: servers of tools.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use model::ServerName;

use super::{Fail, Person, Uninspectable};
use crate::config::credential::Credential;
use crate::config::declare::{choice, section};
use crate::config::types::{BaseUrl, ByteSize, HeaderName, Pattern};

section! {
    /// An MCP server.
    Mcp {
        /// Its name, which is also its path: agents reach it at `/mcp/NAME`.
        name: ServerName, example "files";
        /// Where it is: the address of its endpoint, for streamable HTTP. Give this or `command`.
        url: Option<BaseUrl>, example "https://tools.example.com/mcp";
        /// What starts it: the program and its arguments, for a server that speaks over standard
        /// input and output. Each session of an agent gets a process of its own.
        command: Vec<String> = [], example ["npx", "-y", "some-server"];
        /// Variables of its environment. Besides these it gets `PATH` and nothing of the gate's own.
        variable: Vec<Variable>;
        /// What a process of it may use.
        limits: ProcessLimits;
        /// The token that the gate presents to it. Agents never see it.
        token: Option<Credential>, example { env = "FILES_TOKEN" };
        /// Further headers that it wants from the gate.
        header: Vec<Header>;
        /// When the description of a tool is agreed to: `first-sight`, or `review` by a person. Any
        /// later change holds the tool either way: `portcullis tool`.
        pin: Pin = "first-sight";
        /// What the annotations of its tools count for: they `seed` what is known of a tool where
        /// no `tool` below says it, or are `ignore`d. They are claims of the server.
        annotations: Annotations = "seed";
        /// What is known of its tools. The first that matches counts; what nobody says is taken to
        /// be `destructive`, `untrusted` and `confidential`.
        tool: Vec<Tool>;
        /// Whether a call must say for which person it is.
        person: Person = "optional";
        /// What becomes of calls where a part of the gate fails.
        fail: Fail;
        /// What happens to images and other blobs in what it returns. Either way they are recorded.
        uninspectable: Uninspectable = "pass";
        /// Authorities, PEM, that sign its certificate, instead of those of the system.
        ca: Option<PathBuf>, example "tls/internal-ca.pem";
        /// How long the gate waits for it.
        timeouts: McpTimeouts;
    }
}

section! {
    /// A header that goes along with each request to a server.
    Header {
        /// Its name.
        name: HeaderName, example "x-api-key";
        /// Its value.
        value: Credential, example { env = "FILES_KEY" };
    }
}

section! {
    /// A variable in the environment of a server that the gate starts.
    Variable {
        /// Its name.
        name: String, example "API_KEY";
        /// Its value.
        value: Credential, example { env = "FILES_KEY" };
    }
}

section! {
    /// What a process of a server that the gate starts may use.
    ProcessLimits {
        /// Memory of its own.
        memory: ByteSize = "2GiB";
        /// Processor time in all.
        cpu: Duration = "1h";
        /// Open files and connections.
        files: NonZeroU32 = 256;
        /// Processes of this server at once, one for each session.
        processes: NonZeroU32 = 64;
        /// How long a process may lie idle before it is ended.
        idle: Duration = "30m";
    }
}

section! {
    /// What is known of some tools of a server.
    Tool {
        /// The tools, by name or pattern.
        name: Pattern, example "read_*";
        /// What a call does: `read` changes nothing, `write` changes what is the caller's own,
        /// `external` sends something to somebody else, `destructive` cannot be undone.
        effect: Option<Effect>, example "read";
        /// Whether what it returns may hold a stranger's words.
        integrity: Option<Integrity>, example "trusted";
        /// Who may know what it returns.
        confidentiality: Option<Confidentiality>, example "internal";
        /// Scopes that must all have been delegated to whoever calls. An agent that acts for nobody
        /// has none. A client that lacks one is told which, so that it can ask for it.
        scopes: Vec<String> = [], example ["mail.send"];
        /// Arguments that say who receives, where it goes, what opens a door. `*` is every argument
        /// that `object` and `guided` do not name. Names inside an argument are joined by points.
        decisive: Vec<String> = ["*"], example ["recipient"];
        /// Arguments that say which thing is acted on, such as the file that is shared.
        object: Vec<String> = [], example ["file_id"];
        /// Arguments that may be read from a document that the user pointed at.
        guided: Vec<String> = [], example ["amount"];
        /// Destinations that confidential data may go to: values, or `*` and how they end.
        cleared: Vec<String> = [], example ["*@example.com"];
        /// Hosts that what is written to others may link to, whoever gave the link: names, `*.` and how
        /// they end, or `*` for all. Any other link is a destination that the user must have given.
        links: Vec<String> = [], example ["*.example.com"];
        /// What the ids in `object` stand for. Only tools that return such ids can give them.
        acts_on: Option<String>, example "file";
        /// What the ids in what it returns stand for.
        returns: Option<String>, example "file";
        /// Parts of what it returns that no stranger writes, by the names of their members.
        trusted: Vec<String> = [], example ["id", "amount"];
        /// Parts of what it returns that are as good as trusted in a record that the user named.
        named: Vec<String> = [], example ["participants"];
        /// Parts of what it returns that are trusted only in records of one sort.
        when: Vec<When>;
    }
}

section! {
    /// Parts of a record that are trusted where another part of it says so, such as those whom a mail
    /// went to, in a mail that the user sent.
    When {
        /// The part that says so, which must itself be among `trusted`.
        member: String, example "status";
        /// What it must be, letter by letter.
        is: String, example "sent";
        /// What is trusted then, beside it; names further inside are joined by points.
        trusted: Vec<String> = [], example ["recipients"];
    }
}

section! {
    /// How long the gate waits for an MCP server.
    McpTimeouts {
        /// For a connection, with its TLS.
        connect: Duration = "5s";
        /// From the request sent to the first byte of the answer.
        first_byte: Duration = "5m";
        /// Between two pieces of an answer.
        idle: Duration = "5m";
        /// For the whole answer.
        total: Duration = "30m";
    }
}

impl Mcp {
    /// Where it is, or what starts it.
    pub fn address(&self) -> String {
        match &self.url {
            Some(url) => url.to_string(),
            None => self.command.join(" "),
        }
    }
}

choice! {
    /// When the description of a tool is agreed to.
    Pin, "\"first-sight\" or \"review\"" {
        FirstSight = "first-sight",
        Review = "review",
    }
}

choice! {
    /// What annotations count for.
    Annotations, "\"seed\" or \"ignore\"" {
        Seed = "seed",
        Ignore = "ignore",
    }
}

choice! {
    /// What a call of a tool does.
    Effect, "\"read\", \"write\", \"external\" or \"destructive\"" {
        Read = "read",
        Write = "write",
        External = "external",
        Destructive = "destructive",
    }
}

choice! {
    /// Whether what a tool returns may hold a stranger's words.
    Integrity, "\"trusted\" or \"untrusted\"" {
        Trusted = "trusted",
        Untrusted = "untrusted",
    }
}

choice! {
    /// Who may know what a tool returns.
    Confidentiality, "\"public\", \"internal\" or \"confidential\"" {
        Public = "public",
        Internal = "internal",
        Confidential = "confidential",
    }
}
