// The demo portal's only script: cards and files to drag, pages that look again by themselves. Everything it does
// stands in a form or a link too, so the pages work without it.
"use strict";
document.documentElement.classList.add("scripted");
const EVERY = 2000;
const PARTS = ["main", "sections", "bell", "guide"];
const SOON = [250, 700, 1400];
const seen = new Map(PARTS.map((id) => [id, html(document, id)]));
let dragged = null;
// Which look is the last, and how many deeds are under way: what an older look saw is not drawn over a newer state.
let looks = 0;
let deeds = 0;

function html(page, id) {
  const part = page.getElementById(id);
  return part ? part.innerHTML : "";
}

function tell(text) {
  const place = document.getElementById("told");
  place.textContent = text;
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => { place.textContent = ""; }, 6000);
}

// A part that somebody is using stays as it is until they are done.
function isInUse(id) {
  const part = document.getElementById(id);
  if (id === "bell") return part.open;
  if (dragged || part.querySelector(".over")) return true;
  const focused = document.activeElement;
  if (part.contains(focused) && /^(INPUT|SELECT|TEXTAREA)$/.test(focused.tagName)) return true;
  const chosen = window.getSelection();
  return !chosen.isCollapsed && part.contains(chosen.anchorNode);
}

function selectorOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  if (href) return `${element.tagName}[href="${CSS.escape(href)}"]`;
  if (element.value) return `${element.tagName}[value="${CSS.escape(element.value)}"]`;
  const key = element.parentElement && element.parentElement.dataset.key;
  return key ? `[data-key="${CSS.escape(key)}"] > ${element.tagName}` : "";
}

function draw(part, text) {
  const focused = part.contains(document.activeElement) ? selectorOf(document.activeElement) : "";
  const folds = [...part.querySelectorAll("details[data-key]")].map((one) => [one.dataset.key, one.open]);
  const scrolled = [...part.querySelectorAll("[data-keeps-scroll]")].map((one) => one.scrollLeft);
  const cards = new Set([...part.querySelectorAll("[data-deal]")].map(placeOf));
  part.innerHTML = text;
  for (const [key, isOpen] of folds) {
    const fold = part.querySelector(`details[data-key="${CSS.escape(key)}"]`);
    // What the server unfolds leads to something new; what the reader unfolded stays so.
    if (fold && isOpen) fold.open = true;
  }
  part.querySelectorAll("[data-keeps-scroll]").forEach((one, at) => { one.scrollLeft = scrolled[at] || 0; });
  part.querySelectorAll("[data-deal]").forEach((one) => {
    if (cards.size && !cards.has(placeOf(one))) one.classList.add("arrived");
  });
  const again = focused && part.querySelector(focused);
  if (again) again.focus({ preventScroll: true });
}

function placeOf(card) {
  return `${card.dataset.deal} ${card.closest("[data-stage]").dataset.stage}`;
}

async function look() {
  if (document.hidden || deeds) return;
  const mine = ++looks;
  let text;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) return;
    text = await answer.text();
  } catch {
    return;
  }
  if (mine !== looks || deeds) return;
  redraw(new DOMParser().parseFromString(text, "text/html"));
}

function redraw(page) {
  for (const id of PARTS) {
    const part = document.getElementById(id);
    const text = html(page, id);
    if (!part || text === seen.get(id) || isInUse(id)) continue;
    seen.set(id, text);
    draw(part, text);
  }
}

function lookSoon() {
  for (const wait of SOON) setTimeout(look, wait);
}

async function send(address, form) {
  deeds += 1;
  try {
    const answer = await fetch(address, { method: "POST", body: form, redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.ok) return "";
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const reason = page.querySelector(".refusal p");
    return reason ? reason.textContent : "Портал не принял изменение.";
  } catch {
    return "Портал не отвечает.";
  } finally {
    deeds -= 1;
  }
}

function columnAt(event) {
  return dragged && event.target.closest ? event.target.closest("[data-stage]") : null;
}

function lightUp(place) {
  document.querySelectorAll(".over").forEach((one) => { if (one !== place) one.classList.remove("over"); });
  if (place) place.classList.add("over");
}

document.addEventListener("dragstart", (event) => {
  const card = event.target.closest ? event.target.closest("[data-deal]") : null;
  if (!card) return;
  dragged = card;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", card.dataset.deal);
  card.classList.add("dragged");
});

document.addEventListener("dragend", () => {
  if (dragged) dragged.classList.remove("dragged");
  dragged = null;
  lightUp(null);
});

document.addEventListener("dragover", (event) => {
  const column = columnAt(event);
  const zone = !dragged && event.target.closest ? event.target.closest("[data-drop]") : null;
  lightUp(column || zone);
  // A file dropped beside the place for it must not replace the page.
  if (column || zone || !dragged) event.preventDefault();
});

document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) lightUp(null);
});

document.addEventListener("drop", (event) => {
  const column = columnAt(event);
  if (column) {
    event.preventDefault();
    move(dragged, column);
    return;
  }
  if (dragged) return;
  event.preventDefault();
  const zone = event.target.closest ? event.target.closest("[data-drop]") : null;
  lightUp(null);
  if (!zone || !event.dataTransfer.files.length) return;
  const field = zone.querySelector("input[type=file]");
  field.files = event.dataTransfer.files;
  field.form.requestSubmit();
});

async function move(card, column) {
  const home = card.closest("[data-stage]");
  dragged = null;
  lightUp(null);
  if (home === column) return;
  const next = card.nextSibling;
  column.querySelector("header").after(card);
  const form = new FormData();
  form.set("stage", column.dataset.stage);
  const title = card.querySelector("h3").textContent.trim();
  const refusal = await send(`/demo-portal/deals/${card.dataset.deal}/stage`, form);
  if (refusal) home.insertBefore(card, next);
  tell(refusal || `«${title}» → ${column.dataset.name}`);
  lookSoon();
}

document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.matches("[data-drop] input[type=file]") && field.files.length) field.form.requestSubmit();
  if (field.matches("[data-submits]")) field.form.requestSubmit();
});

// Opened is read: the count goes with the next look, the marks stay while the list is open.
document.addEventListener("toggle", (event) => {
  const form = event.target.id === "bell" && event.target.open ? event.target.querySelector("form") : null;
  const count = event.target.querySelector(".count");
  if (form && count) send(form.action, new FormData(form)).then((refusal) => { if (!refusal) count.remove(); });
}, true);

document.addEventListener("click", (event) => {
  const bell = document.getElementById("bell");
  if (bell.open && !bell.contains(event.target)) bell.open = false;
});

document.addEventListener("keydown", (event) => {
  const bell = document.getElementById("bell");
  if (event.key !== "Escape" || !bell.open) return;
  bell.open = false;
  bell.querySelector("summary").focus();
});

if (document.body.hasAttribute("data-live")) {
  setInterval(look, EVERY);
  if (document.querySelector(".said")) lookSoon();
}
