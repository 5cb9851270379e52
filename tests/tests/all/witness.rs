//! Witnesses and evidence: what others sign and what leaves the house.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};

use portcullis_tests::{Client, Gate, Upstream, chat, gate, program_in, upstream, wait};

use crate::CHAT;

/// A running witness of a log; killed when dropped.
struct Witness {
    child: Child,
    url: String,
    folder: tempfile::TempDir,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Witness {
    fn run(log: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = program_in(folder.path());
        command.args(["witness", "--listen", "127.0.0.1:0", "--name", "w1.example", "--log", log]);
        command.args(["--data", "witness"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().rsplit(' ').next().unwrap().to_owned();
        Self { child, url, folder }
    }

    fn vkey(&self) -> std::path::PathBuf {
        self.folder.path().join("witness/vkey")
    }
}

/// A gate that has been started once, so that its log has a key.
fn started() -> (Upstream, Gate) {
    let upstream = upstream().run();
    let mut gate = gate().openai(&upstream).agent("bot").run();
    gate.stop();
    (upstream, gate)
}

fn path(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_cosigns_what_the_gate_signs_and_evidence_carries_it() {
    let (_upstream, mut gate) = started();
    let (log, vkey) = (gate.ledger(), gate.ledger().join("vkey"));
    let witness = Witness::run(path(&vkey));
    let key = std::fs::read_to_string(witness.vkey()).unwrap();
    gate.rewrite(|text| {
        format!(
            "{text}\n[ledger]\nwitness_every = \"100ms\"\n[[ledger.witness]]\nurl = \"{}\"\nkey = \"{}\"\n",
            witness.url,
            key.trim()
        )
    });
    gate.start();
    let answer = gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    gate.record(answer.record());
    let cosigned = log.join("cosigned");
    let covered = || {
        let text = std::fs::read_to_string(&cosigned).ok()?;
        let size: u64 = text.rsplit("\n\n").find_map(|part| part.lines().nth(1)?.parse().ok())?;
        (size > 3).then_some(size)
    };
    wait::until("the witness's cosignature", covered);
    let file = gate.folder().join("evidence.tar");
    let witness_key = witness.vkey();
    gate.succeeds(&[
        "ledger",
        "export",
        "--agent",
        "bot",
        "--bundle",
        path(&file),
        "--witness",
        path(&witness_key),
    ]);
    gate.stop();
    for what in [&log, &file] {
        let words = ["ledger", "verify", path(what), "--vkey", path(&vkey), "--witness"];
        let said = gate.succeeds(&[&words[..], &[path(&witness_key)]].concat());
        assert!(said.contains("VERIFIED") && said.contains("w1.example cosigned"), "{said}");
    }
    // A log that the witness has not seen is not what its key vouches for.
    std::fs::remove_file(cosigned).unwrap();
    let words = ["ledger", "verify", path(&log), "--witness", path(&witness_key)];
    assert_eq!(gate.portcullis(&words).status.code(), Some(3));
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let spoiled = gate.portcullis(&["ledger", "verify", path(&file), "--vkey", path(&vkey)]);
    assert_ne!(spoiled.status.code(), Some(0), "{spoiled:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_that_cannot_be_reached_slows_nobody_and_the_witness_answers_as_the_protocol_says()
 {
    let (_upstream, mut gate) = started();
    let vkey = gate.ledger().join("vkey");
    let witness = Witness::run(path(&vkey));
    let key = std::fs::read_to_string(witness.vkey()).unwrap();
    gate.rewrite(|text| {
        let key = key.trim();
        format!("{text}\n[[ledger.witness]]\nurl = \"http://127.0.0.1:9\"\nkey = \"{key}\"\n")
    });
    gate.start();
    gate.client("bot").post(CHAT, chat("x")).await.expect(200);
    let address: SocketAddr = witness.url.trim_start_matches("http://").parse().unwrap();
    let client = Client::new(address);
    let post = async |body: &str| client.post("/add-checkpoint", body.to_owned()).await.status;
    assert_eq!(post("nonsense").await, 400);
    let note = std::fs::read_to_string(gate.ledger().join("checkpoint")).unwrap();
    assert_eq!(post(&format!("old 0\n\n{note}")).await, 200);
    assert_eq!(post(&format!("old 1\n\n{note}")).await, 409);
    let other = note.replacen("ledger/main", "ledger/other", 2);
    assert_eq!(post(&format!("old 0\n\n{other}")).await, 404);
    assert_eq!(client.get("/").await.status, 404);
}
