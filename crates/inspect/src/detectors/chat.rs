//! Credentials of messengers, mail senders and telephony.

use super::pattern::{
    ALNUM, DIGIT, HEX, LOWER_NUM, UPPER_NUM, URL64, between, class, exactly, text,
};
use super::{Class, Declaration, bare, token};
use crate::validators::{decimal_inside, to_url64};

/// What Slack's tokens are made of.
static SLACK: Class = class("0-9A-Za-z-");

pub(super) const ALL: &[Declaration] = &[
    token!(
        slack_token,
        "Slack bot and user tokens",
        ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-", "xoxo-"],
        [between(&DIGIT, 1, 14), text("-"), between(&SLACK, 20, 256)],
        "Slack: token types"
    ),
    token!(
        slack_rotating_token,
        "Slack rotating tokens",
        ["xoxe.xoxp-", "xoxe.xoxb-"],
        [exactly(&DIGIT, 1), text("-"), between(&ALNUM, 100, 300)],
        "Slack: token rotation"
    ),
    token!(
        slack_app_token,
        "Slack app-level tokens",
        ["xapp-"],
        [
            exactly(&DIGIT, 1),
            text("-"),
            between(&UPPER_NUM, 8, 13),
            text("-"),
            between(&DIGIT, 8, 14),
            text("-"),
            between(&LOWER_NUM, 32, 80)
        ],
        "Slack: token types"
    ),
    token!(
        slack_webhook,
        "Slack incoming webhooks",
        ["hooks.slack.com/services/"],
        [
            between(&UPPER_NUM, 8, 13),
            text("/"),
            between(&UPPER_NUM, 8, 13),
            text("/"),
            exactly(&ALNUM, 24)
        ],
        "Slack: incoming webhooks"
    ),
    token!(
        discord_webhook,
        "Discord webhooks",
        ["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
        [between(&DIGIT, 17, 20), text("/"), between(&URL64, 60, 72)],
        "Discord: webhook resource"
    ),
    token!(
        discord_token,
        "Discord bot tokens",
        ["MD", "MT", "Mj", "Mz", "ND", "NT", "Nj", "Nz", "OD", "OT"],
        [
            between(&ALNUM, 20, 26),
            text("."),
            exactly(&URL64, 6),
            text("."),
            between(&URL64, 27, 40)
        ],
        "Discord: authentication"
    )
    .check(decimal_inside)
    .make(|seed| {
        let mut dice = super::example::Dice::new(seed);
        let id = to_url64(format!("1{}", dice.run(&DIGIT, 17)).as_bytes());
        format!("{id}.{}.{}", dice.run(&URL64, 6), dice.run(&URL64, 38))
    }),
    bare!(
        telegram_token,
        "Telegram bot tokens",
        [between(&DIGIT, 8, 10), text(":AA"), exactly(&URL64, 33)],
        "Telegram bot API: authorizing your bot"
    ),
    token!(
        sendgrid_key,
        "SendGrid keys",
        ["SG."],
        [exactly(&URL64, 22), text("."), exactly(&URL64, 43)],
        "SendGrid: API keys"
    ),
    token!(mailgun_key, "Mailgun keys", ["key-"], [exactly(&HEX, 32)], "Mailgun: authentication"),
    bare!(
        mailgun_signing_key,
        "Mailgun keys of the newer form",
        [exactly(&HEX, 32), text("-"), exactly(&HEX, 8), text("-"), exactly(&HEX, 8)],
        "Mailgun: authentication"
    )
    .keywords(&["mailgun", "mg_api"]),
    bare!(
        mailchimp_key,
        "Mailchimp keys",
        [exactly(&HEX, 32), text("-us"), between(&DIGIT, 1, 2)],
        "Mailchimp: API keys"
    )
    .keywords(&["mailchimp", "chimp", "mc_api"]),
    token!(
        brevo_key,
        "Brevo keys",
        ["xkeysib-", "xsmtpsib-"],
        [exactly(&HEX, 64), text("-"), exactly(&ALNUM, 16)],
        "Brevo: API keys"
    ),
    token!(
        resend_key,
        "Resend keys",
        ["re_"],
        [between(&ALNUM, 7, 10), text("_"), between(&ALNUM, 20, 26)],
        "Resend: API keys"
    ),
    token!(
        mapbox_token,
        "Mapbox secret tokens",
        ["sk.eyJ"],
        [between(&URL64, 40, 250), text("."), exactly(&URL64, 22)],
        "Mapbox: access tokens"
    ),
];
