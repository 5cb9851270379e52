//! What is kept beside the rows says what the rows say, whatever happens to them.

use model::{AgentName, Containment, Digest, Standing, Subject, TenantId, UserName};
use proptest::prelude::*;
use rusqlite::Connection;

use super::{
    agents, containments, directory, groups, holds, leavers, migrate, persons, tenants, tokens,
    users,
};
use crate::conformance::{agent, at};
use crate::{
    GroupChange, GroupLabel, Hold, Leaving, NewPerson, NewToken, NewUser, Profile,
    ProvisionedChange, Result, Scope, StoredContainment,
};

/// One thing that happens to one of a few people, groups or agents.
#[derive(Clone, Copy, Debug)]
enum Event {
    Add,
    Tell,
    Change(bool),
    Leave,
    Remove,
    Group,
    Members,
    Ungroup,
    Person,
    Unperson,
    Agent,
    Unagent,
    Token,
    Untoken,
    Contain,
    Hold,
    Unhold,
}

fn event() -> impl Strategy<Value = (Event, u8, bool)> {
    let events = [
        Event::Add,
        Event::Tell,
        Event::Change(true),
        Event::Change(false),
        Event::Leave,
        Event::Remove,
        Event::Group,
        Event::Members,
        Event::Ungroup,
        Event::Person,
        Event::Unperson,
        Event::Agent,
        Event::Unagent,
        Event::Token,
        Event::Untoken,
        Event::Contain,
        Event::Hold,
        Event::Unhold,
    ];
    (proptest::sample::select(events.to_vec()), 0..4_u8, any::<bool>())
}

fn profile(number: u8, word: &str) -> Profile {
    Profile {
        name: UserName::new(&format!("U{number}")).unwrap(),
        display: (number > 0).then(|| format!("{word} {number}")),
        email: None,
        external_id: Some(format!("X{number}")),
        more: format!(
            r#"{{"active":true,"name":{{"familyName":"{word}"}},"emails":[{{"value":"A@x"}},{{"value":"b@x","primary":true}}]}}"#
        ),
    }
}

fn happen(tx: &Connection, (event, number, is_other): (Event, u8, bool)) -> Result<()> {
    let tenant = if is_other { TenantId::new("other").unwrap() } else { TenantId::main() };
    let name = UserName::new(&format!("U{number}")).unwrap();
    let bot = AgentName::new(&format!("a{number}")).unwrap();
    let uid = |what: &str| format!("{what}{number}{is_other}");
    let text = format!("n{number}");
    let group = GroupChange {
        label: GroupLabel { name: text.clone(), external_id: None },
        added: vec![uid("u")],
        removed: vec![format!("u{}{is_other}", (number + 1) % 4)],
    };
    let leaving = Leaving { user: name.clone(), hand_over_to: None, by: "hr".to_owned() };
    match event {
        Event::Add => {
            let new = NewUser { uid: uid("u"), name, display: None, email: None };
            users::add(tx, &tenant, &new, &[], at(1)).map(drop)
        }
        Event::Tell => {
            directory::add(tx, &tenant, &uid("u"), &profile(number, "Ann"), number > 1, at(1))
                .map(drop)
        }
        Event::Change(active) => {
            let (profile, by) = (profile(number, "Éva"), "hr".to_owned());
            let change = ProvisionedChange { profile, active, hand_over_to: None, by };
            directory::change(tx, &tenant, &uid("u"), &change, None, at(2)).map(drop)
        }
        Event::Leave => leavers::leave(tx, &tenant, &leaving, at(2)).map(drop),
        Event::Remove => leavers::remove(tx, &tenant, &leaving, None, at(2)).map(drop),
        Event::Group => groups::add(tx, &tenant, &uid("g"), &group, at(1)).map(drop),
        Event::Members => groups::change(tx, &tenant, &uid("g"), &group, None, at(2)).map(drop),
        Event::Ungroup => groups::remove(tx, &tenant, &uid("g"), None).map(drop),
        Event::Person => {
            let new = NewPerson { name, email: None, scopes: Default::default() };
            persons::add(tx, &tenant, &new, at(1)).map(drop)
        }
        Event::Unperson => persons::remove(tx, &tenant, &name, None),
        Event::Agent => agents::add(tx, &tenant, &agent(bot.as_str()), None, at(1)).map(drop),
        Event::Unagent => agents::remove(tx, &tenant, &bot, None).map(drop),
        Event::Token => {
            let (hash, owner) = (Digest::of(uid("t").as_bytes()), Some(name));
            let new = NewToken { hash, name: text, scope: Scope::Read, owner, expires: None };
            tokens::add(tx, &tenant, &new, at(1)).map(drop)
        }
        Event::Untoken => tokens::delete(tx, &tenant, &text),
        Event::Contain => {
            let (subject, standing) = (Subject::Agent(bot), Standing::Suspended);
            let containment = Containment { tenant, subject, standing, reason: text };
            let (who, since) = ("ann".to_owned(), at(1));
            containments::set(tx, StoredContainment { containment, who, since }).map(drop)
        }
        Event::Hold => holds::add(tx, &tenant, &hold(text)),
        Event::Unhold => holds::remove(tx, &tenant, &text),
    }
}

