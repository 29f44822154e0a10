// The behaviour of diff.html: tiles and the search choose changes, a link opens
// one. The page itself is complete without it.
{
  const $ = (id) => document.getElementById(id);
  const tiles = [...document.querySelectorAll("#tiles button")];
  const changes = [...document.querySelectorAll("details.change")].map((e) => ({
    element: e,
    names: e.dataset.names.split(" "),
    text: [e.dataset.id, e.dataset.names, e.textContent].join(" ").toLowerCase(),
  }));
  const apply = () => {
    const wanted = tiles.filter((t) => t.getAttribute("aria-pressed") === "true").map((t) => t.value);
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const c of changes) {
      c.element.hidden = !(wanted.length === 0 || wanted.some((n) => c.names.includes(n))) || !words.every((w) => c.text.includes(w));
      shown += c.element.hidden ? 0 : 1;
    }
    $("matches").textContent = `${shown.toLocaleString("en")} of ${changes.length.toLocaleString("en")} changes`;
  };
  // What is chosen stands in the address, so that it can be sent.
  const remember = () => {
    const q = new URLSearchParams();
    if ($("search").value) q.set("q", $("search").value);
    for (const t of tiles) if (t.getAttribute("aria-pressed") === "true") q.append("only", t.value);
    history.replaceState(null, "", "#changes" + (q.size ? "?" + q : ""));
  };
  for (const t of tiles) {
    t.addEventListener("click", () => {
      t.setAttribute("aria-pressed", t.getAttribute("aria-pressed") !== "true");
      remember();
      apply();
    });
  }
  $("search").addEventListener("input", () => { remember(); apply(); });
  $("filter").addEventListener("submit", (e) => e.preventDefault());
  $("all").addEventListener("click", () => {
    const visible = changes.filter((c) => !c.element.hidden).map((c) => c.element);
    const open = visible.some((e) => !e.open);
    for (const e of visible) e.open = open;
    $("all").textContent = open ? "Close all" : "Open all";
  });
  const route = () => {
    const [target, query] = location.hash.slice(1).split("?");
    if (target === "changes" && query !== undefined) {
      const q = new URLSearchParams(query), only = q.getAll("only");
      $("search").value = q.get("q") || "";
      for (const t of tiles) t.setAttribute("aria-pressed", only.includes(t.value));
      apply();
    }
    const e = target && $(target);
    if (!e) return;
    if (e.matches("details.change")) {
      e.hidden = false;
      e.open = true;
    }
    e.scrollIntoView();
  };
  addEventListener("keydown", (e) => {
    if (e.key !== "/" || e.ctrlKey || e.altKey || e.metaKey || e.target.matches("input")) return;
    e.preventDefault();
    $("search").focus();
  });
  addEventListener("hashchange", route);
  apply();
  route();
}
