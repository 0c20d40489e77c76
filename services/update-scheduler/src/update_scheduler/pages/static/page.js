// What a page does more with JavaScript than without: it brings itself up to date, asks before a deletion in a
// dialog instead of on a page, counts what is chosen, and lets the arrow keys walk rows. It knows no rule.
"use strict";

const body = document.body;
let asked = 0;

// Replace the regions of this page that changed; what somebody is typing in stays.
async function lookAgain() {
  const mine = ++asked;
  let answer;
  try {
    answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  } catch {
    return;
  }
  if (mine !== asked || answer.redirected || !answer.headers.get("Content-Type")?.startsWith("text/html")) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-region]")) {
    const now = fresh.getElementById(old.id);
    if (now && now.innerHTML !== old.dataset.was && now.innerHTML !== old.innerHTML) swap(old, now);
  }
  for (const old of document.querySelectorAll("[data-follow]")) {
    const now = fresh.querySelector("[data-follow]");
    const form = old.closest("form");
    // a form that nobody has begun to fill follows the page; one that was begun is checked when it is sent
    if (now && now.value !== old.value && !begun(form)) {
      const same = fresh.querySelector(`form[action="${form.getAttribute("action")}"]`);
      if (same) form.replaceWith(document.importNode(same, true));
    }
  }
}

function begun(form) {
  return form.contains(document.activeElement) ||
    [...form.elements].some((e) => (e.type === "radio" || e.type === "checkbox") ? e.checked !== e.defaultChecked
      : e.tagName === "SELECT" ? [...e.options].some((o) => o.selected !== o.defaultSelected && e.value)
      : "defaultValue" in e && e.type !== "hidden" && e.value !== e.defaultValue);
}

function swap(old, now) {
  const chosen = new Set([...old.querySelectorAll("input[name=id]:checked")].map((e) => e.value.split(":")[0]));
  const held = old.contains(document.activeElement) ? keyOf(document.activeElement) : "";
  const changed = seen(old) !== seen(now);
  old.replaceChildren(...document.importNode(now, true).childNodes);
  for (const box of old.querySelectorAll("input[name=id]")) box.checked = chosen.has(box.value.split(":")[0]);
  if (held) [...old.querySelectorAll("a, button, input")].find((e) => keyOf(e) === held)?.focus({ preventScroll: true });
  if (changed) {
    old.classList.remove("fresh");
    requestAnimationFrame(() => old.classList.add("fresh"));
  }
  count();
}

// Ages and relative times go on by themselves: they are no news.
function seen(region) {
  const copy = region.cloneNode(true);
  for (const e of copy.querySelectorAll(".rel, .timer, .age, svg")) e.remove();
  return copy.textContent.replace(/\s+/g, " ");
}

function keyOf(e) {
  return e.getAttribute("href") || (e.value || "").split(":")[0] || e.textContent;
}

// Look at once after news, then no more often than the service bears.
let last = 0;
let waiting = 0;
function news(pace) {
  if (waiting) return;
  const wait = Math.max(Math.random() * pace, last + Math.max(300, pace) - Date.now(), 30);
  waiting = setTimeout(async () => {
    waiting = 0;
    last = Date.now();
    await lookAgain();
  }, wait);
}

function listen() {
  const stream = new EventSource(body.dataset.live);
  const offline = document.querySelector("[data-offline]");
  let lost = 0;
  stream.addEventListener("ready", () => {
    clearTimeout(lost);
    body.dataset.connected = "yes";
    if (!offline.hidden) news(0);
    offline.hidden = true;
  });
  stream.addEventListener("changed", (event) => news(Number(event.data) || 0));
  stream.addEventListener("error", () => {
    body.dataset.connected = "no";
    clearTimeout(lost);
    lost = setTimeout(() => { offline.hidden = false; }, 4000);
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
  addEventListener("pagehide", () => stream.close(), { once: true });
}
if (body.dataset.live) {
  listen();
  setInterval(() => { if (!document.hidden) news(0); }, 60000);
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

// Are you sure? The same page that is there without JavaScript, in a dialog.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-confirm]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  let fresh;
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("confirm");
  } catch {
    fresh = null;
  }
  if (!fresh) {
    location.href = link.href;
    return;
  }
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "confirm-head");
  dialog.append(document.importNode(fresh, true));
  dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
  dialog.addEventListener("click", (inner) => {
    const close = inner.target.closest("[data-close]");
    if (close || inner.target === dialog) {
      inner.preventDefault();
      dialog.close();
    }
  });
  body.append(dialog);
  dialog.showModal();
  dialog.querySelector("[data-close]")?.focus();
});

// How many are chosen.
function count() {
  const at = document.querySelector("[data-chosen]");
  if (!at) return;
  const n = document.querySelectorAll("input[name=id]:checked").length;
  at.textContent = n === 1 ? "1 request chosen" : `${n} requests chosen`;
}
document.addEventListener("change", count);
count();

// Arrow keys walk the rows of a sheet, from link to link of the same column.
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const cell = event.target.closest?.(".sheet tbody th, .sheet tbody td");
  if (!cell || event.target.matches("select, textarea, input:not([type=checkbox])")) return;
  const rows = [...document.querySelectorAll(".sheet tbody tr")];
  const next = rows[rows.indexOf(cell.parentElement) + (event.key === "ArrowDown" ? 1 : -1)];
  const goal = next?.children[cell.cellIndex]?.querySelector("a, input");
  if (goal) {
    event.preventDefault();
    goal.focus();
  }
});

document.querySelector("[data-focus]")?.focus();
