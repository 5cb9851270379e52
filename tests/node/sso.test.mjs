// People log in to the console by the `oidc-provider` package, unmodified, as their identity provider.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import http from "node:http";
import { after, before, test } from "node:test";

import Provider from "oidc-provider";

import { Browser } from "./browser.mjs";

const { ADMIN, CONSOLE_URL, SSO_ISSUER, SSO_SECRET } = process.env;
assert(ADMIN && CONSOLE_URL && SSO_ISSUER && SSO_SECRET, "run this by `cargo xtask clients`");

let provider, server;
// Who sits before the browser, and what they showed there.
let person = { account: "ann", amr: ["pwd", "mfa"] };

function key() {
  const { privateKey } = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256", kid: crypto.randomUUID() };
}

const client = {
  client_id: "portcullis",
  client_secret: SSO_SECRET,
  redirect_uris: [`${CONSOLE_URL}/login/sso/callback`],
  backchannel_logout_uri: `${CONSOLE_URL}/login/sso/logout`,
  backchannel_logout_session_required: true,
  id_token_signed_response_alg: "ES256",
};

async function serve() {
  provider = new Provider(SSO_ISSUER, {
    clients: [client],
    jwks: { keys: [key()] },
    cookies: { keys: [crypto.randomUUID()] },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ["sub", "amr"], email: ["email", "email_verified"], profile: ["name", "groups"], sid: null },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    // The console is on this very machine, which the provider would rather not call.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: id, email: `${id}@example.org`, email_verified: true, groups: ["Staff"] }),
    }),
  });
  const callback = provider.callback();
  const answer = (request, response) => (request.url.startsWith("/interaction/") ? interact(request, response) : callback(request, response));
  server = http.createServer(answer);
  await new Promise((resolve) => server.listen(Number(new URL(SSO_ISSUER).port), "127.0.0.1", resolve));
}

async function close() {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

async function interact(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    const login = { accountId: person.account, amr: person.amr };
    return provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

before(serve);
after(close);

async function soon(what) {
  const deadline = Date.now() + 30_000;
  while (!(await what())) assert(Date.now() < deadline, "it does not happen");
}

test("a whole log-in, once, and out again when the provider says so", async () => {
  person = { account: "ann", amr: ["pwd", "mfa"] };
  const browser = new Browser();
  const page = await browser.open("/login/sso?next=/activity");
  assert.equal(page.status, 200, await page.text());
  assert.equal(page.headers.get("refresh"), "0; url=/activity");
  assert(await browser.mayLook());
  // The provider names itself in the answer (RFC 9207), and the answer counts once.
  assert.equal(browser.callback.searchParams.get("iss"), SSO_ISSUER);
  const again = await browser.ask(browser.callback);
  assert.equal(again.status, 400);
  const thief = new Browser();
  assert.equal((await thief.ask(browser.callback)).status, 400);
  assert(!(await thief.mayLook()));
  const second = new Browser();
  await second.open("/login/sso");
  assert(await second.mayLook());
  await browser.leave();
  await soon(async () => !(await browser.mayLook()));
  assert(await second.mayLook(), "only that session ends");
});

test("who showed no second factor there shows one here", async () => {
  person = { account: "bob", amr: ["pwd"] };
  const browser = new Browser();
  const page = await browser.open("/login/sso");
  assert.equal(page.headers.get("refresh"), "0; url=/enrol");
  assert(!(await browser.mayLook()));
});

test("new keys are read when they are needed, and old ones are no more", async () => {
  await close();
  await serve();
  person = { account: "cat", amr: ["mfa"] };
  // Keys are read again after a pause, so that made-up ones do not flood the provider.
  await soon(async () => {
    const browser = new Browser();
    await browser.open("/login/sso");
    return browser.mayLook();
  });
});

// As whoever owns the data folder, at the socket; gives the path of the invitation.
async function invite(name) {
  const body = JSON.stringify({ name, roles: ["auditor"] });
  const options = { socketPath: ADMIN, method: "POST", path: "/api/v1/users", headers: { "content-type": "application/json" } };
  const text = await new Promise((resolve, reject) => {
    const request = http.request(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => resolve(text));
    });
    request.on("error", reject).end(body);
  });
  return JSON.parse(text).invitation.path;
}

