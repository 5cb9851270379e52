//! Pseudonyms of people: resolved by who may, which leaves a record before the name leaves.

use model::{DataSubject, Kind, RecordId, Resource, UserName};
use policy::Thing;
use store::{Field, Filter, Test};

use crate::routes::payloads::record_of;
use crate::{Access, App, Principal, Problem, rules};

/// Whose pseudonym it is; and which record tells that somebody asked.
pub(crate) async fn resolve(
    app: &App,
    who: &Principal,
    pseudonym: &UserName,
) -> Result<(UserName, RecordId), Problem> {
    let name = app.custody.name_of(&who.tenant, pseudonym);
    let name = name.ok_or_else(|| Problem::not_found("pseudonym"))?;
    Ok((name, tell(app, who, pseudonym, "resolve").await?))
}

/// The pseudonym of a person, for whoever knows the name.
pub(crate) async fn find(
    app: &App,
    who: &Principal,
    name: &UserName,
) -> Result<(UserName, RecordId), Problem> {
    let found = pseudonym_of(app, who, name).ok_or_else(|| Problem::not_found("pseudonym"))?;
    let record = tell(app, who, &found, "find").await?;
    Ok((found, record))
}

/// Puts pseudonyms in the place of names in a search, if whoever searches may know whose they are.
pub(crate) async fn in_search(
    app: &App,
    who: &Principal,
    filter: &mut Filter,
) -> Result<(), Problem> {
    let tests = filter.clauses.iter_mut().filter_map(|clause| match &mut clause.test {
        Test::Is(Field::User, values) => Some(values),
        _ => None,
    });
    let values: Vec<&mut String> = tests.flatten().collect();
    let mut found = Vec::new();
    let replacement = |value: &str| {
        let name = UserName::new(value).ok()?;
        pseudonym_of(app, who, &name)
    };
    let person = filter.person.as_ref().and_then(|name| pseudonym_of(app, who, name));
    let is_asked = person.is_some() || values.iter().any(|value| replacement(value).is_some());
    if !is_asked || !may_resolve(app, who) {
        return Ok(());
    }
    for value in values {
        if let Some(pseudonym) = replacement(value) {
            pseudonym.as_str().clone_into(value);
            found.push(pseudonym);
        }
    }
    if let Some(pseudonym) = person {
        filter.person = Some(pseudonym.clone());
        found.push(pseudonym);
    }
    for pseudonym in &found {
        tell(app, who, pseudonym, "search").await?;
    }
    Ok(())
}

/// A person as records of now call them: names of people stand in no record of a change either.
pub(crate) async fn shown(app: &App, who: &Principal, name: &UserName) -> Result<String, Problem> {
    let shown = app.custody.shown(who.tenant.clone(), name.clone()).await?;
    Ok(shown.to_string())
}

fn may_resolve(app: &App, who: &Principal) -> bool {
    rules::rule(app, who, Access::Names, &Thing::default()).verdict.is_permitted
}

fn pseudonym_of(app: &App, who: &Principal, name: &UserName) -> Option<UserName> {
    match app.custody.kept_as(&who.tenant, DataSubject::Person(name.clone())) {
        DataSubject::Person(found) => Some(found).filter(|found| found != name),
        DataSubject::Agent(_) => None,
    }
}

/// The record that somebody tied a name to a pseudonym, which names the pseudonym alone.
async fn tell(
    app: &App,
    who: &Principal,
    pseudonym: &UserName,
    how: &str,
) -> Result<RecordId, Problem> {
    let mut record = record_of(app, who, Kind::NAME_RESOLVE);
    record.resource = Some(Resource { name: pseudonym.to_string(), kind: "person".into() });
    record.detail.insert("how".into(), how.to_owned());
    let id = record.id;
    app.journal.record(record).await?;
    Ok(id)
}
