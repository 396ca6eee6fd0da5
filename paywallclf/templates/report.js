"use strict";
// Pages and blocks are in the document; beside each page stands its payload (see report.py), unpacked when it is needed.

const by = (id) => document.getElementById(id);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const KINDS = all("#kinds input").map((input) => input.value);
const LABELS = all("#labels input").map((input) => input.value);

const pages = all(".page").map((section) => ({
  section,
  list: section.querySelector(".blocks"),
  blocks: all(".block", section).map((element, index) => ({
    element,
    index,
    label: element.dataset.label,
    kind: element.dataset.kind,
    sure: Number(element.dataset.sure),
    given: null, // {label, kind}, once a person has decided
  })),
}));
let page = null; // the page that is shown, or null at the index
let block = null; // the block that is chosen
let unsaved = false;

// -- what is in the payload -----------------------------------------------------------------------------------------------

function payload(of) {
  of.unpacked ??= unpack(of.section.querySelector(".payload").textContent);
  return of.unpacked;
}

async function unpack(base64) {
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// -- labels ---------------------------------------------------------------------------------------------------------------

const current = (of) => of.given ?? of;
const say = (text) => { by("status").textContent = text; };
const corrected = (of) => of.blocks.filter((each) => each.given);
const named = ({ label, kind }) => (label === "promo" && kind ? `promo, ${kind}` : label);

async function give(label, kind) {
  const target = block;
  if (label === "promo" && !kind) {
    // the kind that it had, or else the one that the model would give a promo
    const { kinds } = (await payload(page)).blocks[target.index];
    kind = current(target).kind || target.kind || Object.keys(kinds).reduce((a, b) => (kinds[b] > kinds[a] ? b : a));
  }
  decide(target, { label, kind: label === "promo" ? kind : "" });
  say(`Block ${target.index + 1}: ${named(target.given)}. ${by("corrected").textContent} to download.`);
}

function undo() {
  if (!block?.given) return;
  decide(block, null);
  say(`Block ${block.index + 1}: again ${named(block)}, as it was labelled.`);
}

function decide(target, given) {
  target.given = given;
  unsaved = true;
  const { label, kind } = current(target);
  const { element } = target;
  element.dataset.label = label;
  element.querySelector(".label").textContent = label;
  element.querySelector(".kind").textContent = label === "promo" ? kind : "";
  const changed = given && named(given) !== named(target);
  element.querySelector(".sure").hidden = Boolean(given);
  element.querySelector(".was").textContent = !given ? "" : changed ? `was ${named(target)}` : "confirmed";
  count();
  showEditor();
}

function count() {
  for (const [place, each] of pages.entries()) {
    const cell = all(".page-corrected")[place];
    if (cell) cell.textContent = corrected(each).length;
  }
  by("corrected").textContent = pages.reduce((sum, each) => sum + corrected(each).length, 0);
  for (const chip of all(".chip")) {
    const label = chip.dataset.filter;
    chip.querySelector(".count").textContent = page ? page.blocks.filter((each) => current(each).label === label).length : "";
  }
}

// -- which blocks are shown, and in what order ------------------------------------------------------------------------------

const shown = () => (page?.list ? all(".block:not([hidden])", page.list) : []);

// A block that is corrected stays in sight until the filters are used again: it would be confusing to see it go.
function filter() {
  if (!page) return;
  const labels = new Set(all(".chip[aria-pressed=true]").map((chip) => chip.dataset.filter));
  const sure = by("sure").value;
  for (const each of page.blocks) {
    const wanted = sure === "corrected" ? each.given : sure === "1" || (each.sure < Number(sure) && !each.given);
    each.element.hidden = !(wanted && labels.has(current(each).label));
  }
  const ordered = [...page.blocks];
  if (by("order").value === "doubt") ordered.sort((a, b) => a.sure - b.sure);
  page.list?.append(...ordered.map((each) => each.element));
  const found = shown();
  by("nothing").hidden = found.length > 0 || !page.blocks.length;
  if (!block || block.element.hidden) choose(found[0]);
  else showEditor();
  say(`${found.length} of ${page.blocks.length} blocks shown.`);
}

// -- the chosen block -------------------------------------------------------------------------------------------------------

function choose(element, focus = false) {
  if (block) {
    block.element.setAttribute("aria-selected", "false");
    block.element.tabIndex = -1;
  }
  block = element ? page.blocks.find((each) => each.element === element) : null;
  if (block) {
    element.setAttribute("aria-selected", "true");
    element.tabIndex = 0;
    if (focus) element.focus({ preventScroll: true });
    if (focus) element.scrollIntoView({ block: "nearest" });
  }
  showEditor();
}

function step(distance) {
  const elements = shown();
  const place = block ? elements.indexOf(block.element) : -1;
  const next = elements[Math.min(Math.max(place + distance, 0), elements.length - 1)];
  if (next) choose(next, true);
}

function showEditor() {
  by("editor").hidden = !block;
  if (!block) return;
  const { label, kind } = current(block);
  const elements = shown();
  const place = elements.indexOf(block.element);
  by("place").textContent = `Block ${block.index + 1} of ${page.blocks.length}`;
  by("previous").disabled = place <= 0;
  by("next").disabled = place >= elements.length - 1;
  for (const input of all("#labels input")) input.checked = input.value === label;
  by("kinds").hidden = label !== "promo";
  for (const input of all("#kinds input")) {
    input.checked = input.value === kind;
    if (input.checked) input.parentElement.scrollIntoView({ block: "nearest", inline: "nearest" }); // a phone shows them in one row
  }
  by("undo").hidden = !block.given;
  showReasons();
}

// -- reasons ----------------------------------------------------------------------------------------------------------------

function make(tag, content, className) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...[content].flat());
  return element;
}

