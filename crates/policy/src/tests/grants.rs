//! Grants and zones as data.

use model::Effect;

use super::{agent, call, grant, policy, provider};
use crate::{Bundle, Grants, MAX_PATTERNS, Source};

#[test]
fn configuration_reads_roles_and_zones() {
    let text = r#"
        [[role]]
        name = "support"
        providers = ["openai"]

        [[zone]]
        name = "test"
        providers = ["sim"]
        models = ["small"]
    "#;
    let grants: Grants = toml::from_str(text).unwrap();
    assert_eq!(grants.roles[0].models[0].as_str(), "*");
    assert!(grants.roles[0].endpoints.is_empty());
    assert_eq!(grants.zones[0].models[0].as_str(), "small");
    for bad in
        ["[[role]]\nname = \"a\"\nprovider = [\"x\"]", "[[role]]\nname = \"a\"\nproviders = [\"\"]"]
    {
        assert!(toml::from_str::<Grants>(bad).is_err(), "{bad}");
    }
}

#[test]
fn several_entries_of_a_role_add_up_but_do_not_mix() {
    let roles = vec![grant("r", &["a"], &["x"]), grant("r", &["b"], &["y"])];
    let bundle = Bundle::baseline(&Grants { roles, zones: Vec::new() }).unwrap();
    let agent = agent("n", &["r"]);
    for (name, model, effect) in [
        ("a", "x", Effect::Permit),
        ("b", "y", Effect::Permit),
        ("a", "y", Effect::Deny),
        ("b", "x", Effect::Deny),
    ] {
        let verdict = bundle.decide(&call(&agent, &provider(name), model));
        assert_eq!(verdict.effect, effect, "{name}/{model}");
    }
}

/// A forbid over another role's grant must bind agents that do not hold the role.
#[test]
fn a_policy_may_name_the_grant_of_a_role_that_the_agent_lacks() {
    let text = policy("all", "permit (principal, action, resource);")
        + &policy(
            "restricted",
            "forbid (principal, action, resource in Grant::\"restricted\") \
             unless { principal in Role::\"restricted\" };",
        )
        + &policy(
            "lab-only",
            "forbid (principal, action, resource) when { resource in [Zone::\"lab\"] };",
        );
    let zone = crate::ZoneReach {
        zone: model::ZoneName::new("lab").unwrap(),
        providers: vec!["lab".parse().unwrap()],
        models: vec!["*".parse().unwrap()],
        servers: Vec::new(),
    };
    let grants = Grants { roles: vec![grant("restricted", &["p"], &["big"])], zones: vec![zone] };
    let bundle = Bundle::compile(&[Source::new("p", text)], &grants).unwrap();
    let (outside, inside) = (agent("a", &[]), agent("b", &["restricted"]));
    let asked = |agent, name, model| bundle.decide(&call(agent, &provider(name), model)).effect;
    assert_eq!(asked(&outside, "p", "big"), Effect::Deny);
    assert_eq!(asked(&outside, "p", "small"), Effect::Permit);
    assert_eq!(asked(&inside, "p", "big"), Effect::Permit);
    assert_eq!(asked(&inside, "lab", "m"), Effect::Deny);
}

#[test]
fn grants_are_bounded() {
    let models: Vec<String> = (0..=MAX_PATTERNS).map(|n| format!("m{n}")).collect();
    let models: Vec<&str> = models.iter().map(String::as_str).collect();
    let grants = Grants { roles: vec![grant("r", &["*"], &models)], zones: Vec::new() };
    let problems = Bundle::baseline(&grants).unwrap_err();
    assert!(problems[0].message.contains("patterns"), "{problems:?}");
}

#[test]
fn the_same_policies_can_stand_on_other_grants() {
    let bundle = Bundle::baseline(&Grants::default()).unwrap();
    let open = bundle.with_grants(&Grants::everything_to_everyone()).unwrap();
    let (agent, provider) = (agent("a", &[]), provider("p"));
    let question = call(&agent, &provider, "m");
    assert_eq!(bundle.decide(&question).effect, Effect::Deny);
    assert_eq!(open.decide(&question).effect, Effect::Permit);
    assert_eq!(bundle.version(), open.version());
}
