//! Credentials of mail senders, telephony, push services and social networks.

use model::Severity;

use super::pattern::{
    ALNUM, DIGIT, HEX, LOWER_NUM, STD64, STD64_PAD, UPPER_NUM, URL64, UUID, between, class,
    exactly, text,
};
use super::{Class, Declaration, keyed, token};
use crate::validators::is_mixed;

static LOWER: Class = class("a-z");

pub(super) const ALL: &[Declaration] = &[
    keyed!(
        twilio_auth_token,
        "Twilio auth tokens",
        ["twilio", "auth_token"],
        [exactly(&HEX, 32)],
        "Twilio: authentication"
    ),
    keyed!(
        vonage_secret,
        "Vonage secrets",
        ["vonage", "nexmo"],
        [exactly(&ALNUM, 16)],
        "Vonage: API keys"
    )
    .check(is_mixed),
    keyed!(plivo_token, "Plivo tokens", ["plivo"], [exactly(&ALNUM, 40)], "Plivo: authentication")
        .check(is_mixed),
    keyed!(
        messagebird_key,
        "MessageBird keys",
        ["messagebird"],
        [exactly(&ALNUM, 25)],
        "MessageBird: access keys"
    )
    .check(is_mixed),
    token!(
        telnyx_key,
        "Telnyx keys",
        ["KEY01"],
        [exactly(&UPPER_NUM, 30), text("_"), exactly(&ALNUM, 22)],
        "Telnyx: API keys"
    ),
    keyed!(
        infobip_key,
        "Infobip keys",
        ["infobip"],
        [
            exactly(&HEX, 32),
            text("-"),
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
        "Infobip: API authentication"
    ),
    keyed!(clicksend_key, "ClickSend keys", ["clicksend"], UUID, "ClickSend: API keys"),
    keyed!(
        textmagic_key,
        "Textmagic keys",
        ["textmagic"],
        [exactly(&ALNUM, 30)],
        "Textmagic: API keys"
    )
    .check(is_mixed),
    keyed!(postmark_token, "Postmark tokens", ["postmark"], UUID, "Postmark: API tokens"),
    keyed!(
        sparkpost_key,
        "SparkPost keys",
        ["sparkpost"],
        [exactly(&HEX, 40)],
        "SparkPost: API keys"
    ),
    keyed!(
        mailjet_secret,
        "Mailjet keys and secrets",
        ["mailjet", "mj_apikey"],
        [exactly(&HEX, 32)],
        "Mailjet: API keys"
    ),
    token!(mandrill_key, "Mandrill keys", ["md-"], [exactly(&URL64, 22)], "Mandrill: API keys")
        .check(is_mixed),
    token!(
        mailersend_token,
        "MailerSend tokens",
        ["mlsn."],
        [exactly(&HEX, 64)],
        "MailerSend: API tokens"
    ),
    token!(klaviyo_key, "Klaviyo private keys", ["pk_"], [exactly(&HEX, 34)], "Klaviyo: API keys"),
    keyed!(
        customerio_key,
        "Customer.io keys",
        ["customer.io", "customerio", "customer_io"],
        [exactly(&HEX, 32)],
        "Customer.io: API keys"
    ),
    keyed!(
        activecampaign_key,
        "ActiveCampaign keys",
        ["activecampaign", "active_campaign"],
        [exactly(&HEX, 72)],
        "ActiveCampaign: API keys"
    ),
    keyed!(
        iterable_key,
        "Iterable keys",
        ["iterable_api", "iterable-api", "api.iterable"],
        [exactly(&HEX, 32)],
        "Iterable: API keys"
    ),
    token!(
        onesignal_key,
        "OneSignal keys",
        ["os_v2_app_", "os_v2_org_"],
        [between(&LOWER_NUM, 96, 112)],
        "OneSignal: keys"
    ),
    keyed!(
        pusher_secret,
        "Pusher secrets",
        ["pusher"],
        [exactly(&HEX, 20)],
        "Pusher: channels keys"
    ),
    keyed!(
        ably_key,
        "Ably keys",
        ["ably"],
        [exactly(&URL64, 6), text("."), exactly(&URL64, 6), text(":"), exactly(&URL64, 43)],
        "Ably: API keys"
    ),
    token!(
        pubnub_secret,
        "PubNub secret keys",
        ["sec-c-"],
        [between(&STD64_PAD, 46, 52)],
        "PubNub: keys"
    ),
    keyed!(
        sendbird_token,
        "Sendbird tokens",
        ["sendbird"],
        [exactly(&HEX, 40)],
        "Sendbird: API tokens"
    ),
    keyed!(
        line_token,
        "LINE channel tokens",
        ["line_channel", "channel_access", "line-bot", "linebot"],
        [between(&STD64, 160, 180)],
        "LINE: channel access tokens"
    )
    .check(is_mixed),
    token!(
        meta_token,
        "Meta user, page and WhatsApp tokens",
        ["EAA"],
        [between(&ALNUM, 100, 400)],
        "Meta: access tokens"
    )
    .check(is_mixed),
    token!(
        instagram_token,
        "Instagram tokens",
        ["IGQV", "IGAA"],
        [between(&URL64, 100, 300)],
        "Instagram: access tokens"
    )
    .check(is_mixed),
    keyed!(
        meta_app_secret,
        "Meta app secrets",
        ["facebook", "fb_app", "fb_secret", "instagram"],
        [exactly(&HEX, 32)],
        "Meta: app secrets"
    ),
    keyed!(
        twitter_secret,
        "X and Twitter secrets",
        ["twitter", "x_api", "consumer_secret"],
        [between(&ALNUM, 45, 50)],
        "X: authentication"
    )
    .check(is_mixed),
    keyed!(
        twitter_access_token,
        "X and Twitter access tokens",
        ["twitter", "access_token"],
        [between(&DIGIT, 7, 19), text("-"), exactly(&ALNUM, 40)],
        "X: authentication"
    ),
    keyed!(
        linkedin_secret,
        "LinkedIn secrets",
        ["linkedin"],
        [exactly(&ALNUM, 16)],
        "LinkedIn: authentication"
    )
    .check(is_mixed),
    token!(
        linkedin_secret_v2,
        "LinkedIn secrets of the newer form",
        ["WPL_AP0.", "WPL_AP1."],
        [exactly(&ALNUM, 16), text("."), between(&STD64_PAD, 6, 10)],
        "LinkedIn: authentication"
    ),
    keyed!(reddit_secret, "Reddit secrets", ["reddit"], [between(&URL64, 27, 30)], "Reddit: OAuth")
        .check(is_mixed),
    keyed!(spotify_secret, "Spotify secrets", ["spotify"], [exactly(&HEX, 32)], "Spotify: apps"),
    token!(
        twitch_oauth_token,
        "Twitch chat tokens",
        ["oauth:"],
        [exactly(&LOWER_NUM, 30)],
        "Twitch: authentication"
    ),
    keyed!(
        twitch_secret,
        "Twitch secrets",
        ["twitch"],
        [exactly(&LOWER_NUM, 30)],
        "Twitch: authentication"
    )
    .check(|value| value.iter().any(u8::is_ascii_digit)),
    keyed!(
        discord_secret,
        "Discord client secrets",
        ["discord"],
        [exactly(&URL64, 32)],
        "Discord: OAuth2"
    )
    .check(is_mixed),
    token!(
        slack_session_token,
        "Slack session tokens",
        ["xoxc-"],
        [
            between(&DIGIT, 9, 14),
            text("-"),
            between(&DIGIT, 9, 14),
            text("-"),
            between(&DIGIT, 9, 14),
            text("-"),
            between(&HEX, 60, 64)
        ],
        "Slack: token types"
    ),
    token!(
        slack_workflow,
        "Slack workflow webhooks",
        ["hooks.slack.com/workflows/", "hooks.slack.com/triggers/"],
        [
            between(&UPPER_NUM, 8, 13),
            text("/"),
            between(&ALNUM, 8, 20),
            text("/"),
            between(&ALNUM, 16, 40)
        ],
        "Slack: workflows"
    ),
    keyed!(
        mattermost_token,
        "Mattermost tokens",
        ["mattermost", "mm_token"],
        [exactly(&LOWER_NUM, 26)],
        "Mattermost: personal access tokens"
    ),
    keyed!(
        rocketchat_token,
        "Rocket.Chat tokens",
        ["rocketchat", "rocket.chat", "rocket_chat"],
        [exactly(&URL64, 43)],
        "Rocket.Chat: personal access tokens"
    )
    .check(is_mixed),
    keyed!(zulip_key, "Zulip keys", ["zulip"], [exactly(&ALNUM, 32)], "Zulip: API keys")
        .check(is_mixed),
    token!(
        matrix_token,
        "Matrix access tokens",
        ["syt_"],
        [between(&STD64_PAD, 2, 60), text("_"), exactly(&ALNUM, 20), text("_"), exactly(&ALNUM, 6)],
        "Synapse: access tokens"
    ),
    keyed!(
        bluesky_app_password,
        "Bluesky and Apple app passwords",
        ["bluesky", "bsky", "app_password", "app-specific", "icloud"],
        [
            exactly(&LOWER, 4),
            text("-"),
            exactly(&LOWER, 4),
            text("-"),
            exactly(&LOWER, 4),
            text("-"),
            exactly(&LOWER, 4)
        ],
        "Apple: app-specific passwords; AT Protocol"
    ),
    keyed!(
        mastodon_token,
        "Mastodon tokens",
        ["mastodon"],
        [exactly(&URL64, 43)],
        "Mastodon: OAuth tokens"
    )
    .check(is_mixed),
    keyed!(
        pinterest_secret,
        "Pinterest secrets",
        ["pinterest"],
        [exactly(&HEX, 40)],
        "Pinterest: API"
    ),
    token!(
        pinterest_token,
        "Pinterest tokens",
        ["pina_"],
        [between(&UPPER_NUM, 70, 130)],
        "Pinterest: API"
    ),
    keyed!(
        tiktok_secret,
        "TikTok secrets",
        ["tiktok"],
        [exactly(&HEX, 40)],
        "TikTok for developers: client keys"
    ),
    keyed!(vapid_private_key, "VAPID private keys", ["vapid"], [exactly(&URL64, 43)], "RFC 8292")
        .check(is_mixed)
        .severity(Severity::High),
    keyed!(
        helpscout_secret,
        "Help Scout secrets",
        ["helpscout"],
        [exactly(&ALNUM, 32)],
        "Help Scout: OAuth"
    )
    .check(is_mixed),
    keyed!(
        agora_certificate,
        "Agora app certificates",
        ["agora"],
        [exactly(&HEX, 32)],
        "Agora: app certificates"
    ),
    keyed!(
        daily_key,
        "Daily keys",
        ["daily_api", "daily.co"],
        [exactly(&HEX, 64)],
        "Daily: API keys"
    ),
    keyed!(
        tokbox_secret,
        "OpenTok secrets",
        ["opentok", "tokbox"],
        [exactly(&HEX, 40)],
        "OpenTok: API secrets"
    ),
    keyed!(zoom_secret, "Zoom secrets", ["zoom"], [exactly(&ALNUM, 32)], "Zoom: OAuth")
        .check(is_mixed),
];
