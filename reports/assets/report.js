// The behaviour of report.html: the list of rules, their pages, sorting, theme.
// Everything is in the file; nothing is fetched. Text of rules goes into the page
// through textContent only, so that none of it is ever read as markup.
const $ = (id) => document.getElementById(id);
const rules = JSON.parse($("index").textContent);
const chunks = document.querySelectorAll("script.pages");
const chunkSize = Number($("index").dataset.chunk);
const pairs = JSON.parse($("pairs").textContent);
const byAnchor = new Map(rules.map((rule, i) => [rule.anchor, i]));
const collator = new Intl.Collator("en", { numeric: true });

// el makes an element: attributes, then children (strings or nodes).
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// picture turns SVG that the report made into an element.
const picture = (svg) => document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true);

// ---- The list of rules -----------------------------------------------------

const columns = [
  { title: "Rule", key: (r) => r.name, cell: (r) => [el("a", { href: "#" + r.anchor }, r.name), el("small", {}, r.place)] },
  { title: "Type", key: (r) => r.type, wide: true },
  { title: "Severity", key: (r) => r.risk || { critical: 4, high: 3, medium: 2, low: 1 }[r.severity] || 0, cell: (r) => [r.severity ? el("span", { class: "severity " + r.severity }, r.severity) : "–"], wide: true, down: true },
  { title: "Verdict", key: (r) => r.verdict, cell: (r) => [badge(r.verdict)] },
  { title: "Matching", key: (r) => r.matching, number: true, wide: true },
  { title: "Near-misses", key: (r) => r.misses, number: true, wide: true },
  { title: "Clauses", key: (r) => r.covered + r.dead + r.open, number: true, wide: true },
  { title: "Dead", key: (r) => r.dead, number: true, wide: true },
];
if (rules.some((r) => r.survived !== undefined)) {
  const score = (r) => r.killed === undefined || r.killed + r.survived === 0 ? -1 : r.killed / (r.killed + r.survived);
  columns.push({ title: "Mutants killed", key: score, cell: (r) => [score(r) < 0 ? "–" : `${Math.floor(score(r) * 100)} %`], number: true, wide: true });
}
if (rules.some((r) => r.micros !== undefined)) {
  columns.push({ title: "ms", key: (r) => r.micros, cell: (r) => [(r.micros / 1000).toFixed(1)], number: true, wide: true });
}
const badge = (name) => el("span", { class: "badge " + name }, name);

const filters = ["q", "verdict", "type", "severity", "tactic"];
const perPage = 100;
const texts = rules.map((r) =>
  [r.name, r.id, r.place, r.type, r.language, r.verdict, r.severity, r.reason, r.words].join("\n").toLowerCase());
let shown = rules.map((_, i) => i);
let sorted = { column: -1, down: false };
let from = 0;

function fillFilters() {
  const values = {
    verdict: rules.map((r) => r.verdict), type: rules.map((r) => r.type),
    severity: rules.map((r) => r.severity || ""), tactic: rules.flatMap((r) => r.tactics || []),
  };
  for (const [id, list] of Object.entries(values)) {
    const counts = new Map();
    for (const v of list) if (v) counts.set(v, (counts.get(v) || 0) + 1);
    for (const v of [...counts.keys()].sort(collator.compare)) $(id).append(el("option", { value: v }, `${v} (${counts.get(v)})`));
  }
}

function applyFilters() {
  const words = $("q").value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = { verdict: $("verdict").value, type: $("type").value, severity: $("severity").value };
  const tactic = $("tactic").value;
  shown = [];
  rules.forEach((r, i) => {
    for (const key in wanted) if (wanted[key] && r[key] !== wanted[key]) return;
    if (tactic && !(r.tactics || []).includes(tactic)) return;
    if (words.every((w) => texts[i].includes(w))) shown.push(i);
  });
  if (sorted.column >= 0) {
    const key = columns[sorted.column].key, sign = sorted.down ? -1 : 1;
    const keys = rules.map(key);
    shown.sort((a, b) => sign * (typeof keys[a] === "number" ? keys[a] - keys[b] : collator.compare(keys[a], keys[b])) || a - b);
  }
  from = 0;
  drawList();
}

