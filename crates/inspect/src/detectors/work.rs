//! Credentials of builds, packages, planning and office services.

use super::pattern::{
    ALNUM, DIGIT, HEX, LOWER_NUM, STD64, STD64_PAD, UPPER_NUM, URL64, UUID, between, exactly, take,
    text,
};
use super::{Declaration, bare, keyed, token};
use crate::validators::is_mixed;

pub(super) const ALL: &[Declaration] = &[
    token!(
        gitlab_registration_token,
        "GitLab runner registration tokens",
        ["GR1348941"],
        [exactly(&URL64, 20)],
        "GitLab: token overview"
    ),
    token!(
        gitlab_workspace_token,
        "GitLab workspace and feed tokens",
        ["glwt-", "gltok-"],
        [between(&URL64, 20, 64)],
        "GitLab: token overview"
    ),
    keyed!(
        gitea_token,
        "Gitea and Forgejo tokens",
        ["gitea", "forgejo", "codeberg"],
        [exactly(&HEX, 40)],
        "Gitea: API usage"
    ),
    keyed!(
        github_oauth_secret,
        "GitHub OAuth app secrets",
        ["github_client_secret", "github_secret", "github_oauth", "gh_client_secret"],
        [exactly(&HEX, 40)],
        "GitHub: OAuth apps"
    ),
    token!(
        github_app_token,
        "GitHub app tokens of the older form",
        ["v1."],
        [exactly(&HEX, 40)],
        "GitHub: authentication token formats"
    )
    .keywords(&["github", "ghs", "installation"]),
    token!(
        phabricator_token,
        "Phabricator tokens",
        ["api-", "cli-"],
        [exactly(&LOWER_NUM, 28)],
        "Phabricator: Conduit API"
    )
    .check(|value| value.iter().any(u8::is_ascii_digit)),
    token!(
        sourcegraph_license,
        "Sourcegraph licence tokens",
        ["slk_"],
        [exactly(&HEX, 64)],
        "Sourcegraph: access tokens"
    ),
    token!(
        jetbrains_token,
        "JetBrains permanent tokens",
        ["perm:", "perm-"],
        [
            between(&STD64_PAD, 4, 60),
            text("."),
            between(&STD64_PAD, 4, 60),
            text("."),
            between(&ALNUM, 24, 48)
        ],
        "JetBrains YouTrack: permanent tokens"
    ),
    token!(
        teamcity_token,
        "TeamCity tokens",
        ["eyJ0eXAiOiAiVENWMiJ9."],
        [between(&URL64, 30, 40), text("."), between(&URL64, 40, 56)],
        "TeamCity: access tokens"
    ),
    keyed!(
        jenkins_token,
        "Jenkins tokens",
        ["jenkins"],
        [exactly(&HEX, 34)],
        "Jenkins: API tokens"
    )
    .check(|value| value.starts_with(b"11"))
    .make(|seed| format!("11{}", super::example::Dice::new(seed).run(&HEX, 32))),
    keyed!(
        travis_token,
        "Travis CI tokens",
        ["travis"],
        [exactly(&URL64, 22)],
        "Travis CI: API tokens"
    )
    .check(is_mixed),
    keyed!(
        circleci_old_token,
        "CircleCI tokens of the older form",
        ["circle-token", "circleci", "circle_token"],
        [exactly(&HEX, 40)],
        "CircleCI: API tokens"
    ),
    keyed!(drone_token, "Drone CI tokens", ["drone"], [exactly(&ALNUM, 32)], "Drone: API tokens")
        .check(is_mixed),
    keyed!(codecov_token, "Codecov tokens", ["codecov"], UUID, "Codecov: upload tokens"),
    keyed!(
        coveralls_token,
        "Coveralls tokens",
        ["coveralls"],
        [exactly(&ALNUM, 37)],
        "Coveralls: repository tokens"
    ),
    keyed!(
        codeclimate_id,
        "Code Climate reporter ids",
        ["codeclimate", "code_climate", "cc_test_reporter"],
        [exactly(&HEX, 64)],
        "Code Climate: test reporter"
    ),
    keyed!(bitrise_token, "Bitrise tokens", ["bitrise"], [exactly(&URL64, 86)], "Bitrise: API")
        .check(is_mixed),
    keyed!(
        expo_token,
        "Expo tokens",
        ["expo_token", "expo-token"],
        [exactly(&URL64, 40)],
        "Expo: programmatic access"
    )
    .check(is_mixed),
    keyed!(hex_key, "Hex keys", ["hex_api_key", "hex.pm"], [exactly(&HEX, 32)], "Hex: API keys"),
    keyed!(
        cloudsmith_key,
        "Cloudsmith keys",
        ["cloudsmith"],
        [exactly(&HEX, 40)],
        "Cloudsmith: API keys"
    ),
    token!(
        jfrog_reference_token,
        "JFrog reference tokens",
        ["cmVmdGtu"],
        [exactly(&ALNUM, 56)],
        "JFrog: reference tokens"
    ),
    token!(
        packagist_token,
        "Packagist tokens",
        ["packagist_ort_", "packagist_urt_", "packagist_out_", "packagist_uut_"],
        [exactly(&HEX, 68)],
        "Private Packagist: API"
    ),
    token!(
        octopus_key,
        "Octopus Deploy keys",
        ["API-"],
        [between(&UPPER_NUM, 25, 32)],
        "Octopus Deploy: API keys"
    )
    .check(|value| value.iter().any(u8::is_ascii_digit)),
    keyed!(snyk_token, "Snyk tokens", ["snyk"], UUID, "Snyk: API tokens"),
    keyed!(semgrep_token, "Semgrep tokens", ["semgrep"], [exactly(&HEX, 64)], "Semgrep: tokens"),
    keyed!(
        gitguardian_key,
        "GitGuardian keys",
        ["gitguardian"],
        [exactly(&ALNUM, 72)],
        "GitGuardian: personal access tokens"
    ),
    keyed!(fossa_key, "FOSSA keys", ["fossa"], [exactly(&HEX, 32)], "FOSSA: API keys"),
    token!(
        socket_token,
        "Socket tokens",
        ["sktsec_"],
        [between(&URL64, 40, 64)],
        "Socket: API tokens"
    ),
    token!(pangea_token, "Pangea tokens", ["pts_"], [exactly(&LOWER_NUM, 32)], "Pangea: tokens")
        .check(|value| value.iter().any(u8::is_ascii_digit)),
    token!(
        asana_token,
        "Asana tokens",
        ["0/", "1/"],
        [exactly(&DIGIT, 16), text(":"), exactly(&HEX, 32)],
        "Asana: personal access tokens"
    ),
    token!(
        asana_token_v2,
        "Asana tokens of the newer form",
        ["2/"],
        [between(&DIGIT, 13, 18), text("/"), between(&DIGIT, 13, 18), text(":"), exactly(&HEX, 32)],
        "Asana: personal access tokens"
    ),
    token!(
        clickup_token,
        "ClickUp tokens",
        ["pk_"],
        [between(&DIGIT, 5, 9), text("_"), exactly(&UPPER_NUM, 32)],
        "ClickUp: authentication"
    ),
    token!(
        trello_token,
        "Trello tokens",
        ["ATTA"],
        [exactly(&HEX, 64), exactly(&UPPER_NUM, 8)],
        "Trello: authorization"
    )
    .make(|seed| {
        let mut dice = super::example::Dice::new(seed);
        format!("ATTA{}A{}", dice.run(&HEX, 64), dice.run(&UPPER_NUM, 7))
    }),
    keyed!(trello_key, "Trello keys", ["trello"], [exactly(&HEX, 32)], "Trello: authorization"),
    keyed!(todoist_token, "Todoist tokens", ["todoist"], [exactly(&HEX, 40)], "Todoist: REST API"),
    token!(
        airtable_old_key,
        "Airtable keys of the older form",
        ["key"],
        [exactly(&ALNUM, 14)],
        "Airtable: API keys"
    )
    .keywords(&["airtable"])
    .check(is_mixed)
    .confidence(0.8),
    keyed!(coda_token, "Coda tokens", ["coda_api", "coda.io"], UUID, "Coda: API tokens"),
    keyed!(
        shortcut_token,
        "Shortcut tokens",
        ["shortcut", "clubhouse"],
        UUID,
        "Shortcut: REST API"
    ),
    keyed!(
        smartsheet_token,
        "Smartsheet tokens",
        ["smartsheet"],
        [exactly(&ALNUM, 37)],
        "Smartsheet: authentication"
    )
    .check(is_mixed),
    token!(
        retool_token,
        "Retool tokens",
        ["retool_"],
        [exactly(&LOWER_NUM, 26)],
        "Retool: access tokens"
    ),
    token!(
        zapier_webhook,
        "Zapier webhooks",
        ["hooks.zapier.com/hooks/catch/"],
        [between(&DIGIT, 4, 9), text("/"), between(&LOWER_NUM, 6, 12)],
        "Zapier: webhooks"
    ),
    token!(
        make_webhook,
        "Make webhooks",
        ["hook.eu1.make.com/", "hook.eu2.make.com/", "hook.us1.make.com/", "hook.us2.make.com/"],
        [exactly(&LOWER_NUM, 32)],
        "Make: webhooks"
    ),
    keyed!(hubspot_key, "HubSpot API keys", ["hapikey", "hubspot"], UUID, "HubSpot: API keys"),
    token!(
        salesforce_consumer_key,
        "Salesforce consumer keys",
        ["3MVG9"],
        [between(&URL64, 75, 100)],
        "Salesforce: connected apps"
    ),
    token!(
        salesforce_refresh_token,
        "Salesforce refresh tokens",
        ["5Aep861"],
        [between(&super::pattern::DOTTED, 70, 100)],
        "Salesforce: OAuth tokens"
    ),
    keyed!(
        pipedrive_token,
        "Pipedrive tokens",
        ["pipedrive"],
        [exactly(&HEX, 40)],
        "Pipedrive: API tokens"
    ),
    token!(
        zoho_token,
        "Zoho tokens",
        ["1000."],
        [exactly(&HEX, 32), text("."), exactly(&HEX, 32)],
        "Zoho: OAuth tokens"
    ),
    token!(
        close_key,
        "Close keys",
        ["api_"],
        [exactly(&ALNUM, 22), text("."), exactly(&ALNUM, 22)],
        "Close: API keys"
    ),
    keyed!(docusign_key, "DocuSign keys", ["docusign"], UUID, "DocuSign: integration keys"),
    keyed!(pandadoc_key, "PandaDoc keys", ["pandadoc"], [exactly(&HEX, 40)], "PandaDoc: API keys"),
    keyed!(
        hellosign_key,
        "Dropbox Sign keys",
        ["hellosign", "dropbox_sign"],
        [exactly(&HEX, 64)],
        "Dropbox Sign: API keys"
    ),
    keyed!(
        bamboohr_key,
        "BambooHR keys",
        ["bamboohr", "bamboo"],
        [exactly(&HEX, 40)],
        "BambooHR: API keys"
    ),
    keyed!(
        zendesk_token,
        "Zendesk tokens",
        ["zendesk"],
        [exactly(&ALNUM, 40)],
        "Zendesk: API tokens"
    )
    .check(is_mixed),
    keyed!(
        freshdesk_key,
        "Freshdesk keys",
        ["freshdesk", "freshservice"],
        [exactly(&ALNUM, 20)],
        "Freshdesk: API keys"
    )
    .check(is_mixed),
    token!(
        intercom_token,
        "Intercom tokens",
        ["dG9rO"],
        [between(&STD64_PAD, 50, 70)],
        "Intercom: access tokens"
    ),
    token!(
        gitbook_token,
        "GitBook tokens",
        ["gb_api_"],
        [exactly(&ALNUM, 40)],
        "GitBook: API tokens"
    ),
    token!(
        transifex_token,
        "Transifex tokens",
        ["1/"],
        [exactly(&HEX, 40)],
        "Transifex: API tokens"
    )
    .keywords(&["transifex"]),
    bare!(
        ghost_admin_key,
        "Ghost admin keys",
        [exactly(&HEX, 24), text(":"), exactly(&HEX, 64)],
        "Ghost: admin API"
    )
    .keywords(&["ghost", "admin", "key"]),
    keyed!(
        lokalise_token,
        "Lokalise tokens",
        ["lokalise"],
        [exactly(&HEX, 40)],
        "Lokalise: API tokens"
    ),
    keyed!(
        crowdin_token,
        "Crowdin tokens",
        ["crowdin"],
        [exactly(&HEX, 80)],
        "Crowdin: API tokens"
    ),
    keyed!(phrase_token, "Phrase tokens", ["phrase"], [exactly(&HEX, 64)], "Phrase: API tokens"),
    keyed!(
        webflow_token,
        "Webflow tokens",
        ["webflow"],
        [exactly(&HEX, 64)],
        "Webflow: API tokens"
    ),
    keyed!(
        storyblok_token,
        "Storyblok tokens",
        ["storyblok"],
        [take(&ALNUM, 22), text("tt")],
        "Storyblok: access tokens"
    )
    .make(|seed| format!("{}tt", super::example::Dice::new(seed).run(&ALNUM, 22))),
    keyed!(
        datocms_token,
        "DatoCMS tokens",
        ["datocms", "dato"],
        [exactly(&HEX, 30)],
        "DatoCMS: API tokens"
    ),
    keyed!(strapi_token, "Strapi tokens", ["strapi"], [exactly(&HEX, 256)], "Strapi: API tokens"),
    keyed!(
        sanity_token,
        "Sanity tokens",
        ["sanity"],
        [between(&ALNUM, 80, 190)],
        "Sanity: API tokens"
    )
    .check(|value| value.starts_with(b"sk") && is_mixed(value))
    .make(|seed| format!("sk{}", super::example::Dice::new(seed).run(&ALNUM, 178))),
    keyed!(
        contentful_delivery_token,
        "Contentful delivery tokens",
        ["contentful"],
        [exactly(&URL64, 43)],
        "Contentful: API keys"
    )
    .check(is_mixed),
    token!(
        builder_key,
        "Builder.io private keys",
        ["bpk-"],
        [exactly(&HEX, 32)],
        "Builder.io: API keys"
    ),
    token!(
        wix_key,
        "Wix keys",
        ["IST.eyJ"],
        [
            between(&URL64, 30, 200),
            text("."),
            between(&URL64, 60, 1500),
            text("."),
            between(&URL64, 60, 800)
        ],
        "Wix: API keys"
    ),
    keyed!(jotform_key, "Jotform keys", ["jotform"], [exactly(&HEX, 32)], "Jotform: API keys"),
    token!(
        adobe_secret,
        "Adobe client secrets",
        ["p8e-"],
        [exactly(&URL64, 32)],
        "Adobe: OAuth credentials"
    ),
    keyed!(
        box_secret,
        "Box secrets",
        ["box_client", "boxsdk", "box_secret", "box_developer"],
        [exactly(&ALNUM, 32)],
        "Box: app authentication"
    )
    .check(is_mixed),
    keyed!(
        cloudinary_secret,
        "Cloudinary secrets",
        ["cloudinary"],
        [exactly(&URL64, 27)],
        "Cloudinary: API credentials"
    )
    .check(is_mixed),
    keyed!(gitter_token, "Gitter tokens", ["gitter"], [exactly(&HEX, 40)], "Gitter: REST API"),
    keyed!(
        encoded_basic,
        "user and password of HTTP's Basic scheme",
        ["basic"],
        [between(&STD64, 16, 400)],
        "RFC 7617"
    )
    .check(crate::validators::basic_credentials)
    .make(|seed| {
        let mut dice = super::example::Dice::new(seed);
        let pair = format!("{}:{}", dice.run(&LOWER_NUM, 8), dice.run(&STD64, 16));
        crate::validators::to_std64(pair.as_bytes()).trim_end_matches('=').to_owned()
    }),
];
