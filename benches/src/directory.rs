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
/// How long telling may take in all.
const TELLING: Duration = Duration::from_mins(20);
/// People between two words on how far it is.
const SAID_EVERY: usize = 10_000;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// What directories ask, and how many it is true of.
const QUESTIONS: [(&str, &str, usize); 18] = [
    ("one by name", "filter=userName%20eq%20%22Person-77777@example.com%22", 1),
    ("one by its id there", "filter=externalId%20eq%20%22x-77777%22", 1),
    ("one by address", "filter=emails%20eq%20%22Person-77777@example.com%22", 1),
    (
        "one by address in brackets",
        "filter=emails%5Btype%20ne%20%22home%22%20and%20value%20eq%20%22person-77777@example.com%22%5D",
        1,
    ),
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
    ("by family name", "sortBy=name.familyName&count=100&startIndex=50001", PEOPLE),
    (
        "the start of a family name",
        "filter=name.familyName%20sw%20%22number%2077%22&count=100",
        1_111,
    ),
    ("a part of a name", "filter=displayName%20co%20%2277777%22", 1),
    (
        "a part that all have, the last page",
        "filter=displayName%20co%20%22er%22&startIndex=99901",
        PEOPLE,
    ),
    (
        "changed since, and who may not",
        "filter=active%20eq%20false%20and%20meta.lastModified%20gt%20%222020-01-01T00:00:00Z%22",
        1_000,
    ),
];

/// Lists of the console and of the admin API.
const LISTS: [(&str, &str); 7] = [
    ("people", "/people"),
    ("people, the last page", "/people?page=9999"),
    ("people, by what changed last", "/people?sort=-changed"),
    ("people, by state", "/people?sort=state"),
    ("people, a part of a name", "/people?filter=77777"),
    ("a page of the API", "/api/v1/users?limit=100&cursor=person-50000@example.com"),
    ("one of them", "/people/person-500@example.com"),
];

pub(crate) fn run() -> Result<()> {
    let mock = targets::direct()?;
    let folder = tempfile::tempdir()?;
    targets::write_configuration(folder.path(), &mock.address, Setup::Everything, 1)?;
    let console = Console::start(folder.path())?;
    let token = |scope: &str| {
        console.runtime.block_on(async {
            let new = json!({"name": scope, "scope": scope});
            let made = post(&mut console.operator().await?, "/api/v1/tokens", &new).await?;
            made["token"].as_str().map(str::to_owned).context("a token")
        })
    };
    let (directory, reader) = (token("provision")?, token("read")?);
    tell(&console, &directory)?;
    let question = |(what, question, count): (&'static str, &str, usize)| {
        (what, format!("/scim/v2/Users?{question}"), Some(count))
    };
    ask_all(&console, &directory, &QUESTIONS.map(question))?;
    println!();
    ask_all(&console, &reader, &LISTS.map(|(what, path)| (what, path.to_owned(), None)))?;
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
            let told = first + AT_ONCE;
            if told.is_multiple_of(SAID_EVERY) {
                eprintln!(
                    "told of {told} of {PEOPLE} people in {:.0} s",
                    started.elapsed().as_secs_f64()
                );
            }
            ensure!(started.elapsed() < TELLING, "told of {told} people alone in {TELLING:?}");
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

/// Asks each, and counts what is found where it is known.
fn ask_all(
    console: &Console,
    token: &str,
    questions: &[(&str, String, Option<usize>)],
) -> Result<()> {
    println!(
        "| question | found | median ms | worst ms of {ASKED} | CPU ms |\n| --- | --- | --- | --- | --- |"
    );
    console.runtime.block_on(async {
        let mut sender = console.connect().await?;
        for (what, path, count) in questions {
            let (mut times, before) = (Vec::with_capacity(ASKED), console.cpu());
            for _ in 0..ASKED {
                let asked = Instant::now();
                let found = console.get(&mut sender, token, path).await?;
                times.push(asked.elapsed().as_micros() as u64);
                if let Some(count) = count {
                    let found: Value = serde_json::from_slice(&found)?;
                    let total = &found["totalResults"];
                    ensure!(*total == *count, "{what}: {total} in the place of {count}");
                }
            }
            let cpu = console.cpu().saturating_sub(before).as_secs_f64() * 1e3 / ASKED as f64;
            let [middle, worst] = [0.5, 1.0].map(|at| quantile(&mut times, at) as f64 / 1e3);
            let count = count.map_or(String::new(), |count| count.to_string());
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
