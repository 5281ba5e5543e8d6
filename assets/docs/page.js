// Search and unfold. Everything to read is in the page without it.
"use strict";
const search = document.getElementById("search");
const count = document.getElementById("count");
const folds = Array.from(document.querySelectorAll("details"));
const sections = Array.from(document.querySelectorAll("section"));
const texts = new Map(folds.map((fold) => [fold, fold.textContent.toLowerCase()]));

function look() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const fold of folds) {
    fold.hidden = !words.every((word) => texts.get(fold).includes(word));
    if (!fold.hidden) shown += 1;
  }
  for (const section of sections) {
    section.hidden = section.querySelector("details:not([hidden])") === null;
  }
  count.textContent = words.length === 0 ? "" : String(shown);
}

function unfold() {
  const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  if (target instanceof HTMLDetailsElement) {
    target.hidden = false;
    target.open = true;
    target.scrollIntoView();
  }
}

search.addEventListener("input", look);
document.getElementById("all").addEventListener("click", () => {
  const shown = folds.filter((fold) => !fold.hidden);
  const open = shown.some((fold) => !fold.open);
  for (const fold of shown) fold.open = open;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
});
window.addEventListener("hashchange", unfold);
look();
unfold();
