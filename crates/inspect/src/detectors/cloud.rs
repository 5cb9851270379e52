//! Credentials of clouds, hosting, infrastructure and databases.

use model::Severity;

use super::pattern::{
    ALNUM, ANY_HEX, BASE32, DIGIT, DOTTED, HEX, LOWER_NUM, STD64, STD64_PAD, UPPER_NUM, URL64,
    WORD, between, class, exactly, open, take, text,
};
use super::{Class, Declaration, bare, token};
use crate::validators::is_mixed;

/// What Microsoft Entra puts into client secrets.
static ENTRA: Class = class("0-9A-Za-z_.~-");

pub(super) const ALL: &[Declaration] = &[
    token!(
        aws_access_key,
        "AWS access key ids",
        ["AKIA", "ASIA", "ABIA", "ACCA"],
        [exactly(&BASE32, 16)],
        "AWS IAM user guide: unique identifiers"
    ),
    bare!(
        aws_secret_key,
        "AWS secret access keys",
        [exactly(&STD64, 40)],
        "AWS IAM user guide: access keys"
    )
    .severity(Severity::Critical)
    .confidence(0.85)
    .check(is_mixed)
    .keywords(&[
        "aws",
        "secret_key",
        "secretkey",
        "secret key",
        "secret_access",
        "secretaccess",
        "secret access",
    ]),
    token!(
        aws_bedrock_key,
        "Amazon Bedrock API keys",
        ["ABSK"],
        [between(&STD64_PAD, 109, 272)],
        "Amazon Bedrock user guide: API keys"
    ),
    token!(
        aws_mws_token,
        "Amazon marketplace tokens",
        ["amzn.mws."],
        [
            exactly(&HEX, 8),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 12)
        ],
        "Amazon MWS developer guide"
    ),
    token!(
        google_api_key,
        "Google API keys",
        ["AIza"],
        [exactly(&URL64, 35)],
        "Google Cloud: authenticate by using API keys"
    ),
    token!(
        google_oauth_secret,
        "Google OAuth client secrets",
        ["GOCSPX-"],
        [exactly(&URL64, 28)],
        "Google identity: OAuth 2.0 clients"
    ),
    token!(
        google_oauth_token,
        "Google OAuth access tokens",
        ["ya29."],
        [open(&URL64, 40, 1024)],
        "Google identity: OAuth 2.0 tokens"
    ),
    token!(
        google_refresh_token,
        "Google OAuth refresh tokens",
        ["1//0"],
        [between(&URL64, 40, 256)],
        "Google identity: OAuth 2.0 tokens"
    ),
    token!(
        azure_storage_key,
        "Azure storage account keys",
        ["AccountKey="],
        [exactly(&STD64, 86), text("==")],
        "Azure storage: connection strings"
    )
    .severity(Severity::Critical),
    token!(
        azure_access_key,
        "Azure service bus, event hub and IoT keys",
        ["SharedAccessKey="],
        [between(&STD64, 40, 60), text("=")],
        "Azure Service Bus: connection strings"
    ),
    bare!(
        azure_client_secret,
        "Microsoft Entra client secrets",
        [take(&ENTRA, 3), take(&DIGIT, 1), text("Q~"), between(&ENTRA, 31, 34)],
        "Microsoft Entra: application credentials"
    )
    .keywords(&["azure", "secret", "entra", "tenant", "microsoft"]),
    bare!(
        azure_devops_token,
        "Azure DevOps personal access tokens",
        [exactly(&ALNUM, 84)],
        "Azure DevOps: personal access tokens"
    )
    .keywords(&["azure", "devops", "azdo", "vsts"])
    .check(|value| value.get(76..80) == Some(b"AZDO"))
    .make(|seed| {
        let mut dice = super::example::Dice::new(seed);
        format!("{}AZDO{}", dice.run(&ALNUM, 76), dice.run(&ALNUM, 4))
    }),
    token!(
        alibaba_access_key,
        "Alibaba Cloud access key ids",
        ["LTAI5t"],
        [exactly(&ALNUM, 18)],
        "Alibaba Cloud RAM: AccessKey pairs"
    ),
    token!(
        tencent_secret_id,
        "Tencent Cloud secret ids",
        ["AKID"],
        [exactly(&ALNUM, 32)],
        "Tencent Cloud CAM: access keys"
    ),
    token!(
        digitalocean_token,
        "DigitalOcean tokens",
        ["dop_v1_", "doo_v1_", "dor_v1_"],
        [exactly(&HEX, 64)],
        "DigitalOcean API reference: tokens"
    ),
    token!(
        heroku_key,
        "Heroku API keys",
        ["HRKU-"],
        [between(&URL64, 36, 64)],
        "Heroku platform API reference"
    ),
    token!(
        cloudflare_origin_key,
        "Cloudflare origin CA keys",
        ["v1.0-"],
        [exactly(&HEX, 24), text("-"), exactly(&HEX, 146)],
        "Cloudflare API: origin CA keys"
    ),
    bare!(
        cloudflare_token,
        "Cloudflare API tokens",
        [exactly(&URL64, 40)],
        "Cloudflare API: create token"
    )
    .confidence(0.8)
    .check(is_mixed)
    .keywords(&["cloudflare", "cf_api", "cf-api", "cf_token"]),
    token!(
        netlify_token,
        "Netlify tokens",
        ["nfp_", "nfc_", "nfo_", "nfu_"],
        [exactly(&ALNUM, 36)],
        "Netlify API: personal access tokens"
    ),
    token!(
        fly_token,
        "Fly.io tokens",
        ["fm1r_", "fm2_"],
        [open(&STD64, 100, 2000)],
        "Fly.io: access tokens"
    ),
    token!(
        vault_token,
        "HashiCorp Vault tokens",
        ["hvs.", "hvb.", "hvr."],
        [between(&URL64, 24, 512)],
        "HashiCorp Vault: tokens"
    ),
    // Fourteen characters stand before it that name the token; the secret is what follows.
    token!(
        terraform_token,
        "Terraform Cloud tokens",
        ["atlasv1."],
        [between(&URL64, 60, 70)],
        "HCP Terraform: API tokens"
    ),
    token!(
        pulumi_token,
        "Pulumi access tokens",
        ["pul-"],
        [exactly(&HEX, 40)],
        "Pulumi Cloud: access tokens"
    ),
    token!(
        doppler_token,
        "Doppler tokens",
        ["dp.pt.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."],
        [between(&ALNUM, 40, 44)],
        "Doppler: token formats"
    ),
    token!(
        doppler_service_token,
        "Doppler service tokens",
        ["dp.st."],
        [between(&URL64, 2, 35), text("."), between(&ALNUM, 40, 44)],
        "Doppler: token formats"
    ),
    token!(
        onepassword_service_token,
        "1Password service account tokens",
        ["ops_eyJ"],
        [open(&URL64, 250, 2000)],
        "1Password: service accounts"
    )
    .severity(Severity::Critical),
    token!(
        tailscale_key,
        "Tailscale keys",
        ["tskey-auth-", "tskey-api-", "tskey-client-", "tskey-scim-", "tskey-webhook-"],
        [between(&ALNUM, 8, 24), text("-"), between(&ALNUM, 16, 48)],
        "Tailscale: key prefixes"
    ),
    token!(
        planetscale_token,
        "PlanetScale tokens and passwords",
        ["pscale_tkn_", "pscale_pw_", "pscale_oauth_"],
        [between(&DOTTED, 32, 64)],
        "PlanetScale: service tokens"
    ),
    token!(
        supabase_token,
        "Supabase access tokens",
        ["sbp_"],
        [exactly(&HEX, 40)],
        "Supabase: access tokens"
    ),
    token!(
        supabase_secret_key,
        "Supabase secret keys",
        ["sb_secret_"],
        [between(&URL64, 28, 48)],
        "Supabase: API keys"
    ),
    token!(neon_key, "Neon API keys", ["napi_"], [exactly(&LOWER_NUM, 64)], "Neon: API keys"),
    token!(
        databricks_token,
        "Databricks tokens",
        ["dapi"],
        [exactly(&HEX, 32)],
        "Databricks: personal access tokens"
    ),
    token!(
        artifactory_key,
        "Artifactory API keys",
        ["AKCp"],
        [exactly(&ALNUM, 69)],
        "JFrog: API keys"
    ),
    token!(
        dynatrace_token,
        "Dynatrace tokens",
        ["dt0c01.", "dt0s01.", "dt0s16."],
        [exactly(&UPPER_NUM, 24), text("."), exactly(&UPPER_NUM, 64)],
        "Dynatrace: token format"
    ),
    bare!(
        datadog_key,
        "Datadog API and application keys",
        [exactly(&HEX, 32)],
        "Datadog: API keys"
    )
    .confidence(0.8)
    .keywords(&["datadog", "dd_api_key", "dd-api-key", "dd_app_key"]),
    token!(
        grafana_cloud_token,
        "Grafana Cloud tokens",
        ["glc_"],
        [between(&STD64_PAD, 32, 400)],
        "Grafana Cloud: access policies"
    ),
    token!(
        grafana_service_token,
        "Grafana service account tokens",
        ["glsa_"],
        [exactly(&ALNUM, 32), text("_"), exactly(&ANY_HEX, 8)],
        "Grafana: service accounts"
    ),
    token!(
        new_relic_key,
        "New Relic user keys",
        ["NRAK-"],
        [exactly(&UPPER_NUM, 27)],
        "New Relic: API keys"
    ),
    token!(
        new_relic_insert_key,
        "New Relic insert keys",
        ["NRII-"],
        [exactly(&URL64, 32)],
        "New Relic: API keys"
    ),
    token!(
        prefect_key,
        "Prefect API keys",
        ["pnu_", "pnb_"],
        [exactly(&ALNUM, 36)],
        "Prefect: API keys"
    ),
    token!(infracost_key, "Infracost keys", ["ico-"], [exactly(&ALNUM, 32)], "Infracost: API keys"),
    token!(
        postman_key,
        "Postman API keys",
        ["PMAK-"],
        [exactly(&HEX, 24), text("-"), exactly(&HEX, 34)],
        "Postman API: authentication"
    ),
    token!(okta_token, "Okta API tokens", ["00"], [exactly(&URL64, 40)], "Okta: API tokens")
        .confidence(0.8)
        .keywords(&["okta", "ssws"])
        .check(is_mixed),
    token!(
        dockerhub_token,
        "Docker Hub tokens",
        ["dckr_pat_", "dckr_oat_"],
        [between(&URL64, 27, 32)],
        "Docker: access tokens"
    ),
    token!(twilio_key, "Twilio API keys", ["SK"], [exactly(&HEX, 32)], "Twilio: API keys"),
    token!(
        twilio_account,
        "Twilio account ids",
        ["AC"],
        [exactly(&HEX, 32)],
        "Twilio: string identifiers"
    )
    .severity(Severity::Low),
    token!(
        sourcegraph_token,
        "Sourcegraph tokens",
        ["sgp_"],
        [between(&WORD, 40, 62)],
        "Sourcegraph: access tokens"
    ),
];
