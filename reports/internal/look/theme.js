"use strict";

// A theme that the reader chose outlives the page, where the browser lets a file
// remember anything.
{
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)");
  const remembered = (value) => {
    try {
      if (value === undefined) return localStorage.getItem("rematch-theme");
      localStorage.setItem("rematch-theme", value);
    } catch { /* then the choice lasts as long as the page */ }
  };
  if (remembered()) root.dataset.theme = remembered();
  document.getElementById("theme").addEventListener("click", () => {
    const now = root.dataset.theme || (system.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    remembered(root.dataset.theme);
  });
}
