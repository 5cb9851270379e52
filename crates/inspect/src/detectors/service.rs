//! Credentials of payment services, shops, offices and other services.

use model::Severity;

use super::pattern::{ALNUM, ANY_HEX, DOTTED, HEX, STD64, URL64, between, exactly, open, text};
use super::{Declaration, token};

pub(super) const ALL: &[Declaration] = &[
    token!(
        stripe_key,
        "Stripe live keys",
        ["sk_live_", "rk_live_"],
        [between(&ALNUM, 24, 247)],
        "Stripe: API keys"
    )
    .severity(Severity::Critical),
    token!(
        stripe_test_key,
        "Stripe test keys",
        ["sk_test_", "rk_test_"],
        [between(&ALNUM, 24, 247)],
        "Stripe: API keys"
    )
    .severity(Severity::Low),
    token!(
        webhook_secret,
        "webhook signing secrets of Stripe, Svix and Clerk",
        ["whsec_"],
        [between(&STD64, 32, 64)],
        "Stripe: webhook signatures"
    ),
    token!(
        shopify_token,
        "Shopify tokens",
        ["shpat_", "shpca_", "shppa_", "shpss_"],
        [exactly(&ANY_HEX, 32)],
        "Shopify: access tokens"
    ),
    token!(
        square_token,
        "Square access tokens",
        ["sq0atp-"],
        [exactly(&URL64, 22)],
        "Square: access tokens"
    ),
    token!(
        square_secret,
        "Square OAuth secrets",
        ["sq0csp-"],
        [exactly(&URL64, 43)],
        "Square: OAuth API"
    ),
    token!(
        square_production_token,
        "Square production tokens",
        ["EAAA"],
        [exactly(&URL64, 60)],
        "Square: access tokens"
    ),
    token!(
        flutterwave_key,
        "Flutterwave secret keys",
        ["FLWSECK-"],
        [exactly(&HEX, 32), text("-X")],
        "Flutterwave: API keys"
    ),
    token!(
        shippo_token,
        "Shippo live tokens",
        ["shippo_live_"],
        [exactly(&HEX, 40)],
        "Shippo: authentication"
    ),
    token!(
        easypost_key,
        "EasyPost keys",
        ["EZAK", "EZTK"],
        [exactly(&ALNUM, 54)],
        "EasyPost: authentication"
    ),
    token!(
        duffel_token,
        "Duffel live tokens",
        ["duffel_live_"],
        [exactly(&URL64, 43)],
        "Duffel: making requests"
    ),
    token!(
        plaid_token,
        "Plaid access tokens",
        ["access-production-", "access-development-"],
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
        "Plaid: token flow"
    ),
    token!(
        airtable_token,
        "Airtable personal access tokens",
        ["pat"],
        [exactly(&ALNUM, 14), text("."), exactly(&HEX, 64)],
        "Airtable: personal access tokens"
    ),
    token!(notion_token, "Notion tokens", ["ntn_"], [exactly(&ALNUM, 46)], "Notion: authorization"),
    token!(
        notion_secret,
        "Notion secrets of the older form",
        ["secret_"],
        [exactly(&ALNUM, 43)],
        "Notion: authorization"
    ),
    token!(
        hubspot_token,
        "HubSpot private app tokens",
        ["pat-na1-", "pat-na2-", "pat-eu1-"],
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
        "HubSpot: private apps"
    ),
    token!(
        typeform_token,
        "Typeform tokens",
        ["tfp_"],
        [between(&DOTTED, 40, 70)],
        "Typeform: personal access tokens"
    ),
    token!(
        contentful_token,
        "Contentful tokens",
        ["CFPAT-"],
        [exactly(&URL64, 43)],
        "Contentful: personal access tokens"
    ),
    token!(
        dropbox_token,
        "Dropbox short-lived tokens",
        ["sl.u.", "sl."],
        [open(&URL64, 130, 2000)],
        "Dropbox: OAuth guide"
    ),
    token!(
        adafruit_key,
        "Adafruit IO keys",
        ["aio_"],
        [between(&ALNUM, 28, 32)],
        "Adafruit IO: API keys"
    ),
    token!(
        frameio_token,
        "Frame.io tokens",
        ["fio-u-"],
        [exactly(&URL64, 64)],
        "Frame.io: developer tokens"
    ),
    token!(
        facebook_token,
        "Meta graph API app tokens",
        ["EAACEdEose0cBA"],
        [between(&ALNUM, 20, 300)],
        "Meta: access tokens"
    ),
];