function heading(text) {
  return make("h4", text);
}

const percent = (value) => (value > 0.99 ? "> 99 %" : value < 0.01 ? "< 1 %" : `${Math.round(100 * value)} %`);
const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);
const side = (value) => (value < 0 ? "against" : "for");

function bar(name, from, to, className, value) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 1");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const rectangle = document.createElementNS(svg.namespaceURI, "rect");
  for (const [key, number] of Object.entries({ x: from, width: to - from, height: 1 })) rectangle.setAttribute(key, number);
  rectangle.setAttribute("class", className);
  svg.append(rectangle);
  return make("li", [make("span", name), svg, make("span", value, "value")]);
}

function features(pairs) {
  return make("ul", pairs.map(([name, weight]) =>
    make("li", [make("code", name), " ", make("span", signed(weight), `value ${side(weight)}`)])), "features");
}

async function showReasons() {
  const target = block;
  const data = await payload(page);
  if (block !== target) return; // another was chosen meanwhile
  const { probabilities, kinds, reasons, path } = data.blocks[target.index];
  by("decision").textContent = `${target.label}, ${percent(target.sure)}`;
  const parts = [
    make("ul", LABELS.map((label) => bar(label, 0, 100 * probabilities[label], label, percent(probabilities[label]))), "bars"),
    make("p", `A promo from ${(100 * data.threshold).toPrecision(2).replace(/\.0$/, "")} % on: the threshold.`),
  ];
  if (target.label === "promo") {
    const likely = KINDS.filter((kind) => kinds[kind] >= 0.05).sort((a, b) => kinds[b] - kinds[a]);
    parts.push(heading("Kind, if it is a promo"), make("ul", likely.map((kind) => bar(kind, 0, 100 * kinds[kind], "promo", percent(kinds[kind]))), "bars"));
  }
  if (reasons) {
    const { groups, ngrams, markup, log_odds: odds } = reasons;
    const most = Math.max(...Object.values(groups).map(Math.abs), 1);
    const width = (value) => 50 + (50 * value) / most;
    parts.push(heading(`What speaks for a promo (+) or against (−), in log-odds; together ${signed(odds)}`));
    parts.push(make("ul", Object.entries(groups).map(([name, value]) =>
      bar(name, Math.min(50, width(value)), Math.max(50, width(value)), side(value), signed(value))), "bars"));
    if (ngrams.length) parts.push(heading("In its text"), features(ngrams));
    if (markup.length) parts.push(heading("In its markup"), features(markup));
  } else {
    parts.push(make("p", "The other reasons are kept for the less sure blocks only, so that this file stays small."));
  }
  if (path) parts.push(heading("Where it stands"), make("p", make("code", path)));
  by("reasons").replaceChildren(...parts);
}

// -- pages ------------------------------------------------------------------------------------------------------------------

