
// The gallery. Texts only ever become text nodes, so nothing in them can be markup. A pair is
// [kind, gold, predicted, confidence, lost]; spans are [start, end, label] in code points.
const { documents, kinds } = JSON.parse(document.getElementById("data").textContent);
const styles = JSON.parse(document.getElementById("styles").textContent);
const WORDS = {
  vi: { overlaid: "chồng lên nhau", beside: "cạnh nhau", gold: "Gold", guess: "Dự đoán", kind: "Loại lỗi", sure: "Tin cậy", lost: "mất khi chuyển đổi", none: "Không có bài nào khớp.", right: "Không có lỗi.", count: (d, e) => `${d} bài, ${e} lỗi` },
  en: { overlaid: "overlaid", beside: "side by side", gold: "Gold", guess: "Predicted", kind: "Kind", sure: "Confidence", lost: "lost in conversion", none: "No document matches.", right: "No errors.", count: (d, e) => `${d} documents, ${e} errors` },
};
const byId = (id) => document.getElementById(id);
const list = byId("documents"), shownArticle = byId("document");
const filters = { label: byId("by-label"), kind: byId("by-kind"), text: byId("by-text"), view: byId("view") };
const say = (name) => WORDS[root.lang][name];
const kindWord = (kind) => kinds[kind][root.lang === "vi" ? 0 : 1];
const wrong = (pair) => pair[0] !== "correct";
const order = documents.map((entry, index) => {
  entry.errors = entry.pairs.filter(wrong).length;
  entry.search = (entry.id + "\n" + entry.text).normalize("NFC").toLowerCase();
  return index;
}).sort((a, b) => documents[b].errors - documents[a].errors || a - b);
let visible = [], current = -1, errorShown = -1;

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function matches(pair) {
  const label = filters.label.value, kind = filters.kind.value;
  if (label && pair[1]?.[2] !== label && pair[2]?.[2] !== label) return false;
  return kind ? pair[0] === kind : true;
}

function applyFilters() {
  const text = filters.text.value.normalize("NFC").toLowerCase();
  const filtered = filters.label.value || filters.kind.value;
  visible = order.filter((index) => {
    const entry = documents[index];
    return (!text || entry.search.includes(text)) && (!filtered || entry.pairs.some((pair) => wrong(pair) && matches(pair)));
  });
  const rows = visible.map((index) => {
    const entry = documents[index];
    const button = make("button", { type: "button" },
      make("b", { textContent: entry.id, dir: "auto" }),
      make("span", { className: "errors", textContent: entry.errors ? "✗ " + entry.errors : "✓" }),
      make("small", { textContent: entry.meta }));
    button.dataset.index = index;
    return make("li", {}, button);
  });
  list.replaceChildren(...rows);
  const errors = visible.reduce((sum, index) => sum + documents[index].pairs.filter((pair) => wrong(pair) && matches(pair)).length, 0);
  byId("count").textContent = say("count")(visible.length, errors);
  show(visible.includes(current) ? current : visible[0] ?? -1);
}

function show(index, { focus = false, anchor = true } = {}) {
  list.querySelector("[aria-current]")?.removeAttribute("aria-current");
  if (index !== current) errorShown = -1;
  current = index;
  if (index < 0) {
    shownArticle.replaceChildren(make("p", { textContent: say("none") }));
    return;
  }
  const button = list.querySelector(`[data-index="${index}"]`);
  button?.setAttribute("aria-current", "true");
  if (button && focus) {
    button.focus({ preventScroll: true });
    list.scrollTop = button.parentElement.offsetTop - list.offsetTop - list.clientHeight / 3;
  }
  draw(documents[index]);
  shownArticle.scrollTop = 0;
  if (anchor && focus) history.replaceState(null, "", "#doc=" + encodeURIComponent(documents[index].id));
}

function draw(entry) {
  const letters = Array.from(entry.text);
  const beside = filters.view.value === "beside";
  const layers = make("div", { className: beside ? "layers beside" : "layers" });
  for (const sides of beside ? [["gold"], ["guess"]] : [["gold", "guess"]]) {
    const column = make("div");
    if (beside) column.append(make("h4", { textContent: say(sides[0]) }));
    column.append(drawText(entry, letters, sides));
    layers.append(column);
  }
  const link = make("a", { href: "#doc=" + encodeURIComponent(entry.id), textContent: entry.id, dir: "auto" });
  shownArticle.replaceChildren(
    make("h3", {}, link), make("p", { className: "note", textContent: entry.meta }), layers, drawErrors(entry, letters));
}

