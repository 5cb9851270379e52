//! What a directory of as many people as a tenant may have costs: to tell of all of them by SCIM, and to look
//! through them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hyper::Request;
use serde_json::{Value, json};

use crate::pages::{Console, post, send};
use crate::samples::quantile;
use crate::targets::{self, Setup};

const PEOPLE: usize = 100_000;
/// Told of in one request.
const AT_ONCE: usize = 500;
/// How often each question is asked.
const ASKED: usize = 9;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// What directories ask, and how many it is true of.
const QUESTIONS: [(&str, &str, usize); 13] = [
    ("one by name", "filter=userName%20eq%20%22Person-77777@example.com%22", 1),
    ("one by its id there", "filter=externalId%20eq%20%22x-77777%22", 1),
    ("the first page", "count=100", PEOPLE),
    ("the last page", "count=100&startIndex=99901", PEOPLE),
    ("a page of 1,000", "count=1000&startIndex=50001", PEOPLE),
    ("how many", "count=0", PEOPLE),
    (
        "who may log in, the last page",
        "filter=active%20eq%20true&count=100&startIndex=98901",
        99_000,
    ),
    ("who may not", "filter=active%20eq%20false&count=100", 1_000),
    ("by name, the last page", "sortBy=userName&count=100&startIndex=99901", PEOPLE),
    ("by change, the newest", "sortBy=meta.lastModified&sortOrder=descending&count=100", PEOPLE),
    ("by its id there, backwards", "sortBy=externalId&sortOrder=descending&count=100", PEOPLE),
    ("by family name: all looked at", "sortBy=name.familyName&count=100&startIndex=50001", PEOPLE),
    ("a part of a name: all looked at", "filter=displayName%20co%20%2277777%22", 1),
];

pub(crate) fn run() -> Result<()> {
    let mock = targets::direct()?;
    let folder = tempfile::tempdir()?;
    targets::write_configuration(folder.path(), &mock.address, Setup::Everything, 1)?;
    let console = Console::start(folder.path())?;
    let token = console.runtime.block_on(async {
        let new = json!({"name": "directory", "scope": "provision"});
        let made = post(&mut console.operator().await?, "/api/v1/tokens", &new).await?;
        made["token"].as_str().map(str::to_owned).context("a token")
    })?;
    tell(&console, &token)?;
    look(&console, &token)?;
    println!("\n{:.0} MB of state", size(&folder.path().join("data"))? / 1e6);
    Ok(())
}

fn person(number: usize) -> Value {
    json!({
        "method": "POST", "path": "/Users", "bulkId": number.to_string(),
        "data": {
            "schemas": [USER],
            "userName": format!("person-{number}@example.com"),
            "externalId": format!("x-{number}"),
            "displayName": format!("Person {number}"),
            "name": {"givenName": "Person", "familyName": format!("Number {}", number * 7 % PEOPLE)},
            "emails": [{"value": format!("person-{number}@example.com"), "primary": true}],
            "active": !number.is_multiple_of(100),
        },
    })
}

fn tell(console: &Console, token: &str) -> Result<()> {
    let (started, before) = (Instant::now(), console.cpu());
    let mut worst = Duration::ZERO;
    console.runtime.block_on(async {
        let mut sender = console.connect().await?;
        for first in (0..PEOPLE).step_by(AT_ONCE) {
            let operations: Vec<Value> = (first..first + AT_ONCE).map(person).collect();
            let body = json!({"schemas": [BULK], "Operations": operations});
            let path = "/scim/v2/Bulk";
            let request = Request::post(path)
                .header("host", "localhost")
                .header("authorization", format!("Bearer {token}"));
            let asked = Instant::now();
            let said = send(&mut sender, request, path, &body).await?;
            worst = worst.max(asked.elapsed());
            let mut said = said["Operations"].as_array().context("operations")?.iter();
            let wrong = said.find(|one| one["status"] != "201");
            ensure!(wrong.is_none(), "{wrong:?}");
        }
        anyhow::Ok(())
    })?;
    let (took, cpu) = (started.elapsed().as_secs_f64(), console.cpu().saturating_sub(before));
    println!(
        "told of {PEOPLE} people, {AT_ONCE} at once, in {took:.0} s: {:.0} a second, {:.2} ms of CPU each, the slowest {AT_ONCE} in {:.1} s\n",
        PEOPLE as f64 / took,
        cpu.as_secs_f64() * 1e3 / PEOPLE as f64,
        worst.as_secs_f64()
    );
    Ok(())
}

fn look(console: &Console, token: &str) -> Result<()> {
    println!(
        "| question | found | median ms | worst ms of {ASKED} | CPU ms |\n| --- | --- | --- | --- | --- |"
    );
    console.runtime.block_on(async {
        let mut sender = console.connect().await?;
        for (what, question, count) in QUESTIONS {
            let path = format!("/scim/v2/Users?{question}");
            let (mut times, before) = (Vec::with_capacity(ASKED), console.cpu());
            for _ in 0..ASKED {
                let asked = Instant::now();
                let found = console.get(&mut sender, token, &path).await?;
                times.push(asked.elapsed().as_micros() as u64);
                let found: Value = serde_json::from_slice(&found)?;
                let total = &found["totalResults"];
                ensure!(*total == count, "{what}: {total} in the place of {count}");
            }
            let cpu = console.cpu().saturating_sub(before).as_secs_f64() * 1e3 / ASKED as f64;
            let [middle, worst] = [0.5, 1.0].map(|at| quantile(&mut times, at) as f64 / 1e3);
            println!("| {what} | {count} | {middle:.1} | {worst:.1} | {cpu:.1} |");
        }
        anyhow::Ok(())
    })
}

/// Of the files of a folder, in bytes.
fn size(folder: &Path) -> Result<f64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(folder)? {
        let file = file?.metadata()?;
        bytes += if file.is_file() { file.len() } else { 0 };
    }
    Ok(bytes as f64)
}