async function somebody(name) {
  const browser = new Browser();
  await browser.enrol(await invite(name));
  return browser;
}

// From the page of the account to the provider and back; the page that asks for a yes.
async function offered(browser) {
  const going = await browser.send(await browser.page("/account"), "/account/sso", {});
  const there = going.headers.get("refresh").replace("0; url=", "");
  const back = await browser.open(there);
  assert.equal(back.headers.get("refresh"), "0; url=/account/sso", await back.text());
  return browser.page("/account/sso");
}

async function whoIs(browser) {
  return (await browser.page("/account")).match(/You are <strong>([^<]+)</)[1];
}

test("an account is connected, opened by it, and parted again", async () => {
  const dora = await somebody("dora");
  person = { account: "dora-there", amr: ["pwd", "mfa"] };
  const page = await offered(dora);
  assert.match(page, /dora-there/);
  const before = new Browser();
  // Nobody said yes: to the console this log-in is somebody new.
  await before.open("/login/sso");
  assert.equal(await whoIs(before), "dora-there@example.org");
  assert.equal((await dora.send(page, "/account/sso/confirm", {})).status, 409, "that log-in has an account");

  person = { account: "dora-elsewhere", amr: ["pwd", "mfa"] };
  dora.leaveProvider();
  const yes = await dora.send(await offered(dora), "/account/sso/confirm", {});
  assert.equal(yes.status, 303, await yes.text());
  const outside = new Browser();
  await outside.open("/login/sso");
  assert.equal(await whoIs(outside), "dora");
  const account = await dora.page("/account");
  assert.match(account, /dora-elsewhere/);
  const parted = await dora.send(account, "/account/sso/disconnect", {});
  assert.equal(parted.status, 303, await parted.text());
  assert(!(await outside.mayLook()), "what came from there ends");
  assert(await dora.mayLook(), "what is here stays");
  const again = new Browser();
  await again.open("/login/sso");
  assert.equal(await whoIs(again), "dora-elsewhere@example.org");
});

test("nobody connects their log-in with somebody else's account", async () => {
  const [bert, eve] = [await somebody("bert"), await somebody("eve")];
  person = { account: "eve-there", amr: ["pwd", "mfa"] };
  // Eve goes as far as the answer, and has Bert's browser open it.
  const going = await eve.send(await eve.page("/account"), "/account/sso", {});
  let answer = new URL(going.headers.get("refresh").replace("0; url=", ""));
  while (answer.pathname !== "/login/sso/callback") {
    answer = new URL((await eve.ask(answer)).headers.get("location"), answer);
  }
  assert.equal((await bert.ask(answer)).status, 400);
  // The same while Bert's browser waits for an answer of its own.
  await bert.send(await bert.page("/account"), "/account/sso", {});
  assert.equal((await bert.ask(answer)).status, 403);
  assert.equal((await bert.ask(new URL("/account/sso", CONSOLE_URL))).status, 409);
  assert.doesNotMatch(await bert.page("/account"), /eve-there/);
  // In Eve's own browser it still counts, and once.
  await eve.open(answer.href);
  const page = await eve.page("/account/sso");
  assert.match(page, /eve-there/);
  // Her form in Bert's browser is none of his.
  const token = page.match(/name="form_token" value="([^"]+)"/)[1];
  const body = new URLSearchParams({ form_token: token });
  const forged = await bert.ask(new URL("/account/sso/confirm", CONSOLE_URL), { method: "POST", body, headers: { origin: CONSOLE_URL } });
  assert.equal(forged.status, 403);
  assert.equal((await eve.send(page, "/account/sso/confirm", {})).status, 303);
  assert.equal((await eve.send(page, "/account/sso/confirm", {})).status, 409);
  // A log-in that one account has opens no other, whoever asks.
  const taken = await bert.send(await offered(Object.assign(bert, { jars: mixed(bert, eve) })), "/account/sso/confirm", {});
  assert.equal(taken.status, 409);
});

// Bert at the console, Eve at the provider.
function mixed(here, there) {
  return new Map([...there.jars].map(([origin, jar]) => [origin, origin === new URL(CONSOLE_URL).origin ? here.jars.get(origin) : jar]));
}