// Gold spans never overlap each other, nor do predictions, so every stretch lies in one of each at most.
function drawText(entry, letters, sides) {
  const goldAt = new Map(), guessAt = new Map(), borders = new Set([0, letters.length]);
  entry.pairs.forEach((pair, number) => {
    for (const [span, place, side] of [[pair[1], goldAt, "gold"], [pair[2], guessAt, "guess"]]) {
      if (!span || !sides.includes(side)) continue;
      for (let i = span[0]; i < span[1]; i++) place.set(i, number);
      borders.add(span[0]).add(span[1]);
    }
  });
  const cuts = [...borders].sort((a, b) => a - b), box = make("div", { className: "text", dir: "auto" });
  for (let c = 0; c + 1 < cuts.length; c++) {
    const [start, end] = [cuts[c], cuts[c + 1]];
    const gold = goldAt.get(start), guess = guessAt.get(start);
    const content = withControls(letters.slice(start, end).join(""));
    if (gold === undefined && guess === undefined) { box.append(...content); continue; }
    const pairs = entry.pairs, right = (gold ?? guess) !== undefined && !wrong(pairs[gold ?? guess]);
    const node = make("span", { className: "seg" });
    const filtered = filters.label.value || filters.kind.value;
    for (const number of new Set([gold, guess])) {
      if (number === undefined || !wrong(pairs[number])) continue;
      node.classList.add("error-" + number);
      if (filtered && matches(pairs[number])) node.classList.add("hit");
    }
    if (gold !== undefined) {
      node.style.setProperty("--g", colour(pairs[gold][1][2]));
      node.classList.add(right ? "ok" : "gold");
      if (pairs[gold][1][0] === start) node.append(tag(pairs[gold][1][2], "tag"));
    }
    if (guess !== undefined) {
      node.style.setProperty("--p", colour(pairs[guess][2][2]));
      if (right) { node.classList.add("ok"); node.style.setProperty("--g", colour(pairs[guess][2][2])); }
      else node.classList.add("guess");
      if (pairs[guess][2][0] === start && (!right || gold === undefined)) node.append(tag(pairs[guess][2][2], right ? "tag" : "tag guess"));
    }
    node.append(...content);
    box.append(node);
  }
  return box;
}

// Marks that cannot be seen but turn a line around or hide in a name are shown by their number.
function withControls(text) {
  return text.split(/([\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff])/).filter(Boolean).map((part, i) =>
    /^[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]$/.test(part)
      ? make("span", { className: "control", textContent: "U+" + part.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") })
      : document.createTextNode(part));
}

const colour = (label) => styles[label]?.background_color ?? "var(--muted)";

function tag(label, className) {
  const node = make("span", { className, textContent: label });
  node.style.setProperty("--c", colour(label));
  node.style.setProperty("--on", styles[label]?.text_color ?? "#fff");
  return node;
}

function drawErrors(entry, letters) {
  const numbers = entry.pairs.map((_, number) => number).filter((number) => wrong(entry.pairs[number]));
  if (!numbers.length) return make("p", { textContent: say("right") });
  const span = (side) => side ? [tag(side[2], "tag"), " ", ...withControls(letters.slice(side[0], side[1]).join(""))] : ["∅"];
  const rows = numbers.map((number, position) => {
    const [kind, gold, guess, sure, lost] = entry.pairs[number];
    const go = make("button", { type: "button", textContent: kindWord(kind) });
    go.addEventListener("click", () => showError(position));
    return make("tr", {}, make("td", {}, go), make("td", {}, ...span(gold), ...(lost ? [` (${say("lost")})`] : [])),
      make("td", {}, ...span(guess)), make("td", { className: "n", textContent: sure === null ? "" : sure.toFixed(2) }));
  });
  const heads = ["kind", "gold", "guess", "sure"].map((name) => make("th", { scope: "col", textContent: say(name), className: name === "sure" ? "n" : "" }));
  return make("div", { className: "scroll" }, make("table", { className: "found" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)));
}

function showError(position) {
  const entry = documents[current];
  const numbers = entry.pairs.map((_, number) => number).filter((number) => wrong(entry.pairs[number]));
  if (!numbers.length) return;
  errorShown = (position + numbers.length) % numbers.length;
  for (const node of shownArticle.querySelectorAll(".hit")) node.classList.remove("hit");
  const nodes = shownArticle.querySelectorAll(".error-" + numbers[errorShown]);
  for (const node of nodes) node.classList.add("hit");
  if (nodes[0]) shownArticle.scrollTop += nodes[0].getBoundingClientRect().top - shownArticle.getBoundingClientRect().top - shownArticle.clientHeight / 3;
}

function step(by) {
  if (!visible.length) return;
  const place = Math.min(Math.max(visible.indexOf(current) + by, 0), visible.length - 1);
  show(visible[place], { focus: true });
}

function followAddress() {
  if (!location.hash.startsWith("#doc=")) return;
  const id = decodeURIComponent(location.hash.slice(5));
  const index = documents.findIndex((entry) => entry.id === id);
  if (index < 0) return;
  if (!visible.includes(index)) { for (const name of ["label", "kind", "text"]) filters[name].value = ""; applyFilters(); }
  byId("gallery").scrollIntoView();
  show(index, { focus: true });
}

list.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) show(Number(button.dataset.index), { focus: true });
});
for (const name of ["label", "kind"]) filters[name].addEventListener("change", applyFilters);
filters.text.addEventListener("input", applyFilters);
filters.view.addEventListener("change", () => { if (current >= 0) draw(documents[current]); });
byId("filters").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select, textarea")) { if (event.key === "Escape") event.target.blur(); return; }
  const act = { j: () => step(1), k: () => step(-1), n: () => showError(errorShown + 1), p: () => showError(Math.max(errorShown, 0) - 1), "/": () => filters.text.focus() }[event.key];
  if (act) { event.preventDefault(); act(); }
  if (event.target.closest("#documents") && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    step(event.key === "ArrowDown" ? 1 : -1);
  }
});
addEventListener("hashchange", followAddress);

function nameOptions() {
  for (const option of filters.view.options) option.textContent = say(option.value);
  for (const option of filters.kind.options) if (option.value) option.textContent = kindWord(option.value);
  applyFilters();
}
document.addEventListener("language", nameOptions);
nameOptions();
followAddress();
