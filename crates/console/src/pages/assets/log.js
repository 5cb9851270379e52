// The whole log, verified in the browser: every record is read and hashed, and the root over all of
// them, and over as many as each earlier checkpoint says, must be the one that the log signed. One
// bundle of records is in memory at a time. Stands on the functions of the console's script.
"use strict";

(() => {
  const WIDTH = 256;
  const node = (left, right) => hash(1, left, right);

  async function read(url) {
    const answer = await fetch(url);
    return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
  }
  const readText = async (url) => new TextDecoder().decode((await read(url)) ?? new Uint8Array());

  // Text and signatures, an empty line after each (docs/log-format.md).
  function notes(file) {
    const parts = file.trimEnd().split("\n\n");
    const found = [];
    for (let at = 0; at + 1 < parts.length; at += 2) found.push(`${parts[at]}\n\n${parts[at + 1]}\n`);
    return found;
  }

  function opened(note) {
    const [origin, size, root] = note.split("\n");
    return { origin, size: Number(size), root: hex(base64(root)), note };
  }

  // A tile's number in groups of three digits.
  function path(number, width) {
    const digits = String(number);
    const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.{3}/g);
    const name = groups.map((group, at) => (at + 1 < groups.length ? `x${group}` : group)).join("/");
    return width < WIDTH ? `${name}.p/${width}` : name;
  }

  // A partial tile goes when the full one is there.
  async function tile(folder, number, width) {
    return (await read(`${folder}/${path(number, width)}`)) ?? (width < WIDTH ? read(`${folder}/${path(number, WIDTH)}`) : null);
  }

  // The hashes of the records of a bundle: each has its length in two bytes before it.
  async function leaves(bundle, number, width) {
    const records = [];
    for (let at = 0; at < bundle.length && records.length < width;) {
      const end = at + 2 + bundle[at] * 256 + bundle[at + 1];
      if (!(end <= bundle.length)) throw new Error(`record ${number * WIDTH + records.length} is cut off`);
      records.push(bundle.subarray(at + 2, end));
      at = end;
    }
    if (records.length < width) throw new Error(`record ${number * WIDTH + records.length} is missing`);
    return Promise.all(records.map((record) => hash(0, record)));
  }

  // The root over some leaves: a level at a time; what has no neighbour goes up as it is.
  async function treeOf(level) {
    while (level.length > 1) {
      const pairs = Array.from({ length: level.length >> 1 }, (_, at) => node(level[2 * at], level[2 * at + 1]));
      level = (await Promise.all(pairs)).concat(level.length % 2 ? [level.at(-1)] : []);
    }
    return level[0];
  }

  // Complete subtrees of falling size, each of so many bundles.
  class Edge {
    trees = [];

    async add(root) {
      let size = 1;
      while (this.trees.at(-1)?.size === size) {
        root = await node(this.trees.pop().root, root);
        size *= 2;
      }
      this.trees.push({ size, root });
    }

    async root(rest) {
      let root = rest.length ? await treeOf(rest) : null;
      for (const tree of this.trees.toReversed()) root = root ? await node(tree.root, root) : tree.root;
      return root ? hex(root) : hex(await crypto.subtle.digest("SHA-256", new Uint8Array()));
    }
  }

  async function signed(log, isDropped) {
    const vkey = (await readText(`${log}/vkey`)).trim();
    const last = opened(await readText(`${log}/checkpoint`));
    const [past, dropped] = [await readText(`${log}/checkpoints`), isDropped ? await readText(`${log}/dropped`) : ""];
    const kept = notes(past).map(opened).filter((one) => one.size !== last.size);
    let before = -1;
    for (const one of [...kept, last]) {
      await checkSignature(one.note, vkey);
      if (one.origin !== vkey.split("+")[0]) throw new Error("a checkpoint is of another log");
      // Signed while this page reads them, a newer one may stand among those that are kept.
      if (one !== last && one.size > last.size) break;
      if (one.size <= before) throw new Error(`the log was rolled back from ${before} records to ${one.size}`);
      before = one.size;
    }
    return { last, kept: kept.filter((one) => one.size < last.size), from: await begins(dropped, last.origin, vkey) };
  }

  // The first bundle that must be there, whatever retention let go.
  async function begins(dropped, origin, vkey) {
    if (!dropped) return 0;
    const [name, first] = dropped.split("\n");
    await checkSignature(dropped, vkey);
    if (name !== `${origin}/dropped`) throw new Error("what was let go is said of another log");
    return Math.floor(Number(first) / WIDTH);
  }

  async function hashes(log, number, width, from) {
    const bundle = await tile(`${log}/tile/entries`, number, width);
    if (bundle) return { found: await leaves(bundle, number, width), isRead: true };
    if (number >= from) throw new Error(`records ${number * WIDTH} to ${number * WIDTH + width - 1} are missing`);
    const told = await tile(`${log}/tile/0`, number, width);
    if (!told || told.length < width * 32) throw new Error(`the hashes of records from ${number * WIDTH} on are missing`);
    return { found: Array.from({ length: width }, (_, at) => told.subarray(at * 32, at * 32 + 32)), isRead: false };
  }

  async function verifyAll({ verifyLog: log, dropped }, tell, isStopped) {
    const { last, kept, from } = await signed(log, dropped !== undefined);
    const [edge, waiting] = [new Edge(), [...kept, last]];
    const bundles = Math.ceil(last.size / WIDTH);
    const widthOf = (number) => Math.min(WIDTH, last.size - number * WIDTH);
    const ask = (number) => {
      const asked = hashes(log, number, widthOf(number), from);
      asked.catch(() => {});
      return asked;
    };
    let [seen, next] = [0, bundles > 0 ? ask(0) : null];
    for (let number = 0; number < bundles; number += 1) {
      if (isStopped()) throw new Error(`stopped after ${number * WIDTH} of ${last.size} records`);
      const { found, isRead } = await next;
      next = number + 1 < bundles ? ask(number + 1) : null;
      seen += isRead ? found.length : 0;
      const start = number * WIDTH;
      while (waiting.length && waiting[0].size < start + WIDTH) await compare(edge, waiting.shift(), found, start);
      if (found.length === WIDTH) await edge.add(await treeOf(found));
      tell(start + found.length, last.size);
    }
    for (const one of waiting) await compare(edge, one, [], one.size);
    const unread = last.size - seen;
    return `Verified here: all ${last.size} records are under the checkpoint that the log signed, and each of ${kept.length} earlier ones grew into it`
      + `${unread ? `; ${unread} records were let go, and only their hashes are left` : ""}. Root ${last.root.slice(0, 16)}\u2026, key ${last.origin}.`;
  }

  async function compare(edge, one, found, start) {
    const root = await edge.root(found.slice(0, one.size - start));
    if (root !== one.root) throw new Error(`the first ${one.size} records are not those that the log signed`);
  }

  async function checkpoint(log) {
    const note = await readText(`${log}/checkpoint`);
    await checkSignature(note, (await readText(`${log}/vkey`)).trim());
    return `Verified here: the log signed a checkpoint over ${note.split("\n")[1]} records.`;
  }

  function offer(part) {
    const verdict = part.parentElement.querySelector(".verdict");
    const say = (text, tone) => { verdict.className = `verdict banner ${tone}`; verdict.textContent = text; };
    const judge = async (work) => {
      try {
        if (!crypto.subtle) throw new Error("this browser computes nothing of the kind on a page without TLS");
        say(await work(), "good");
      } catch (error) {
        say(`Not verified: ${error.message}`, "bad");
      }
    };
    const [one, all] = ["checkpoint", "all"].map((name) => part.querySelector(`[data-part=${name}]`));
    one.hidden = all.hidden = false;
    one.addEventListener("click", () => judge(() => checkpoint(part.dataset.verifyLog)));
    let running = false;
    let stopped = false;
    const words = all.textContent;
    // Now and then, so that whoever listens to the page is not read every step.
    let told = 0;
    const tell = (done, size) => {
      if (performance.now() - told < 1000) return;
      told = performance.now();
      say(`${done.toLocaleString()} of ${size.toLocaleString()} records\u2026`, "notice");
    };
    all.addEventListener("click", async () => {
      if (running) { stopped = true; return; }
      [running, stopped] = [true, false];
      [one.disabled, all.textContent] = [true, "Stop"];
      await judge(() => verifyAll(part.dataset, tell, () => stopped));
      [running, one.disabled, all.textContent] = [false, false, words];
    });
  }

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-verify-log]").forEach(offer));
})();
