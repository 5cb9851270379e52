// The console's one script. Every page works without it; with it times stand in the reader's zone,
// tables change in place, and what happens appears while one looks.
"use strict";

// Times: the server writes UTC; the reader's zone goes in its place, UTC stays in the title.
const zone = { utc: false };
function local(when) {
  const two = (n) => String(n).padStart(2, "0");
  return `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())} ${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`;
}
function times(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const exact = time.getAttribute("datetime");
    const when = new Date(exact);
    if (Number.isNaN(when.getTime())) continue;
    time.textContent = zone.utc ? `${exact.slice(0, 19).replace("T", " ")} UTC` : local(when);
  }
}
function zones() {
  for (const button of document.querySelectorAll("[data-zone]")) {
    const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
    button.hidden = false;
    button.addEventListener("click", () => {
      zone.utc = !zone.utc;
      button.textContent = zone.utc ? `Show times of ${name}` : "Show times in UTC";
      times(document);
    });
  }
}

// A part of the page is fetched again and put in the place of the old one.
async function swap(url, id, push) {
  const answer = await fetch(url, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(id);
  const old = document.getElementById(id);
  if (!answer.ok || !fresh || !old) { location.assign(url); return; }
  const focus = document.activeElement;
  const kept = focus && old.contains(focus) ? focus.id : "";
  old.replaceWith(document.adoptNode(fresh));
  prepare(fresh);
  if (kept) document.getElementById(kept)?.focus();
  if (push) { history.pushState({}, "", url); shown = location.pathname + location.search; }
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  swap(link.href, link.dataset.swap, true);
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.swap === undefined || form.method !== "get") {
    // One click is one act.
    for (const button of form.querySelectorAll("button")) setTimeout(() => { button.disabled = true; });
    return;
  }
  event.preventDefault();
  const url = new URL(form.getAttribute("action") || location.pathname, location.href);
  for (const [name, value] of new FormData(form)) if (value !== "") url.searchParams.append(name, value);
  swap(url.href, form.dataset.swap, true);
});
// Back to what was swapped in; a jump within the page changes nothing of it.
let shown = location.pathname + location.search;
window.addEventListener("popstate", () => { if (location.pathname + location.search !== shown) location.reload(); });

// What happens appears while one looks: rows of server-sent events, the newest on top.
const MOST_ROWS = 200;
const watched = new Map();
function unwatch() {
  for (const [element, source] of watched) if (!element.isConnected) { source.close(); watched.delete(element); }
}
function watchRecords(root) {
  for (const bar of root.querySelectorAll("[data-live]")) {
    const body = document.getElementById("records");
    if (!body) continue;
    bar.hidden = false;
    const [button, state, leftOut] = [bar.querySelector("button"), bar.querySelector(".state"), bar.querySelector(".left-out")];
    let omitted = 0;
    const source = new EventSource(bar.dataset.live);
    watched.set(bar, source);
    let paused = false;
    let kept = [];
    const show = (html) => {
      const holder = document.createElement("template");
      holder.innerHTML = html;
      const row = holder.content.firstElementChild;
      if (!row) return;
      document.getElementById(row.id)?.remove();
      row.classList.add("new");
      body.prepend(row);
      times(row);
      document.querySelector("#activity .empty")?.remove();
      while (body.rows.length > MOST_ROWS) body.lastElementChild.remove();
    };
    source.addEventListener("record", (event) => { if (paused) { kept.push(event.data); kept = kept.slice(-MOST_ROWS); } else show(event.data); });
    source.addEventListener("left-out", (event) => {
      omitted += Number(event.data);
      leftOut.textContent = `${omitted.toLocaleString()} more not shown: narrow the filter`;
    });
    source.addEventListener("open", () => { state.textContent = paused ? "Paused" : "Live"; });
    source.addEventListener("error", () => { state.textContent = "Reconnecting"; });
    button.addEventListener("click", () => {
      paused = !paused;
      button.setAttribute("aria-pressed", String(paused));
      button.textContent = paused ? "Go on" : "Pause";
      state.textContent = paused ? "Paused" : "Live";
      if (!paused) { kept.forEach(show); kept = []; }
    });
  }
}
// A part of the page that is fetched again when something happened.
function follow(root) {
  for (const part of root.querySelectorAll("[data-follow]")) {
    const source = new EventSource(part.dataset.follow);
    watched.set(part, source);
    let asked = 0;
    source.addEventListener("record", () => {
      clearTimeout(asked);
      asked = setTimeout(() => { if (!part.contains(document.activeElement)) swap(location.href, part.dataset.refresh, false).catch(() => {}); }, 200);
    });
  }
}

