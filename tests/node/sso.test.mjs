// People log in to the console by the `oidc-provider` package, unmodified, as their identity provider.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import http from "node:http";
import { after, before, test } from "node:test";

import Provider from "oidc-provider";

const { CONSOLE_URL, SSO_ISSUER, SSO_SECRET } = process.env;
assert(CONSOLE_URL && SSO_ISSUER && SSO_SECRET, "run this by `cargo xtask clients`");

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

// A browser, as far as a log-in needs one: it keeps cookies by host, and goes where it is sent.
class Browser {
  jars = new Map();

  async ask(url, options = {}) {
    const jar = this.jars.get(url.origin) ?? new Map();
    this.jars.set(url.origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { accept: "text/html", cookie, ...options.headers };
    const answer = await fetch(url, { ...options, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(";");
      const [name, value] = pair.split(/=(.*)/s);
      if (value && !/max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.set(name, value);
      else jar.delete(name);
    }
    return answer;
  }

  // Until a page is shown; the address of the console's callback is kept.
  async open(path, base = CONSOLE_URL) {
    let url = new URL(path, base);
    for (let steps = 0; steps < 20; steps += 1) {
      if (url.pathname === "/login/sso/callback") this.callback = url;
      const answer = await this.ask(url);
      const place = answer.headers.get("location");
      if (!place) return answer;
      url = new URL(place, url);
    }
    assert.fail("sent around in circles");
  }

  async mayLook() {
    const answer = await this.ask(new URL("/api/v1/agents", CONSOLE_URL), { headers: { accept: "application/json" } });
    return answer.status === 200;
  }

  // Logs out at the provider, which tells the console.
  async leave() {
    const page = await (await this.open("/session/end", SSO_ISSUER)).text();
    const xsrf = page.match(/name="xsrf" value="([^"]+)"/)[1];
    const body = new URLSearchParams({ xsrf, logout: "yes" });
    await this.ask(new URL("/session/end/confirm", SSO_ISSUER), { method: "POST", body });
  }
}

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
