//! Credentials of payments, banking, shops, markets and exchanges.

use model::Severity;

use super::pattern::{
    ALNUM, DIGIT, HEX, LOWER_NUM, STD64, STD64_PAD, UPPER_NUM, URL64, UUID, between, exactly, open,
    text,
};
use super::{Declaration, keyed, token};
use crate::validators::is_mixed;

pub(super) const ALL: &[Declaration] = &[
    token!(
        stripe_ephemeral_key,
        "Stripe ephemeral keys",
        ["ek_live_", "ek_test_"],
        [between(&ALNUM, 40, 200)],
        "Stripe: ephemeral keys"
    ),
    keyed!(
        paypal_secret,
        "PayPal secrets",
        ["paypal"],
        [exactly(&URL64, 80)],
        "PayPal: REST API credentials"
    )
    .check(is_mixed),
    keyed!(
        braintree_private_key,
        "Braintree private keys",
        ["braintree", "bt_private"],
        [exactly(&HEX, 32)],
        "Braintree: API keys"
    ),
    token!(adyen_key, "Adyen keys", ["AQE"], [open(&STD64, 80, 300)], "Adyen: API credentials")
        .check(|value| value.get(4..6) == Some(b"hm"))
        .make(|seed| {
            let mut dice = super::example::Dice::new(seed);
            format!("AQE{}hm{}", dice.run(&LOWER_NUM, 1), dice.run(&STD64, 120))
        }),
    token!(
        razorpay_key,
        "Razorpay key ids",
        ["rzp_live_", "rzp_test_"],
        [exactly(&ALNUM, 14)],
        "Razorpay: API keys"
    )
    .severity(Severity::Medium),
    keyed!(
        razorpay_secret,
        "Razorpay secrets",
        ["razorpay", "rzp_"],
        [exactly(&ALNUM, 24)],
        "Razorpay: API keys"
    )
    .check(is_mixed),
    token!(mollie_key, "Mollie keys", ["live_"], [exactly(&ALNUM, 30)], "Mollie: API keys")
        .check(is_mixed),
    token!(
        gocardless_token,
        "GoCardless tokens",
        ["live_"],
        [exactly(&URL64, 40)],
        "GoCardless: access tokens"
    )
    .check(is_mixed),
    token!(
        checkout_old_key,
        "Checkout.com secret keys of the older form",
        ["sk_"],
        UUID,
        "Checkout.com: API keys"
    ),
    token!(
        checkout_key,
        "Checkout.com secret keys",
        ["sk_sbox_", "sk_"],
        [exactly(&LOWER_NUM, 27)],
        "Checkout.com: API keys"
    )
    .check(|value| value.iter().any(u8::is_ascii_digit)),
    token!(
        flutterwave_test_key,
        "Flutterwave test keys",
        ["FLWSECK_TEST-"],
        [exactly(&HEX, 32), text("-X")],
        "Flutterwave: API keys"
    )
    .severity(Severity::Low),
    token!(
        xendit_key,
        "Xendit keys",
        ["xnd_production_", "xnd_development_"],
        [between(&ALNUM, 48, 64)],
        "Xendit: API keys"
    ),
    token!(
        midtrans_key,
        "Midtrans server keys",
        ["Mid-server-"],
        [exactly(&URL64, 24)],
        "Midtrans: access keys"
    ),
    token!(
        paddle_key,
        "Paddle keys",
        ["pdl_live_apikey_", "pdl_sdbx_apikey_"],
        [exactly(&LOWER_NUM, 26), text("_"), exactly(&ALNUM, 22), text("_"), exactly(&ALNUM, 3)],
        "Paddle: API keys"
    ),
    token!(
        paddle_webhook_secret,
        "Paddle webhook secrets",
        ["pdl_ntfset_"],
        [exactly(&LOWER_NUM, 26), text("_"), exactly(&STD64, 32)],
        "Paddle: webhooks"
    ),
    keyed!(
        chargebee_key,
        "Chargebee keys",
        ["chargebee"],
        [between(&ALNUM, 32, 40)],
        "Chargebee: API keys"
    )
    .check(is_mixed),
    keyed!(recurly_key, "Recurly keys", ["recurly"], [exactly(&HEX, 32)], "Recurly: API keys"),
    keyed!(
        coinbase_secret,
        "Coinbase secrets",
        ["coinbase"],
        [between(&ALNUM, 32, 64)],
        "Coinbase: API keys"
    )
    .check(is_mixed),
    keyed!(
        binance_secret,
        "Binance keys and secrets",
        ["binance"],
        [exactly(&ALNUM, 64)],
        "Binance: API keys"
    )
    .check(is_mixed),
    keyed!(
        kraken_secret,
        "Kraken private keys",
        ["kraken"],
        [exactly(&STD64, 86), text("==")],
        "Kraken: API keys"
    ),
    keyed!(
        bitfinex_key,
        "Bitfinex keys",
        ["bitfinex"],
        [exactly(&ALNUM, 43)],
        "Bitfinex: API keys"
    )
    .check(is_mixed),
    keyed!(kucoin_secret, "KuCoin secrets", ["kucoin"], UUID, "KuCoin: API keys"),
    keyed!(bybit_secret, "Bybit secrets", ["bybit"], [exactly(&ALNUM, 36)], "Bybit: API keys")
        .check(is_mixed),
    keyed!(okx_key, "OKX keys", ["okx", "okex"], UUID, "OKX: API keys"),
    keyed!(bitmex_secret, "BitMEX secrets", ["bitmex"], [exactly(&URL64, 48)], "BitMEX: API keys")
        .check(is_mixed),
    token!(
        alpaca_key,
        "Alpaca key ids",
        ["PK", "AK"],
        [exactly(&UPPER_NUM, 18)],
        "Alpaca: API keys"
    )
    .keywords(&["alpaca", "apca"])
    .severity(Severity::Low)
    .confidence(0.8),
    keyed!(
        alpaca_secret,
        "Alpaca secrets",
        ["alpaca", "apca"],
        [exactly(&ALNUM, 40)],
        "Alpaca: API keys"
    )
    .check(is_mixed),
    keyed!(
        etherscan_key,
        "Etherscan keys",
        ["etherscan", "bscscan", "polygonscan"],
        [exactly(&UPPER_NUM, 34)],
        "Etherscan: API keys"
    ),
    keyed!(infura_key, "Infura keys", ["infura"], [exactly(&HEX, 32)], "Infura: API keys"),
    keyed!(alchemy_key, "Alchemy keys", ["alchemy"], [exactly(&URL64, 32)], "Alchemy: API keys")
        .check(is_mixed),
    keyed!(
        quicknode_key,
        "QuickNode tokens",
        ["quicknode", "quiknode"],
        [exactly(&HEX, 40)],
        "QuickNode: endpoints"
    ),
    token!(
        blockfrost_key,
        "Blockfrost project ids",
        ["mainnet", "preprod", "preview"],
        [exactly(&ALNUM, 32)],
        "Blockfrost: project ids"
    )
    .check(is_mixed),
    keyed!(helius_key, "Helius keys", ["helius"], UUID, "Helius: API keys"),
    keyed!(plaid_secret, "Plaid secrets", ["plaid"], [exactly(&HEX, 30)], "Plaid: API keys"),
    keyed!(
        wise_token,
        "Wise tokens",
        ["transferwise", "wise_api", "wise_token"],
        UUID,
        "Wise: API tokens"
    ),
    token!(
        revolut_token,
        "Revolut tokens",
        ["oa_prod_", "oa_sand_"],
        [exactly(&URL64, 43)],
        "Revolut: business API"
    ),
    keyed!(dwolla_secret, "Dwolla secrets", ["dwolla"], [exactly(&ALNUM, 50)], "Dwolla: API keys")
        .check(is_mixed),
    token!(lob_key, "Lob keys", ["live_", "test_"], [exactly(&HEX, 35)], "Lob: API keys"),
    keyed!(taxjar_token, "TaxJar tokens", ["taxjar"], [exactly(&HEX, 32)], "TaxJar: API tokens"),
    keyed!(
        quickbooks_secret,
        "QuickBooks secrets",
        ["quickbooks", "intuit"],
        [exactly(&ALNUM, 40)],
        "Intuit: app keys"
    )
    .check(is_mixed),
    token!(
        square_sandbox_secret,
        "Square sandbox secrets",
        ["sandbox-sq0csb-"],
        [exactly(&URL64, 43)],
        "Square: access tokens"
    )
    .severity(Severity::Low),
    token!(
        square_application_id,
        "Square application ids",
        ["sq0idp-"],
        [exactly(&URL64, 22)],
        "Square: access tokens"
    )
    .severity(Severity::Low),
    token!(
        shippo_test_token,
        "Shippo test tokens",
        ["shippo_test_"],
        [exactly(&HEX, 40)],
        "Shippo: authentication"
    )
    .severity(Severity::Low),
    token!(
        duffel_test_token,
        "Duffel test tokens",
        ["duffel_test_"],
        [exactly(&URL64, 43)],
        "Duffel: making requests"
    )
    .severity(Severity::Low),
    token!(
        plaid_sandbox_token,
        "Plaid sandbox tokens",
        ["access-sandbox-"],
        UUID,
        "Plaid: token flow"
    )
    .severity(Severity::Low),
    keyed!(etsy_key, "Etsy keys", ["etsy"], [exactly(&LOWER_NUM, 24)], "Etsy: API keys")
        .check(|value| value.iter().any(u8::is_ascii_digit)),
    keyed!(
        bigcommerce_token,
        "BigCommerce tokens",
        ["bigcommerce"],
        [exactly(&LOWER_NUM, 31)],
        "BigCommerce: API accounts"
    ),
    token!(
        ebay_key,
        "eBay cert ids",
        ["PRD-", "SBX-"],
        [
            exactly(&HEX, 12),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4)
        ],
        "eBay: application keys"
    ),
    token!(
        amazon_client_secret,
        "Amazon client secrets",
        ["amzn1.oa2-cs.v1."],
        [exactly(&HEX, 64)],
        "Login with Amazon: security profiles"
    ),
    token!(
        woocommerce_key,
        "WooCommerce keys and secrets",
        ["ck_", "cs_"],
        [exactly(&HEX, 40)],
        "WooCommerce: REST API keys"
    ),
    keyed!(affirm_key, "Affirm keys", ["affirm"], [exactly(&ALNUM, 32)], "Affirm: API keys")
        .check(is_mixed),
    token!(
        klarna_key,
        "Klarna keys",
        ["klarna_live_api_", "klarna_test_api_"],
        [between(&STD64_PAD, 40, 200)],
        "Klarna: API keys"
    ),
    token!(
        mercadopago_token,
        "Mercado Pago tokens",
        ["APP_USR-"],
        [
            between(&DIGIT, 10, 18),
            text("-"),
            exactly(&DIGIT, 6),
            text("-"),
            exactly(&HEX, 32),
            text("-"),
            between(&DIGIT, 6, 12)
        ],
        "Mercado Pago: access tokens"
    ),
    token!(conekta_key, "Conekta keys", ["key_"], [exactly(&ALNUM, 22)], "Conekta: API keys")
        .keywords(&["conekta"])
        .confidence(0.8),
    keyed!(
        paystack_secret,
        "Paystack secrets",
        ["paystack"],
        [exactly(&HEX, 40)],
        "Paystack: API keys"
    ),
    keyed!(
        alphavantage_key,
        "Alpha Vantage keys",
        ["alphavantage", "alpha_vantage"],
        [exactly(&UPPER_NUM, 16)],
        "Alpha Vantage: API keys"
    )
    .check(|value| value.iter().any(u8::is_ascii_digit)),
    keyed!(
        finnhub_key,
        "Finnhub keys",
        ["finnhub"],
        [exactly(&LOWER_NUM, 20)],
        "Finnhub: API keys"
    )
    .check(|value| value.iter().any(u8::is_ascii_digit)),
    keyed!(
        polygon_key,
        "Polygon.io keys",
        ["polygon.io", "polygon_api", "polygonio"],
        [exactly(&ALNUM, 32)],
        "Polygon.io: API keys"
    )
    .check(is_mixed),
    keyed!(tiingo_token, "Tiingo tokens", ["tiingo"], [exactly(&HEX, 40)], "Tiingo: API tokens"),
    keyed!(fred_key, "FRED keys", ["fred_api", "fred-api"], [exactly(&HEX, 32)], "FRED: API keys"),
    token!(clearbit_key, "Clearbit keys", ["sk_"], [exactly(&HEX, 32)], "Clearbit: authentication"),
];
