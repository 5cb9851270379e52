//! Credentials of maps, media, games, reference data and other web services.

use super::pattern::{ALNUM, HEX, URL64, UUID, between, exactly};
use super::{Declaration, keyed, token};
use crate::validators::is_mixed;

pub(super) const ALL: &[Declaration] = &[
    keyed!(
        here_key,
        "HERE keys",
        ["here_api", "here-api", "hereapi", "heremaps"],
        [exactly(&URL64, 43)],
        "HERE: API keys"
    )
    .check(is_mixed),
    keyed!(
        openweather_key,
        "OpenWeather keys",
        ["openweather", "owm_api", "appid"],
        [exactly(&HEX, 32)],
        "OpenWeather: API keys"
    ),
    keyed!(
        mapquest_key,
        "MapQuest keys",
        ["mapquest"],
        [exactly(&ALNUM, 32)],
        "MapQuest: API keys"
    )
    .check(is_mixed),
    keyed!(
        ipstack_key,
        "ipstack keys",
        ["ipstack", "apilayer"],
        [exactly(&HEX, 32)],
        "ipstack: API access keys"
    ),
    keyed!(
        hunter_key,
        "Hunter keys",
        ["hunter.io", "hunter_api", "hunterio"],
        [exactly(&HEX, 40)],
        "Hunter: API keys"
    ),
    keyed!(
        fullcontact_key,
        "FullContact keys",
        ["fullcontact"],
        [exactly(&ALNUM, 32)],
        "FullContact: API keys"
    )
    .check(is_mixed),
    keyed!(imgur_secret, "Imgur secrets", ["imgur"], [exactly(&HEX, 40)], "Imgur: API"),
    keyed!(flickr_key, "Flickr keys", ["flickr"], [exactly(&HEX, 32)], "Flickr: API keys"),
    keyed!(vimeo_token, "Vimeo tokens", ["vimeo"], [exactly(&HEX, 32)], "Vimeo: access tokens"),
    keyed!(wistia_token, "Wistia tokens", ["wistia"], [exactly(&HEX, 64)], "Wistia: API tokens"),
    keyed!(strava_secret, "Strava secrets", ["strava"], [exactly(&HEX, 40)], "Strava: API"),
    keyed!(fitbit_secret, "Fitbit secrets", ["fitbit"], [exactly(&HEX, 32)], "Fitbit: web API"),
    keyed!(
        steam_key,
        "Steam web API keys",
        ["steam"],
        [exactly(&super::pattern::ANY_HEX, 32)],
        "Steam: web API keys"
    ),
    token!(riot_key, "Riot Games keys", ["RGAPI-"], UUID, "Riot Games: API keys"),
    keyed!(
        nasa_key,
        "NASA keys",
        ["nasa_api", "nasa-api", "api.nasa"],
        [exactly(&ALNUM, 40)],
        "NASA: open APIs"
    )
    .check(is_mixed),
    keyed!(
        newsapi_key,
        "NewsAPI keys",
        ["newsapi", "news_api"],
        [exactly(&HEX, 32)],
        "NewsAPI: authentication"
    ),
    keyed!(
        guardian_key,
        "Guardian keys",
        ["guardian_api", "guardianapis", "open-platform"],
        UUID,
        "The Guardian: open platform"
    ),
    keyed!(
        nytimes_key,
        "New York Times keys",
        ["nytimes", "nyt_api"],
        [exactly(&ALNUM, 32)],
        "New York Times: developer network"
    )
    .check(is_mixed),
    keyed!(tmdb_key, "TMDB keys", ["tmdb", "themoviedb"], [exactly(&HEX, 32)], "TMDB: API keys"),
    keyed!(giphy_key, "Giphy keys", ["giphy"], [exactly(&ALNUM, 32)], "Giphy: API keys")
        .check(is_mixed),
    keyed!(
        unsplash_key,
        "Unsplash keys",
        ["unsplash"],
        [exactly(&URL64, 43)],
        "Unsplash: API keys"
    )
    .check(is_mixed),
    keyed!(pexels_key, "Pexels keys", ["pexels"], [exactly(&ALNUM, 56)], "Pexels: API keys")
        .check(is_mixed),
    keyed!(
        pixabay_key,
        "Pixabay keys",
        ["pixabay"],
        [between(&super::pattern::DIGIT, 7, 9), super::pattern::text("-"), exactly(&HEX, 25)],
        "Pixabay: API keys"
    ),
    keyed!(
        uploadcare_secret,
        "Uploadcare secrets",
        ["uploadcare"],
        [exactly(&HEX, 20)],
        "Uploadcare: API keys"
    ),
    keyed!(
        filestack_key,
        "Filestack keys",
        ["filestack"],
        [exactly(&ALNUM, 22)],
        "Filestack: API keys"
    )
    .check(is_mixed),
    keyed!(deepl_key, "DeepL keys", ["deepl"], UUID, "DeepL: authentication"),
    token!(apify_token, "Apify tokens", ["apify_api_"], [exactly(&ALNUM, 36)], "Apify: API tokens"),
    keyed!(
        scrapingbee_key,
        "ScrapingBee keys",
        ["scrapingbee"],
        [exactly(&super::pattern::UPPER_NUM, 80)],
        "ScrapingBee: API keys"
    ),
    keyed!(
        scraperapi_key,
        "ScraperAPI keys",
        ["scraperapi"],
        [exactly(&HEX, 32)],
        "ScraperAPI: keys"
    ),
    keyed!(
        browserstack_key,
        "BrowserStack keys",
        ["browserstack"],
        [exactly(&ALNUM, 20)],
        "BrowserStack: access keys"
    )
    .check(is_mixed),
    keyed!(
        saucelabs_key,
        "Sauce Labs keys",
        ["saucelabs", "sauce_"],
        UUID,
        "Sauce Labs: access keys"
    ),
    keyed!(
        lambdatest_key,
        "LambdaTest keys",
        ["lambdatest", "lt_access"],
        [exactly(&ALNUM, 50)],
        "LambdaTest: access keys"
    )
    .check(is_mixed),
    token!(
        percy_token,
        "Percy tokens",
        ["web_", "auto_", "app_", "ss_"],
        [exactly(&HEX, 64)],
        "Percy: project tokens"
    ),
    token!(
        browserbase_key,
        "Browserbase keys",
        ["bb_live_"],
        [between(&URL64, 24, 40)],
        "Browserbase: API keys"
    ),
    keyed!(
        netdata_token,
        "Netdata claim tokens",
        ["netdata", "claim_token", "claim-token"],
        [exactly(&URL64, 135)],
        "Netdata: claiming"
    ),
    keyed!(yelp_key, "Yelp keys", ["yelp"], [exactly(&URL64, 128)], "Yelp: authentication")
        .check(is_mixed),
    keyed!(
        calendly_secret,
        "Calendly secrets",
        ["calendly"],
        [exactly(&URL64, 43)],
        "Calendly: OAuth"
    )
    .check(is_mixed),
    keyed!(
        eventbrite_token,
        "Eventbrite tokens",
        ["eventbrite"],
        [exactly(&super::pattern::UPPER_NUM, 20)],
        "Eventbrite: authentication"
    )
    .check(|value| value.iter().any(u8::is_ascii_digit)),
    keyed!(
        ticketmaster_key,
        "Ticketmaster keys",
        ["ticketmaster"],
        [exactly(&ALNUM, 32)],
        "Ticketmaster: API keys"
    )
    .check(is_mixed),
    keyed!(amadeus_secret, "Amadeus keys", ["amadeus"], [exactly(&ALNUM, 32)], "Amadeus: API keys")
        .check(is_mixed),
    token!(
        thunderstore_token,
        "Thunderstore service tokens",
        ["tss_"],
        [exactly(&ALNUM, 38)],
        "Thunderstore: service accounts"
    ),
    token!(wakatime_key, "WakaTime keys", ["waka_"], UUID, "WakaTime: API keys"),
    token!(lichess_token, "Lichess tokens", ["lip_"], [exactly(&ALNUM, 20)], "Lichess: API tokens"),
    token!(
        val_town_token,
        "Val Town tokens",
        ["vtwn_"],
        [between(&ALNUM, 22, 32)],
        "Val Town: API tokens"
    ),
];