// The proof of a record, checked here: RFC 9162, section 2.1.3.2, and the signature of the checkpoint.
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const base64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
async function hash(prefix, ...parts) {
  const length = parts.reduce((sum, part) => sum + part.length, 1);
  const all = new Uint8Array(length);
  all[0] = prefix;
  let at = 1;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
}
async function rootOf(leaf, index, size, path) {
  let [at, last, root] = [BigInt(index), BigInt(size) - 1n, leaf];
  for (const step of path) {
    if (last === 0n) throw new Error("the path is too long");
    if (at & 1n || at === last) {
      root = await hash(1, step, root);
      while (!(at & 1n) && at !== 0n) { at >>= 1n; last >>= 1n; }
    } else root = await hash(1, root, step);
    at >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n) throw new Error("the path is too short");
  return root;
}
async function checkSignature(note, vkey) {
  const [text, signatures] = [note.slice(0, note.indexOf("\n\n") + 1), note.slice(note.indexOf("\n\n") + 2)];
  const [name, , encoded] = vkey.match(/^(.*)\+([0-9a-f]{8})\+(.*)$/).slice(1);
  const key = base64(encoded);
  if (key[0] !== 1) throw new Error("the log's key is not Ed25519");
  const line = signatures.split("\n").find((one) => one.startsWith(`\u2014 ${name} `));
  if (!line) throw new Error("the checkpoint is not signed by the log");
  const signature = base64(line.split(" ").at(-1)).slice(4);
  const imported = await crypto.subtle.importKey("raw", key.slice(1), "Ed25519", false, ["verify"]);
  if (!(await crypto.subtle.verify("Ed25519", imported, signature, new TextEncoder().encode(text)))) throw new Error("the signature of the checkpoint is wrong");
}
async function verify(place, log) {
  if (!crypto.subtle) throw new Error("this browser computes no hashes on a page without TLS; download the proof instead");
  const get = async (url) => { const answer = await fetch(url); if (!answer.ok) throw new Error(`${url}: ${answer.status}`); return answer; };
  const record = new Uint8Array(await (await get(`${place}/record.json`)).arrayBuffer());
  const proof = await (await get(`${place}/proof.json`)).json();
  const vkey = (await (await get(`${log}/vkey`)).text()).trim();
  const leaf = await hash(0, record);
  const root = hex(await rootOf(leaf, proof.index, proof.tree_size, proof.hashes.map(bytes)));
  const [, size, stated] = proof.checkpoint.split("\n");
  if (size !== String(proof.tree_size) || hex(base64(stated)) !== root) throw new Error("the record is not under the checkpoint");
  await checkSignature(proof.checkpoint, vkey);
  return `Verified here: record ${proof.index} is one of ${proof.tree_size} under a checkpoint that the log signed. Root ${root.slice(0, 16)}\u2026, key ${vkey.split("+")[0]}.`;
}
function proofs(root) {
  for (const part of root.querySelectorAll("[data-verify]")) {
    const button = part.querySelector("button");
    const verdict = part.parentElement.querySelector(".verdict");
    button.hidden = false;
    button.addEventListener("click", async () => {
      verdict.className = "verdict banner";
      try {
        verdict.textContent = await verify(part.dataset.verify, part.dataset.log);
        verdict.classList.add("good");
      } catch (error) {
        verdict.textContent = `Not verified: ${error.message}`;
        verdict.classList.add("bad");
      }
    });
  }
}

function prepare(root) {
  unwatch();
  times(root);
  watchRecords(root);
  follow(root);
  proofs(root);
}

document.addEventListener("DOMContentLoaded", () => {
  prepare(document);
  zones();
});
