//! Keys of wallets and identities, most with a checksum of their own; and addresses, which are no
//! secret but say whose money it is.

use model::Severity;

use super::example::Dice;
use super::pattern::{ANY_HEX, BASE32, BASE58, HEX, LOWER_NUM, between, exactly};
use super::{Declaration, Form, bare, keyed, token};
use crate::action::Action;
use crate::engine::mnemonics::phrase;
use crate::validators::wallet;

fn bytes<const N: usize>(seed: u64) -> [u8; N] {
    let mut dice = Dice::new(seed);
    std::array::from_fn(|_| dice.below(256) as u8)
}

fn bitcoin_key(seed: u64) -> String {
    let mut payload = vec![0x80];
    payload.extend(bytes::<32>(seed));
    if seed.is_multiple_of(2) {
        payload.push(1);
    }
    wallet::to_base58check(&payload)
}

fn extended_key(seed: u64) -> String {
    let mut payload = vec![0x04, 0x88, 0xad, 0xe4];
    payload.extend(bytes::<41>(seed));
    payload.push(0);
    payload.extend(bytes::<32>(seed ^ 1));
    wallet::to_base58check(&payload)
}

fn bitcoin_address(seed: u64) -> String {
    let mut payload = vec![if seed.is_multiple_of(2) { 0 } else { 5 }];
    payload.extend(bytes::<20>(seed | 1));
    payload[1] |= 0x80;
    wallet::to_base58check(&payload)
}

/// An address that anybody may see: recorded, never masked unless the operator says so.
const fn address(declared: Declaration) -> Declaration {
    let mut declared = declared.severity(Severity::Low).actions(Action::Allow, Action::Allow);
    declared.kind = "pii.crypto_address";
    declared
}

fn mnemonic(seed: u64) -> String {
    if seed.is_multiple_of(2) { phrase(&bytes::<16>(seed)) } else { phrase(&bytes::<32>(seed)) }
}

pub(super) const ALL: &[Declaration] = &[
    Declaration::new(
        "mnemonic",
        "secret.mnemonic",
        "the words from which a wallet can be made again",
        Form::Mnemonic,
        "BIP 39",
    )
    .severity(Severity::Critical)
    .confidence(0.98)
    .make(mnemonic),
    token!(
        bitcoin_private_key,
        "Bitcoin private keys",
        ["5H", "5J", "5K", "Kw", "Kx", "Ky", "Kz", "L1", "L2", "L3", "L4", "L5"],
        [between(&BASE58, 49, 50)],
        "Bitcoin: wallet import format"
    )
    .severity(Severity::Critical)
    .confidence(1.0)
    .check(wallet::is_bitcoin_key)
    .make(bitcoin_key),
    token!(
        extended_private_key,
        "extended private keys of wallets",
        ["xprv", "yprv", "zprv", "tprv"],
        [exactly(&BASE58, 107)],
        "BIP 32; SLIP 132"
    )
    .severity(Severity::Critical)
    .confidence(1.0)
    .check(wallet::is_base58check)
    .make(extended_key),
    token!(
        stellar_secret,
        "Stellar secret seeds",
        ["SA", "SB", "SC", "SD"],
        [exactly(&BASE32, 54)],
        "Stellar: SEP 23"
    )
    .severity(Severity::Critical)
    .confidence(1.0)
    .check(wallet::is_stellar_seed)
    .make(|seed| wallet::to_stellar_seed(&bytes::<32>(seed))),
    token!(
        nostr_secret,
        "Nostr secret keys",
        ["nsec1"],
        [exactly(&LOWER_NUM, 58)],
        "Nostr: NIP 19"
    )
    .severity(Severity::Critical)
    .confidence(1.0)
    .check(wallet::is_bech32)
    .make(|seed| wallet::to_bech32("nsec", &bytes::<32>(seed))),
    token!(
        ethereum_private_key,
        "Ethereum private keys",
        ["0x"],
        [exactly(&ANY_HEX, 64)],
        "Ethereum: accounts"
    )
    .severity(Severity::Critical)
    .confidence(0.8)
    .keywords(&["private_key", "privatekey", "private key", "wallet", "deployer"]),
    keyed!(
        solana_private_key,
        "Solana private keys",
        ["solana", "phantom", "private_key", "private key", "secret key"],
        [between(&BASE58, 86, 88)],
        "Solana: keypairs"
    )
    .severity(Severity::Critical)
    .check(crate::validators::is_mixed),
    keyed!(
        ethereum_bare_private_key,
        "Ethereum private keys without 0x",
        ["eth_private", "private_key", "wallet_key", "deployer_key"],
        [exactly(&HEX, 64)],
        "Ethereum: accounts"
    )
    .severity(Severity::Critical),
    address(
        token!(
            ethereum_address,
            "Ethereum addresses with a checksum",
            ["0x"],
            [exactly(&ANY_HEX, 40)],
            "Ethereum: EIP-55"
        )
        .confidence(1.0)
        .check(wallet::is_ethereum_address)
        .make(|seed| wallet::to_ethereum_address(&bytes::<20>(seed))),
    ),
    address(
        bare!(
            bitcoin_address,
            "Bitcoin addresses",
            [between(&BASE58, 26, 35)],
            "Bitcoin: addresses"
        )
        .confidence(1.0)
        .check(wallet::is_bitcoin_address)
        .make(bitcoin_address),
    ),
    address(
        token!(
            bitcoin_segwit_address,
            "Bitcoin addresses of the newer form",
            ["bc1q", "bc1p"],
            [between(&LOWER_NUM, 35, 86)],
            "BIP 173; BIP 350"
        )
        .confidence(1.0)
        .check(wallet::is_bech32)
        .make(|seed| wallet::to_segwit(&bytes::<20>(seed))),
    ),
];
