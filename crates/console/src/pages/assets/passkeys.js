// Passkeys: hands the server's question to the authenticator, and its answer back. Buttons are
// hidden until this says that the browser knows passkeys; every page works with codes without it.
"use strict";

(() => {
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const bytes = (text) => Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const known = (ids) => ids.map((id) => ({ type: "public-key", id: bytes(id) }));
  const TIMEOUT = 300000;

  async function send(url, body) {
    const headers = { "content-type": "application/json", accept: "application/json" };
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.detail || "This did not work.");
    return said;
  }

  async function prove(button) {
    const asked = await send(`${button.dataset.url}/question`, {});
    const shown = await navigator.credentials.get({ publicKey: {
      challenge: bytes(asked.challenge), rpId: asked.party, userVerification: "required",
      allowCredentials: known(asked.credentials), timeout: TIMEOUT,
    } });
    const { clientDataJSON, authenticatorData, signature } = shown.response;
    return send(button.dataset.url, { next: button.dataset.next, assertion: {
      credential: text(shown.rawId), client_data: text(clientDataJSON),
      authenticator_data: text(authenticatorData), signature: text(signature),
    } });
  }

  async function add(button) {
    const asked = await send(`${button.dataset.url}/question`, {});
    const made = await navigator.credentials.create({ publicKey: {
      challenge: bytes(asked.challenge), rp: { id: asked.party, name: asked.name },
      user: { id: bytes(asked.user.id), name: asked.user.name, displayName: asked.user.display },
      pubKeyCredParams: asked.algorithms.map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: known(asked.credentials), attestation: "none", timeout: TIMEOUT,
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
    } });
    const { clientDataJSON, attestationObject } = made.response;
    return send(button.dataset.url, { label: "Passkey", registration: {
      client_data: text(clientDataJSON), attestation: text(attestationObject),
    } });
  }

  // Recovery codes are shown once, as text and nothing else.
  function show(codes, next) {
    const make = (name, said) => Object.assign(document.createElement(name), { textContent: said });
    const list = make("ul", "");
    for (const code of codes) list.append(make("li", code));
    const on = Object.assign(make("a", "I have kept them: go on"), { href: next });
    document.getElementById("main").replaceChildren(
      make("h1", "You are in"),
      make("p", "Keep these recovery codes where nobody else looks. Each lets you in once. They are not shown again."),
      list, on);
  }

  function prepare(button) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const says = button.parentElement.querySelector("[role=alert]");
      button.disabled = true;
      try {
        const done = button.dataset.passkey === "add" ? await add(button) : await prove(button);
        if (done.codes) show(done.codes, done.next); else location.assign(done.next);
      } catch (error) {
        says.textContent = error.message;
        button.disabled = false;
      }
    });
  }

  if (window.PublicKeyCredential) {
    for (const button of document.querySelectorAll("[data-passkey]")) prepare(button);
  }
})();
