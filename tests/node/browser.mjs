// A browser, as far as the log-in needs one, and an authenticator app (RFC 6238).

import assert from "node:assert/strict";
import crypto from "node:crypto";

const { CONSOLE_URL, SSO_ISSUER } = process.env;
const PASSWORD = "seven blue lamps";

export function code(secret, step = Math.floor(Date.now() / 30_000)) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const tag = crypto.createHmac("sha1", key).update(counter).digest();
  return String((tag.readUInt32BE(tag.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

// A browser, as far as a log-in needs one: it keeps cookies by host, and goes where it is sent.
export class Browser {
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

  // A page's form, with what it hides; goes where the answer leads.
  async send(page, action, fields) {
    const form = page.split("<form").find((part) => part.includes(`action="${action}"`));
    assert(form, `no form leads to ${action}`);
    const hidden = [...form.split("</form>")[0].matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)];
    const body = new URLSearchParams([...hidden.map(([, name, value]) => [name, value]), ...Object.entries(fields)]);
    return this.ask(new URL(action, CONSOLE_URL), { method: "POST", body, headers: { origin: CONSOLE_URL } });
  }

  async page(path) {
    return (await this.open(path)).text();
  }

  // Takes up an invitation, with a password and an authenticator app.
  async enrol(path) {
    await this.send(await this.page(path), path, { password: PASSWORD, again: PASSWORD });
    const page = await this.page("/enrol");
    this.secret = page.match(/Secret: <code>([^<]+)</)[1].replaceAll(" ", "");
    const done = await this.send(page, "/enrol", { label: "app", code: code(this.secret) });
    assert.equal(done.status, 200, await done.text());
  }

  // Forgets who sits before it, at the provider alone.
  leaveProvider() {
    this.jars.delete(new URL(SSO_ISSUER).origin);
  }

  // Logs out at the provider, which tells the console.
  async leave() {
    const page = await (await this.open("/session/end", SSO_ISSUER)).text();
    const xsrf = page.match(/name="xsrf" value="([^"]+)"/)[1];
    const body = new URLSearchParams({ xsrf, logout: "yes" });
    await this.ask(new URL("/session/end/confirm", SSO_ISSUER), { method: "POST", body });
  }
}
