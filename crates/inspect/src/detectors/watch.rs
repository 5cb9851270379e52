//! Credentials of monitoring, logging, incident and security services.

use super::pattern::{
    ALNUM, DIGIT, HEX, LOWER_NUM, STD64, STD64_PAD, URL64, UUID, WORD, between, exactly, take, text,
};
use super::{Declaration, bare, keyed, token};
use crate::validators::is_mixed;

pub(super) const ALL: &[Declaration] = &[
    keyed!(
        pagerduty_key,
        "PagerDuty integration keys",
        ["pagerduty", "pager_duty"],
        [exactly(&LOWER_NUM, 32)],
        "PagerDuty: integration keys"
    )
    .check(|value| value.iter().any(u8::is_ascii_digit)),
    token!(
        pagerduty_user_token,
        "PagerDuty user tokens",
        ["u+"],
        [exactly(&URL64, 18)],
        "PagerDuty: API access keys"
    )
    .keywords(&["pagerduty", "pager_duty", "token="])
    .confidence(0.8),
    keyed!(opsgenie_key, "Opsgenie keys", ["opsgenie", "genie_key"], UUID, "Opsgenie: API keys"),
    keyed!(statuspage_key, "Statuspage keys", ["statuspage"], UUID, "Statuspage: API keys"),
    keyed!(
        rollbar_token,
        "Rollbar tokens",
        ["rollbar"],
        [exactly(&HEX, 32)],
        "Rollbar: access tokens"
    ),
    keyed!(bugsnag_key, "Bugsnag keys", ["bugsnag"], [exactly(&HEX, 32)], "Bugsnag: API keys"),
    token!(
        honeybadger_key,
        "Honeybadger keys",
        ["hbp_"],
        [exactly(&ALNUM, 36)],
        "Honeybadger: API keys"
    ),
    keyed!(
        raygun_key,
        "Raygun keys",
        ["raygun"],
        [exactly(&STD64, 22), text("==")],
        "Raygun: API keys"
    ),
    keyed!(
        airbrake_key,
        "Airbrake keys",
        ["airbrake"],
        [exactly(&HEX, 32)],
        "Airbrake: project keys"
    ),
    keyed!(
        logzio_token,
        "Logz.io tokens",
        ["logzio", "logz.io"],
        [exactly(&ALNUM, 32)],
        "Logz.io: shipping tokens"
    )
    .check(is_mixed),
    keyed!(loggly_token, "Loggly tokens", ["loggly"], UUID, "Loggly: customer tokens"),
    keyed!(
        sumologic_key,
        "Sumo Logic keys",
        ["sumo", "sumologic"],
        [exactly(&ALNUM, 64)],
        "Sumo Logic: access keys"
    )
    .check(is_mixed),
    keyed!(
        papertrail_token,
        "Papertrail tokens",
        ["papertrail"],
        [exactly(&ALNUM, 20)],
        "Papertrail: API tokens"
    )
    .check(is_mixed),
    keyed!(
        logtail_token,
        "Better Stack tokens",
        ["logtail", "betterstack", "better_stack"],
        [exactly(&ALNUM, 24)],
        "Better Stack: source tokens"
    )
    .check(is_mixed),
    keyed!(
        splunk_token,
        "Splunk event collector tokens",
        ["splunk", "hec_token"],
        UUID,
        "Splunk: HTTP event collector"
    ),
    keyed!(
        signalfx_token,
        "Splunk Observability tokens",
        ["signalfx", "sfx_token", "sf_token", "x-sf-token"],
        [exactly(&URL64, 22)],
        "Splunk Observability: access tokens"
    )
    .check(is_mixed),
    token!(
        honeycomb_ingest_key,
        "Honeycomb keys",
        ["hcaik_01", "hcxik_01", "hcalk_01", "hcamk_01"],
        [exactly(&LOWER_NUM, 56)],
        "Honeycomb: API keys"
    ),
    keyed!(
        honeycomb_key,
        "Honeycomb keys of the older form",
        ["honeycomb"],
        [between(&ALNUM, 22, 32)],
        "Honeycomb: API keys"
    )
    .check(is_mixed),
    keyed!(
        mezmo_key,
        "Mezmo keys",
        ["logdna", "mezmo"],
        [exactly(&HEX, 32)],
        "Mezmo: ingestion keys"
    ),
    token!(axiom_token, "Axiom tokens", ["xaat-", "xapt-"], UUID, "Axiom: tokens"),
    token!(
        coralogix_key,
        "Coralogix keys",
        ["cxtp_", "cxup_"],
        [exactly(&ALNUM, 30)],
        "Coralogix: API keys"
    ),
    token!(
        grafana_old_key,
        "Grafana keys of the older form",
        ["eyJrIjoi"],
        [between(&STD64_PAD, 60, 400)],
        "Grafana: API keys"
    ),
    token!(
        new_relic_licence_key,
        "New Relic licence keys of the newer form",
        ["NRRA-"],
        [exactly(&HEX, 42)],
        "New Relic: API keys"
    ),
    bare!(
        new_relic_ingest_key,
        "New Relic licence keys",
        [take(&HEX, 36), text("NRAL")],
        "New Relic: API keys"
    )
    .keywords(&["relic", "nr_", "license", "licence", "key"]),
    token!(
        uptimerobot_key,
        "UptimeRobot keys",
        ["u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9", "m7", "m8"],
        [between(&DIGIT, 4, 9), text("-"), exactly(&HEX, 24)],
        "UptimeRobot: API keys"
    ),
    keyed!(
        pingdom_token,
        "Pingdom tokens",
        ["pingdom"],
        [exactly(&URL64, 86)],
        "Pingdom: API tokens"
    )
    .check(is_mixed),
    keyed!(cronitor_key, "Cronitor keys", ["cronitor"], [exactly(&HEX, 32)], "Cronitor: API keys"),
    token!(checkly_key, "Checkly keys", ["cu_"], [exactly(&HEX, 32)], "Checkly: API keys"),
    keyed!(
        lightstep_token,
        "Lightstep tokens",
        ["lightstep"],
        [between(&URL64, 80, 120)],
        "Lightstep: access tokens"
    )
    .check(is_mixed),
    keyed!(
        dynatrace_paas_token,
        "Dynatrace installer tokens",
        ["dynatrace", "dt_api"],
        [exactly(&URL64, 21)],
        "Dynatrace: token format"
    )
    .check(is_mixed),
    keyed!(
        datadog_application_key,
        "Datadog application keys",
        ["datadog", "dd_app_key", "dd_application", "dd-application"],
        [exactly(&HEX, 40)],
        "Datadog: API keys"
    ),
    token!(
        datadog_access_token,
        "Datadog access tokens",
        ["ddapp_", "ddpat_"],
        [between(&ALNUM, 34, 60)],
        "Datadog: access tokens"
    ),
    keyed!(shodan_key, "Shodan keys", ["shodan"], [exactly(&ALNUM, 32)], "Shodan: API keys")
        .check(is_mixed),
    keyed!(
        virustotal_key,
        "VirusTotal keys",
        ["virustotal", "vt_api", "vt_key", "x-apikey"],
        [exactly(&HEX, 64)],
        "VirusTotal: API keys"
    ),
    token!(
        censys_token,
        "Censys tokens",
        ["censys_"],
        [between(&WORD, 24, 64)],
        "Censys: personal access tokens"
    ),
    keyed!(
        hibp_key,
        "Have I Been Pwned keys",
        ["hibp", "haveibeenpwned"],
        [exactly(&HEX, 32)],
        "Have I Been Pwned: API"
    ),
    keyed!(
        greynoise_key,
        "GreyNoise keys",
        ["greynoise"],
        [exactly(&ALNUM, 64)],
        "GreyNoise: API keys"
    )
    .check(is_mixed),
    keyed!(abuseipdb_key, "AbuseIPDB keys", ["abuseipdb"], [exactly(&HEX, 80)], "AbuseIPDB: API"),
    keyed!(
        securitytrails_key,
        "SecurityTrails keys",
        ["securitytrails"],
        [exactly(&ALNUM, 32)],
        "SecurityTrails: API keys"
    )
    .check(is_mixed),
    keyed!(urlscan_key, "urlscan.io keys", ["urlscan"], UUID, "urlscan.io: API keys"),
    keyed!(
        tenable_key,
        "Tenable keys",
        ["tenable", "nessus"],
        [exactly(&HEX, 64)],
        "Tenable: API keys"
    ),
    keyed!(rapid7_key, "Rapid7 keys", ["rapid7", "insightvm"], UUID, "Rapid7: API keys"),
    keyed!(
        crowdstrike_secret,
        "CrowdStrike secrets",
        ["crowdstrike", "falcon_client"],
        [exactly(&ALNUM, 40)],
        "CrowdStrike: API clients"
    )
    .check(is_mixed),
    keyed!(
        auth0_secret,
        "Auth0 secrets",
        ["auth0"],
        [exactly(&URL64, 64)],
        "Auth0: application secrets"
    )
    .check(is_mixed),
    token!(
        stytch_secret,
        "Stytch secrets",
        ["secret-live-", "secret-test-"],
        [exactly(&URL64, 36)],
        "Stytch: API keys"
    ),
    keyed!(
        keycloak_secret,
        "Keycloak client secrets",
        ["keycloak"],
        [exactly(&ALNUM, 32)],
        "Keycloak: client credentials"
    )
    .check(is_mixed),
    keyed!(
        onelogin_secret,
        "OneLogin secrets",
        ["onelogin"],
        [exactly(&HEX, 64)],
        "OneLogin: API credentials"
    ),
    token!(jumpcloud_key, "JumpCloud keys", ["jca_"], [exactly(&ALNUM, 36)], "JumpCloud: API keys"),
    keyed!(
        jumpcloud_old_key,
        "JumpCloud keys of the older form",
        ["jumpcloud"],
        [exactly(&HEX, 40)],
        "JumpCloud: API keys"
    ),
    keyed!(
        okta_client_secret,
        "Okta client secrets",
        ["okta"],
        [exactly(&URL64, 64)],
        "Okta: OAuth"
    )
    .check(is_mixed),
    token!(
        paseto,
        "PASETO tokens",
        [
            "v1.local.",
            "v2.local.",
            "v3.local.",
            "v4.local.",
            "v1.public.",
            "v2.public.",
            "v3.public.",
            "v4.public."
        ],
        [between(&URL64, 60, 2000)],
        "PASETO: protocol versions"
    ),
    token!(
        datadog_rum_token,
        "Datadog client tokens",
        ["pub"],
        [exactly(&HEX, 32)],
        "Datadog: client tokens"
    )
    .severity(model::Severity::Low),
    keyed!(
        appdynamics_key,
        "AppDynamics keys",
        ["appdynamics", "appd_"],
        UUID,
        "AppDynamics: account access keys"
    ),
    keyed!(
        instana_token,
        "Instana tokens",
        ["instana"],
        [exactly(&URL64, 22)],
        "Instana: API tokens"
    )
    .check(is_mixed),
    keyed!(zabbix_token, "Zabbix tokens", ["zabbix"], [exactly(&HEX, 64)], "Zabbix: API tokens"),
];
