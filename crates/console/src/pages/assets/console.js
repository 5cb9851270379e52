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
  if (push) history.pushState({}, "", url);
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
window.addEventListener("popstate", () => location.reload());

function prepare(root) {
  times(root);
}

document.addEventListener("DOMContentLoaded", () => {
  prepare(document);
  zones();
});
