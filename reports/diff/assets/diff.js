"use strict";
(() => {
  const search = document.getElementById("search");
  const boxes = [...document.querySelectorAll("#filter input[type=checkbox]")];
  const changes = [...document.querySelectorAll("details")].map(e => ({
    element: e,
    names: e.dataset.names.split(" "),
    text: (e.querySelector("summary").textContent + " " + e.querySelector("code").textContent).toLowerCase(),
  }));
  const apply = () => {
    const wanted = boxes.filter(b => b.checked).map(b => b.value);
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const c of changes) {
      const named = wanted.length === 0 || wanted.some(n => c.names.includes(n));
      c.element.hidden = !named || !words.every(w => c.text.includes(w));
    }
  };
  document.getElementById("filter").addEventListener("input", apply);
  document.getElementById("filter").addEventListener("submit", e => e.preventDefault());
  const open = () => {
    const e = location.hash && document.getElementById(location.hash.slice(1));
    if (e) e.open = true;
  };
  addEventListener("hashchange", open);
  open();
})();