function drawList() {
  const rows = shown.slice(from, from + perPage).map((i) => {
    const r = rules[i];
    return el("tr", {}, ...columns.map((c) =>
      el("td", { class: [c.number && "n", c.wide && "wide"].filter(Boolean).join(" ") || undefined }, ...(c.cell ? c.cell(r) : [String(c.key(r))]))));
  });
  if (rows.length === 0) rows.push(el("tr", {}, el("td", { colspan: columns.length, class: "muted" }, "No rule is like that. ", showAll())));
  $("list").tBodies[0].replaceChildren(...rows);
  $("matches").textContent = `${shown.length.toLocaleString("en")} of ${rules.length.toLocaleString("en")} rules`;
  $("paging").hidden = shown.length <= perPage;
  $("previous").disabled = from === 0;
  $("next").disabled = from + perPage >= shown.length;
  $("where").textContent = `${from + 1}–${Math.min(from + perPage, shown.length)}`;
}

function showAll() {
  const button = el("button", { type: "button" }, "Show all");
  button.addEventListener("click", () => { for (const id of filters) $(id).value = ""; remember(); applyFilters(); });
  return button;
}

// remember puts the filters into the address, so that a list can be sent.
function remember() {
  const q = new URLSearchParams();
  for (const id of filters) if ($(id).value) q.set(id, $(id).value);
  history.replaceState(null, "", "#rules" + (q.size ? "?" + q : ""));
}

function setUpList() {
  fillFilters();
  const head = $("list").tHead.rows[0];
  columns.forEach((c, n) => {
    const button = el("button", { type: "button" }, c.title);
    const th = el("th", { scope: "col", class: [c.number && "n", c.wide && "wide"].filter(Boolean).join(" ") || undefined }, button);
    button.addEventListener("click", () => {
      sorted = { column: n, down: sorted.column === n ? !sorted.down : !!(c.number || c.down) };
      markSorted(head, th, sorted.down);
      applyFilters();
    });
    head.append(th);
  });
  let pause;
  $("q").addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(() => { remember(); applyFilters(); }, 80); });
  for (const id of filters.slice(1)) $(id).addEventListener("change", () => { remember(); applyFilters(); });
  $("filters").addEventListener("submit", (e) => e.preventDefault());
  for (const [id, step] of [["previous", -perPage], ["next", perPage]]) {
    $(id).addEventListener("click", () => { from += step; drawList(); $("rules").scrollIntoView(); });
  }
}

function markSorted(head, th, down) {
  for (const other of head.children) other.removeAttribute("aria-sort");
  th.setAttribute("aria-sort", down ? "descending" : "ascending");
}

// The other tables are small: their rows are sorted where they stand.
function sortable(table) {
  const head = table.tHead.rows[0], body = table.tBodies[0];
  [...head.children].forEach((th, n) => {
    const button = el("button", { type: "button" }, th.textContent);
    th.replaceChildren(button);
    const number = th.classList.contains("n");
    button.addEventListener("click", () => {
      const down = th.hasAttribute("aria-sort") ? th.getAttribute("aria-sort") === "ascending" : number;
      markSorted(head, th, down);
      const key = (row) => row.cells[n].textContent;
      const figure = (row) => parseFloat(key(row).replaceAll(",", "")) || 0;
      const rows = [...body.rows].sort((a, b) => number ? figure(a) - figure(b) : collator.compare(key(a), key(b)));
      body.append(...(down ? rows.reverse() : rows));
    });
  });
}

// ---- The page of a rule ----------------------------------------------------

const parsed = new Map();

