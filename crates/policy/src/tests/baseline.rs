//! The built-in pack holds to its own tests, and serves a first-minute user.

use model::{Effect, Standing};

use super::{agent, call, provider};
use crate::{Action, Bundle, Grants, Resource, baseline_sources, baseline_tests, testing};

fn baseline(grants: &Grants) -> Bundle {
    Bundle::baseline(grants).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn every_policy_of_the_pack_is_tested_and_every_test_passes() {
    let report = testing::run(&baseline(&Grants::default()), &baseline_tests()).unwrap();
    let failures: Vec<_> = report.results.iter().filter(|result| !result.passed()).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    assert_eq!(report.coverage.untested, []);
    assert!(report.results.len() > 20, "{}", report.results.len());
}

#[test]
fn the_first_agent_works_with_the_built_in_grant() {
    let bundle = baseline(&Grants::everything_to_everyone());
    let (agent, provider) = (agent("first", &[]), provider("openai"));
    let verdict = bundle.decide(&call(&agent, &provider, "gpt-4o"));
    assert_eq!(verdict.effect, Effect::Permit, "{}", verdict.reason);
    let resource = Resource::Provider(&provider);
    let unknown =
        crate::Question { action: Action::UseProvider, resource, ..call(&agent, &provider, "") };
    assert_eq!(bundle.decide(&unknown).effect, Effect::Permit);
    let named =
        baseline(&Grants { roles: vec![super::grant("everyone", &["*"], &["*"])], zones: vec![] });
    assert_eq!(named.decide(&unknown).effect, Effect::Deny, "a role grants no endpoint unasked");
}

#[test]
fn no_grants_permit_no_call() {
    let bundle = baseline(&Grants::default());
    let (agent, provider) = (agent("a", &["support"]), provider("openai"));
    assert_eq!(bundle.decide(&call(&agent, &provider, "gpt-4o")).effect, Effect::Deny);
}

#[test]
fn standing_stops_every_action_of_every_role() {
    let bundle = baseline(&Grants::everything_to_everyone());
    let (provider, server) = (provider("openai"), model::ServerName::new("files").unwrap());
    let (server, name) = (&server, "x");
    let resources = [
        Resource::Provider(&provider),
        Resource::Model { provider: &provider, name },
        Resource::Server(server),
        Resource::Tool { server, name, class: model::Classification::default() },
        Resource::Resource { server, uri: name },
        Resource::Prompt { server, name },
    ];
    let fitting = |action| resources.into_iter().find(|resource| resource.fits(action)).unwrap();
    for standing in [Standing::Suspended, Standing::Quarantined] {
        for action in Action::ALL {
            let agent = model::Agent { standing, ..agent("a", &["platform"]) };
            let resource = fitting(action);
            let question = crate::Question { action, resource, ..call(&agent, &provider, "m") };
            let verdict = bundle.decide(&question);
            assert_eq!(verdict.policies[0].as_str(), "active-agents-only", "{action:?}");
        }
    }
}

#[test]
fn the_version_is_that_of_the_sources() {
    let bundle = baseline(&Grants::default());
    assert_eq!(bundle.version(), baseline(&Grants::everything_to_everyone()).version());
    let fewer = Bundle::compile(&baseline_sources()[1..], &Grants::default()).unwrap();
    assert_ne!(bundle.version(), fewer.version());
}
