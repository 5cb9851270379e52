//! The sections about the running of the process: console, data, policy, ledger, telemetry.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::Tls;
use crate::config::archive_place::ArchivePlace;
use crate::config::declare::{choice, section};
use crate::config::root_key::RootKey;
use crate::config::types::{BaseUrl, ByteSize, WitnessKey};

section! {
    /// What this installation is called.
    Instance {
        /// Names the log: a checkpoint's origin is `NAME/ledger/TENANT`. Change it only before
        /// there is a log, since a log of another name is another log.
        name: String = "portcullis", example "gate.example.com";
    }
}

section! {
    /// The control plane: where administrators connect.
    ///
    /// The Unix socket `admin.sock` in the data folder is always there as well, open to the
    /// owner of that folder alone.
    Console {
        /// Address and port of the admin API. An address that other machines can reach needs
        /// `[console.tls]`, or `plaintext = true` said aloud.
        listen: SocketAddr = "127.0.0.1:4180";
        /// Names by which the console may be called besides its own address, as in the `Host`
        /// header. Others are refused, so that a web page cannot reach it by a name of its own.
        hosts: Vec<String> = ["localhost"], example ["portcullis.example.com"];
        /// The address under which people reach the console, without a path, where that is a proxy's that
        /// ends TLS: one-time links, passkeys, cookies and single sign-on go by it.
        public_url: Option<BaseUrl>, example "https://portcullis.example.com";
        /// Accepts connections without TLS on an address that other machines can reach.
        plaintext: bool = false;
        /// Serves TLS instead of clear text.
        tls: Option<Tls>;
    }
}

section! {
    /// Where everything is kept.
    Data {
        /// The folder of the log, the state and the keys. It is made at the first start, for its
        /// owner alone.
        dir: PathBuf = "portcullis-data", example "/var/lib/portcullis";
        /// The key above all keys that are kept here, those of payloads and of values that were
        /// tokenised: at least 32 characters. Left out, the file `root.key` in the data folder, which
        /// is made at the first start.
        root_key: Option<RootKey>, example { env = "ROOT_KEY" };
        /// The root key before, when it was exchanged: what it wrapped is wrapped by the new one
        /// at the next start. Then it can be taken out here.
        previous_root_key: Option<RootKey>, example { env = "PREVIOUS_ROOT_KEY" };
        /// Where the logs are copied to while they grow, each below the name of its tenant: a folder, or
        /// a bucket of an S3-compatible store. `[archive]` says how.
        archive: Option<ArchivePlace>, example "s3://bucket/prefix";
    }
}

section! {
    /// How long calls wait for people that a policy holds (`@approve` or
    /// `@obligation("four_eyes")`), and how long what they say counts.
    Approvals {
        /// How long a held call waits before it is forgotten.
        wait: Duration = "1d", example "4h";
        /// How long an approved call may still be made, and a refused one stays refused.
        valid: Duration = "1h", example "15m";
    }
}

section! {
    /// Which policies decide.
    Policy {
        /// A folder of `*.cedar` files. Left out, the built-in baseline decides.
        dir: Option<PathBuf>, example "policies";
    }
}

section! {
    /// How the log is kept.
    Ledger {
        /// When an answer may leave: `before-answer` means once its record is on disk,
        /// `interval` means that the last moments before a power cut may be missing.
        durability: Durability = "before-answer";
        /// With `durability = "interval"`: how often the log is written through to disk.
        interval: Duration = "200ms";
        /// How often the log's state is signed, while there is something new.
        checkpoint_every: Duration = "1s";
        /// How large a file of records grows before the next one is begun: what retention drops and
        /// the archive keeps at a time.
        segment_bytes: ByteSize = "16MiB";
        /// How often the log's state is given to the witnesses, while there is something new.
        witness_every: Duration = "10s";
        /// Who cosigns the log's state.
        witness: Vec<Witness>;
    }
}

section! {
    /// A witness of the log: somebody else, who cosigns that it only ever grows (C2SP
    /// tlog-witness). `portcullis witness` runs one. The gate never waits for it.
    Witness {
        /// Where it takes checkpoints: `/add-checkpoint` is added to it.
        url: BaseUrl, example "https://witness.example.com";
        /// Its verifier key, as its operator gives it to you.
        key: WitnessKey, example "witness.example.com/w1+e871213f+BL20ZJ1B82BMx/VtaaApwtlowMfoluSaywc0WsiOfGiV";
    }
}

impl PartialEq for Witness {
    fn eq(&self, other: &Self) -> bool {
        (&self.url, &self.key) == (&other.url, &other.key)
    }
}

choice! {
    /// When an answer may leave the gate.
    Durability, "\"before-answer\" or \"interval\"" {
        BeforeAnswer = "before-answer",
        Interval = "interval",
    }
}

section! {
    /// Logs and traces of the process itself. What agents do is in the ledger, not here.
    Telemetry {
        /// Where traces are sent by OTLP over HTTP. Left out, none are.
        otlp: Option<BaseUrl>, example "http://127.0.0.1:4318";
        /// `auto` is text on a terminal and JSON elsewhere.
        log_format: LogFormat = "auto";
        /// The least severe message that is logged.
        log_level: LogLevel = "info";
    }
}

choice! {
    /// How log lines are written.
    LogFormat, "\"auto\", \"text\" or \"json\"" {
        Auto = "auto",
        Text = "text",
        Json = "json",
    }
}

choice! {
    /// The least severe message that is logged.
    LogLevel, "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"" {
        Error = "error",
        Warn = "warn",
        Info = "info",
        Debug = "debug",
        Trace = "trace",
    }
}

section! {
    /// The self-test: canaries that go through the gate and show that each control does what it is
    /// there for. They reach no provider and no server of yours, count against no limit, and leave one
    /// record when what they show has changed, and one an hour.
    SelfTest {
        /// Whether the gate tests itself while it runs.
        enabled: bool = true;
        /// How often.
        every: Duration = "1m";
    }
}

section! {
    /// Counters for Prometheus, at `/metrics` of the console.
    Metrics {
        /// Whether they are served.
        enabled: bool = true;
    }
}