async function open(next) {
  choose(null);
  page = next ?? null;
  for (const each of pages) each.section.hidden = each !== page;
  by("work").hidden = !page;
  if (by("index")) by("index").hidden = Boolean(page);
  if (by("to-index")) by("to-index").hidden = !page;
  count();
  if (!page) return;
  filter();
  block?.element.focus({ preventScroll: true });
  window.scrollTo(0, 0);
  const opened = page;
  const { access, language } = await payload(opened);
  if (language) for (const text of all(".text", opened.section)) text.lang = language;
  const words = { open: "Open to read", locked: "Locked", unknown: "" }[access.state];
  opened.section.querySelector(".access").textContent = [words, ...access.evidence].filter(Boolean).join(" · ");
}

function follow() {
  const place = pages.findIndex((each) => `#${each.section.id}` === location.hash);
  open(pages[pages.length === 1 ? 0 : place]);
}

function turn(distance) {
  const next = pages[pages.indexOf(page) + distance];
  if (pages.length > 1 && next) location.hash = next.section.id;
}

// -- the label file -----------------------------------------------------------------------------------------------------------

async function rows() {
  const lines = [];
  for (const each of pages) {
    const whole = each.section.querySelector(".reviewed input").checked;
    const chosen = whole ? each.blocks : corrected(each);
    if (!chosen.length) continue;
    const { form, source, blocks } = await payload(each);
    const { id, group } = each.section.dataset;
    const labels = chosen.map((one) => {
      const { label, kind } = current(one);
      return { fingerprint: blocks[one.index].fingerprint, label, ...(label === "promo" && kind ? { kind } : {}) };
    });
    lines.push(JSON.stringify({ id, ...(group === undefined ? {} : { group }), [form]: source, labels }) + "\n");
  }
  return lines;
}

async function download() {
  const lines = await rows();
  if (!lines.length) return say("Nothing to download: no label was corrected, and no page was read whole.");
  const link = make("a", "");
  link.href = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
  link.download = "labels.jsonl";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  unsaved = false;
  say(`labels.jsonl: ${lines.length} ${lines.length === 1 ? "page" : "pages"}.`);
}

// -- keys and clicks ------------------------------------------------------------------------------------------------------------

const actions = {
  ArrowDown: () => step(1), ArrowUp: () => step(-1), j: () => step(1), k: () => step(-1), J: () => turn(1), K: () => turn(-1),
  Home: () => step(-Infinity), End: () => step(Infinity), u: undo, r: () => by("why").toggleAttribute("open"),
  ...Object.fromEntries(LABELS.map((label) => [label[0], () => give(label)])),
  ...Object.fromEntries(KINDS.map((kind, place) => [place + 1, () => give("promo", kind)])),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || by("help").open) return;
  const inList = event.target.closest?.(".blocks");
  const single = event.key.length === 1;
  // arrows belong to the list; letters work everywhere but where one types or chooses by letters, unless switched off
  if (single ? !by("keys").checked || event.target.closest?.("select") : !inList) return;
  if (event.key === "?") by("help").showModal();
  else if (block && Object.hasOwn(actions, event.key)) actions[event.key]();
  else return;
  event.preventDefault();
});

by("sections").addEventListener("click", (event) => {
  const element = event.target.closest(".block");
  if (element) choose(element, true);
});
by("labels").addEventListener("change", (event) => give(event.target.value));
by("kinds").addEventListener("change", (event) => give("promo", event.target.value));
by("previous").addEventListener("click", () => step(-1));
by("next").addEventListener("click", () => step(1));
by("undo").addEventListener("click", () => { undo(); block.element.focus(); });
by("download").addEventListener("click", download);
by("help-button").addEventListener("click", () => by("help").showModal());
by("sure").addEventListener("change", filter);
by("order").addEventListener("change", () => { choose(null); filter(); }); // from the first in the new order
for (const chip of all(".chip")) {
  chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") !== "true");
    filter();
  });
}
for (const input of all(".reviewed input")) input.addEventListener("change", () => { unsaved = true; });
// on a small screen the editor lies over the end of the list
new ResizeObserver(() => {
  const over = getComputedStyle(by("editor")).position === "fixed";
  document.documentElement.style.scrollPaddingBottom = over ? `${by("editor").offsetHeight + 8}px` : "";
  if (over && block?.element.contains(document.activeElement)) block.element.scrollIntoView({ block: "nearest" });
}).observe(by("editor"));
window.addEventListener("hashchange", follow);
window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
follow();
