use inspect::Direction;
use serde_json::json;

use super::*;
use crate::llm::parts::parts;

fn task(name: &str) -> Task {
    let agent = AgentName::new("bot").unwrap();
    let session = Some(SessionId::new(name).unwrap());
    Task { tenant: TenantId::main(), agent, person: None, session }
}

fn read(session: &mut Session) {
    session.learn_text(&flow::Source::unknown("web/read"), false, "eve@evil.example");
}

#[test]
fn a_session_is_one_for_all_who_name_it_and_no_other() {
    let sessions = Sessions::default();
    sessions.with(&task("one"), read);
    assert!(sessions.with(&task("one"), |session| session.labels().untrusted));
    assert!(!sessions.with(&task("two"), |session| session.labels().untrusted));
    let other = Task { agent: AgentName::new("other").unwrap(), ..task("one") };
    assert!(!sessions.with(&other, |session| session.labels().untrusted));
    let person = Some(UserName::new("ann@example.com").unwrap());
    let of_a_person = Task { person, ..task("one") };
    assert!(!sessions.with(&of_a_person, |session| session.labels().untrusted));
}

#[test]
fn what_had_to_go_comes_back_for_the_worst() {
    let sessions = Sessions::default();
    sessions.with(&task("one"), read);
    sessions.with(&task("two"), |_| ());
    sessions.lock().make_room(1, usize::MAX);
    assert_eq!(sessions.size().0, 1);
    let labels = sessions.with(&task("one"), |session| session.labels().names());
    assert_eq!(labels, ["untrusted", "confidential"]);
    assert!(!sessions.with(&task("three"), |session| session.labels().untrusted));
}

#[test]
fn what_had_to_go_while_it_heard_something_is_lost_too() {
    let sessions = Sessions::default();
    sessions.with(&task("one"), |session| {
        sessions.lock().make_room(0, 0);
        read(session);
    });
    assert!(sessions.with(&task("one"), |session| session.labels().untrusted));
}

#[test]
fn bytes_are_counted_and_bounded() {
    let sessions = Sessions::default();
    sessions.with(&task("one"), read);
    let (count, bytes) = sessions.size();
    assert!(count == 1 && bytes > 16);
    sessions.lock().make_room(10, bytes - 1);
    assert_eq!(sessions.size(), (0, 0));
}

#[test]
fn a_session_that_began_elsewhere_is_taken_for_the_worst() {
    let sessions = Sessions::default();
    assert!(sessions.resume(&task("one"), |session| session.labels().untrusted));
    sessions.with(&task("two"), |_| ());
    assert!(!sessions.resume(&task("two"), |session| session.labels().untrusted));
}

#[test]
fn clearing_says_what_the_labels_were() {
    let sessions = Sessions::default();
    sessions.with(&task("one"), read);
    let one = task("one");
    let labels = sessions.clear(&one.tenant, &one.agent, None, one.session.as_ref());
    assert!(labels.is_some_and(|labels| labels.untrusted));
    assert!(!sessions.with(&one, |session| session.labels().untrusted));
    assert!(sessions.clear(&one.tenant, &one.agent, None, None).is_none());
}

#[test]
fn a_conversation_tells_who_said_what() {
    let body = json!({"messages": [
        {"role": "system", "content": "Be kind to carl@mail.example"},
        {"role": "user", "content": "Write to anna@mail.example"},
        {"role": "assistant", "content": "I will ask bob@mail.example."},
        {"role": "tool", "tool_call_id": "1", "content": "eve@evil.example says hello"},
    ]});
    let body = body.to_string();
    let hear = |session: &mut Session| {
        let parts = parts(body.as_bytes(), Direction::Request);
        overhear(session, body.as_bytes(), &parts);
    };
    let mut session = Session::default();
    hear(&mut session);
    let origin = |value: &str| session.trace(&json!({"to": value})).first().map(|t| t.origin);
    assert_eq!(origin("anna@mail.example"), Some(flow::Origin::User));
    // Neither what the model said nor what the program tells it speaks for the user.
    assert_eq!(origin("bob@mail.example"), Some(flow::Origin::Unknown));
    assert_eq!(origin("carl@mail.example"), Some(flow::Origin::Unknown));
    assert_eq!(origin("eve@evil.example"), Some(flow::Origin::Untrusted));
    let bytes = session.bytes();
    hear(&mut session);
    assert_eq!(session.bytes(), bytes);
}

#[test]
fn what_was_before_a_restart_keeps_its_labels_and_nothing_else() {
    let sessions = Sessions::default();
    let Task { tenant, agent, session, .. } = task("one");
    let labels = Labels { untrusted: true, ..Labels::default() };
    let before = Before { agent: agent.clone(), person: None, session: session.clone(), labels };
    sessions.darken();
    assert!(sessions.with(&task("early"), |session| session.labels().untrusted));
    sessions.remember(&tenant, [before]);
    let origin = sessions.with(&task("one"), |session| {
        assert_eq!(session.labels().names(), ["untrusted"]);
        session.trace(&json!({"to": "eve@evil.example"})).first().map(|traced| traced.origin)
    });
    assert_eq!(origin, Some(flow::Origin::Forgotten));
    assert!(sessions.with(&task("two"), |session| session.labels().names().is_empty()));
    // A person who looks can take them away all the same.
    let confidential = Labels { confidential: true, ..Labels::default() };
    let before =
        Before { agent, person: None, session: task("three").session, labels: confidential };
    sessions.remember(&tenant, [before]);
    let three = task("three");
    let labels = sessions.clear(&tenant, &three.agent, None, three.session.as_ref());
    assert_eq!(labels.map(|labels| labels.names()), Some(vec!["confidential"]));
    assert!(sessions.with(&three, |session| session.labels().names().is_empty()));
}