// pageOf reads a chunk of pages when one of them is opened. Large reports hold
// chunks as base64 of deflated JSON.
async function pageOf(i) {
  const n = Math.floor(i / chunkSize);
  if (!parsed.has(n)) {
    let pages = JSON.parse(chunks[n].textContent);
    if (typeof pages === "string") {
      const bytes = Uint8Array.from(atob(pages), (c) => c.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
      pages = JSON.parse(await new Response(stream).text());
    }
    parsed.set(n, pages);
  }
  return parsed.get(n)[i % chunkSize];
}

async function openRule(i) {
  const rule = rules[i];
  let page;
  try {
    page = await pageOf(i);
  } catch (error) {
    page = { blocks: [], findings: [{ severity: "error", code: "unreadable", excerpt: "This browser cannot unpack the page: " + error.message }] };
  }
  const heading = el("h1", { tabindex: -1 }, rule.name);
  const parts = [crumbs(i), heading, facts(rule, page), ...overlapsOf(i)];
  if (page.findings) parts.push(el("h2", {}, "Findings"), ...page.findings.map((f) => el("pre", { class: f.severity }, f.excerpt)));
  const drawn = page.blocks.map((b) => ({ title: b.title, cut: b.cut, runs: b.runs.map(([text, css, title]) => css ? el("span", { class: css, title }, text) : document.createTextNode(text)) }));
  const text = el("div", {}), plan = el("div", {});
  for (const b of drawn) {
    text.append(el("h2", {}, b.title), el("pre", { class: "text" }, ...b.runs, ...(b.cut ? ["\n… cut here"] : [])));
  }
  if (drawn.length) text.append(document.importNode($("legend").content, true));
  if (page.plan) plan.append(el("h2", {}, "Plan"), el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Plan" }, picture(page.plan)));
  parts.push(el("div", { class: "halves" + (page.plan ? " two" : "") }, text, plan));
  if (page.cases) parts.push(...cases(page, drawn));
  if (page.fields) {
    const rows = page.fields.map((f) => el("tr", {}, el("td", {}, el("code", {}, f[0])), el("td", {}, f[1]), el("td", {}, f[2])));
    const table = el("table", {}, el("thead", {}, el("tr", {}, ...["field", "type", "schema"].map((t) => el("th", { scope: "col" }, t)))), el("tbody", {}, ...rows));
    sortable(table);
    parts.push(el("h2", {}, "Fields"), el("div", { class: "scroll" }, table));
  }
  $("page").replaceChildren(...parts);
  $("overview").hidden = true;
  $("page").hidden = false;
  document.title = rule.name;
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
}

// crumbs leads back to the list, and to the neighbours in it.
function crumbs(i) {
  const at = shown.indexOf(i);
  const to = (n, text, rel) => shown[n] === undefined || at < 0 ? "" : el("a", { href: "#" + rules[shown[n]].anchor, rel }, text);
  return el("nav", { class: "crumbs", "aria-label": "Rules" }, el("a", { href: "#rules" }, "← All rules"), el("span", { class: "grow" }), to(at - 1, "Previous", "prev"), to(at + 1, "Next", "next"));
}

function facts(rule, page) {
  const list = [badge(rule.verdict), rule.type + (rule.language && rule.language !== rule.type ? ", " + rule.language : "")];
  if (rule.severity) list.push("severity " + rule.severity + (rule.risk ? `, risk ${rule.risk}` : ""));
  list.push(`${rule.matching} matching, ${rule.misses} near-misses`, `clauses: ${rule.covered} covered, ${rule.dead} dead, ${rule.open} open`);
  if (rule.killed !== undefined) list.push(`mutants: ${rule.killed} killed, ${rule.survived} survived`);
  if (rule.micros !== undefined) list.push((rule.micros / 1000).toFixed(1) + " ms");
  const searching = (text, q = text) => el("a", { href: "#rules?" + new URLSearchParams({ q }) }, text);
  const about = [
    ["ATT&CK", (page.threat || []).map(([id, name]) => searching(`${id} ${name}`.trim(), id || name))],
    ["Log source", (page.source || []).map((s) => searching(s))],
    ["Indices", page.index || []],
    ["Tags", (page.tags || []).map((t) => searching(t))],
  ].filter(([, list]) => list.length);
  return el("div", {},
    el("p", { class: "muted" }, el("code", {}, rule.place), " ", el("code", {}, rule.id)),
    el("ul", { class: "facts" }, ...list.map((f) => el("li", {}, f))),
    about.length ? el("dl", { class: "about" }, ...about.flatMap(([name, list]) =>
      [el("dt", {}, name), el("dd", {}, el("ul", { class: "chips" }, ...list.map((c) => el("li", {}, c))))])) : "");
}

// overlapsOf lists the rules that make this one superfluous, and those that it
// makes so.
function overlapsOf(i) {
  const link = (n) => el("a", { href: "#" + rules[n].anchor }, rules[n].name);
  const items = [];
  for (const p of pairs) {
    if (p.rule !== i && p.by !== i) continue;
    const other = link(p.rule === i ? p.by : p.rule);
    const more = (p.more || []).flatMap((c, n) => [n ? ", " : " The wider one adds ", el("code", {}, c)]);
    items.push(el("li", {}, ...(p.mutual ? ["Matches exactly what ", other, " does."] :
      p.rule === i ? ["Can only match where ", other, " does.", ...more] : ["Matches wherever ", other, " does.", ...more])));
  }
  return items.length ? [el("h2", {}, "Overlaps"), el("ul", {}, ...items)] : [];
}

// cases lists the suite. A case points at its clause in the text while the
// pointer or the focus is on it.
function cases(page, drawn) {
  const all = el("button", { type: "button" }, "Open all");
  const nodes = page.cases.map((c, n) => {
    const body = el("div", {});
    const node = el("details", { class: "case " + c.expect }, el("summary", {}, badge(c.expect), " ", el("strong", {}, c.name), " ", c.why), body);
    // Documents are drawn when they are first looked at.
    node.addEventListener("toggle", () => { if (node.open && !body.hasChildNodes()) body.append(...caseBody(page, c)); });
    const lit = (c.at || []).flatMap(([b, first, last]) => drawn[b].runs.slice(first, last + 1)).filter((r) => r.classList);
    const light = (on) => () => lit.forEach((r) => r.classList.toggle("lit", on));
    for (const [event, on] of [["pointerenter", true], ["focusin", true], ["pointerleave", false], ["focusout", false]]) node.addEventListener(event, light(on));
    node.open = n === 0 || (c.expect === "no-match" && page.cases[n - 1].expect === "match");
    return node;
  });
  all.addEventListener("click", () => {
    const open = nodes.some((n) => !n.open);
    nodes.forEach((n) => { n.open = open; });
    all.textContent = open ? "Close all" : "Open all";
  });
  const heading = el("h2", {}, "Cases");
  const out = [heading, all, ...nodes];
  if (page.cut) out.push(el("p", { class: "muted" }, `${page.cut} more cases are not shown here; “rematch cases” prints all.`));
  return out;
}

function caseBody(page, c) {
  const out = [];
  const partner = c.partner === undefined ? undefined : page.cases[c.partner];
  if (c.timeline) out.push(el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Timeline" }, picture(c.timeline)));
  if (partner) out.push(el("p", { class: "muted" }, `Compared with ${partner.name}, which matches:`));
  const draw = (docs, others, what) => {
    const list = el("div", { class: "docs" });
    for (let i = 0; i < Math.max(docs.length, others ? others.length : 0); i++) {
      const lines = el("div", { class: "doc" });
      drawFields(lines, docs[i], others ? others[i] : docs[i]);
      const head = docs.length > 1 || what ? el("p", { class: "muted" }, `${what || "document"} ${i + 1}`) : "";
      list.append(el("div", {}, head, lines));
    }
    out.push(list);
  };
  draw(c.docs || [], partner && (partner.docs || []), "");
  if (c.indicators) draw(c.indicators, partner && (partner.indicators || []), "indicator");
  return out;
}

const plain = (text) => text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

const isObject = (v) => v !== null && typeof v === "object" && !Array.isArray(v);

// shorten writes a value; of one too long to read, the ends. Characters that
// would reorder what is read are written as escapes.
function shorten(value) {
  const text = plain(value), longest = 400;
  if (text.length <= longest) return text;
  return `${text.slice(0, longest / 2)} … ${(text.length - longest).toLocaleString("en")} characters … ${text.slice(-longest / 2)}`;
}

// fieldsOf lists what a document holds as rules write it: objects become names
// with dots.
function fieldsOf(doc, prefix = "", into = new Map()) {
  for (const [name, value] of Object.entries(doc || {})) {
    if (isObject(value) && Object.keys(value).length) fieldsOf(value, prefix + name + ".", into);
    else into.set(prefix + name, JSON.stringify(value));
  }
  return into;
}

// drawFields writes a document a field a line: what its partner has too, what it
// has more (+) and what it has less (−).
function drawFields(lines, doc, other) {
  const mine = fieldsOf(doc), theirs = fieldsOf(other);
  const line = (css, name, text) => lines.append(el("div", { class: css }, el("span", { class: "key" }, plain(name) + ":"), " " + shorten(text)));
  for (const name of new Set([...mine.keys(), ...theirs.keys()])) {
    if (mine.get(name) === theirs.get(name)) line("same", name, mine.get(name));
    else {
      if (theirs.has(name)) line("del", name, theirs.get(name));
      if (mine.has(name)) line("add", name, mine.get(name));
    }
  }
}

// ---- Where we are ----------------------------------------------------------

function route() {
  const [target, query] = location.hash.slice(1).split("?");
  if (byAnchor.has(target)) return openRule(byAnchor.get(target));
  $("page").hidden = true;
  $("overview").hidden = false;
  document.title = $("overview").querySelector("h1").textContent;
  if (target === "rules" && query !== undefined) {
    const q = new URLSearchParams(query);
    for (const id of filters) $(id).value = q.get(id) || "";
    applyFilters();
  }
  const section = $(target || "overview");
  if (section === $("overview")) scrollTo(0, 0);
  else if (target && section) {
    section.scrollIntoView();
    const heading = section.querySelector("[tabindex='-1']");
    if (heading) heading.focus({ preventScroll: true });
  }
}

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.altKey || e.metaKey || e.target.matches("input, select")) return;
  if (e.key === "/") {
    e.preventDefault();
    if (!$("page").hidden) location.hash = "#rules";
    setTimeout(() => $("q").focus());
  } else if (e.key === "Escape" && !$("page").hidden) location.hash = "#rules";
});

setUpList();
document.querySelectorAll("main table:not(#list)").forEach(sortable);
applyFilters();
addEventListener("hashchange", route);
route();