fn hold(name: String) -> Hold {
    Hold { name, subject: None, reason: String::new(), who: String::new(), created: at(1) }
}

fn number(tx: &Connection, sql: &str) -> i64 {
    tx.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Every count that is kept, against the rows.
fn check(tx: &Connection) {
    let mut kept = tx.prepare("SELECT tenant, what, rows FROM row_counts").unwrap();
    let kept = kept.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    for (tenant, what, rows) in kept.map(std::result::Result::unwrap) {
        let (tenant, what, rows): (i64, String, i64) = (tenant, what, rows);
        let (table, condition) = match what.as_str() {
            "users.told" => ("users", "AND is_provisioned"),
            "users.told.active" => ("users", "AND is_provisioned AND active"),
            table => (table, ""),
        };
        let whose = if tenant == tenants::ALL { "1" } else { &format!("tenant = {tenant}") };
        let found = number(tx, &format!("SELECT count(*) FROM {table} WHERE {whose} {condition}"));
        assert_eq!(rows, found, "{what} of {tenant}");
    }
    let wrong = "SELECT count(*) FROM user_groups WHERE members <>
        (SELECT count(*) FROM user_group_members WHERE in_group = user_groups.id)";
    assert_eq!(number(tx, wrong), 0, "members");
}

fn values(tx: &Connection) -> Vec<(i64, String, i64, i64)> {
    let sql = "SELECT field, value, user, place FROM told_values ORDER BY 3, 1, 4, 2";
    let mut statement = tx.prepare(sql).unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap();
    rows.map(std::result::Result::unwrap).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_counted_and_told_is_what_stands_there(
        events in proptest::collection::vec(event(), 1..60)
    ) {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        migrate::run(&mut db, migrate::STATE).unwrap();
        tenants::add(&db, &TenantId::new("other").unwrap()).unwrap();
        for event in events {
            let tx = db.transaction().unwrap();
            // What is refused takes back all of it.
            match happen(&tx, event) {
                Ok(()) => tx.commit().unwrap(),
                Err(_) => drop(tx),
            }
            check(&db);
        }
        let kept = values(&db);
        super::told::renew_all(&db).unwrap();
        prop_assert_eq!(kept, values(&db));
    }
}

#[test]
fn what_was_there_before_is_counted_and_told() {
    let mut db = Connection::open_in_memory().unwrap();
    let at_step =
        |sql: &str| migrate::STATE.iter().position(|step| step.sql.contains(sql)).unwrap();
    let before = &migrate::STATE[..at_step("CREATE TABLE row_counts")];
    migrate::run(&mut db, before).unwrap();
    db.execute_batch(
        "INSERT INTO users (tenant, uid, name, active, created, updated, is_provisioned, profile, display)
            VALUES (1, 'u1', 'Ann', 1, 1, 1, 1, '{\"emails\":[{\"value\":\"A@x\"}]}', 'Éva'),
                (1, 'u2', 'bob', 0, 1, 1, 1, NULL, NULL), (1, 'u3', 'cat', 1, 1, 1, 0, NULL, NULL);
        INSERT INTO user_groups (id, tenant, uid, name, created, updated) VALUES (7, 1, 'g', 'G', 1, 1);
        INSERT INTO user_group_members VALUES (7, 1), (7, 2);",
    )
    .unwrap();
    migrate::run(&mut db, migrate::STATE).unwrap();
    check(&db);
    assert_eq!(number(&db, "SELECT rows FROM row_counts WHERE what = 'users'"), 3);
    assert_eq!(number(&db, "SELECT rows FROM row_counts WHERE what = 'users.told'"), 2);
    let told: Vec<String> = values(&db).into_iter().map(|(_, value, ..)| value).collect();
    assert_eq!(told, ["ann", "éva", "a@x", "bob"]);
}
