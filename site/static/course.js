// Definitions of terms for keyboard and touch, and wide things that can be read and scrolled.
"use strict";

const SCROLLED = [".pst-scrollable-table-container", "table", ".shown", ".picture"]
  .concat("mjx-container[display]", "pre")
  .map((part) => `.bd-article ${part}`)
  .join();

// Words in a picture that is far wider than the page would be too small: half its size, and it scrolls.
function letBeRead(picture) {
  const wide = picture.naturalWidth > 2.6 * picture.parentElement.clientWidth;
  picture.style.width = wide ? `${picture.naturalWidth / 2}px` : "";
  picture.style.maxWidth = wide ? "none" : "";
}

function letScroll() {
  document.querySelectorAll(".bd-article .picture > img").forEach(letBeRead);
  for (const part of document.querySelectorAll(SCROLLED)) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
}
window.addEventListener("load", letScroll);
window.addEventListener("resize", letScroll);

document.addEventListener("DOMContentLoaded", () => {
  // A long name with its first argument may break between the two.
  for (const paren of document.querySelectorAll(".sig-paren")) paren.after(document.createElement("wbr"));
  const tip = document.createElement("div");
  tip.id = "definition";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  let owner = null;
  let first = false; // whether a finger has come down on a term that does not show its definition yet

  function hide() {
    if (owner) {
      owner.title = tip.textContent;
      owner.removeAttribute("aria-describedby");
    }
    owner = null;
    tip.hidden = true;
  }

  function show(term) {
    if (owner === term) return;
    hide();
    owner = term;
    tip.textContent = term.title;
    term.removeAttribute("title"); // or it would be shown twice
    term.setAttribute("aria-describedby", tip.id);
    tip.hidden = false;
    const box = term.getBoundingClientRect();
    const left = Math.min(box.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
    const above = box.top > tip.offsetHeight + 12;
    tip.style.left = `${Math.max(left, 8) + window.scrollX}px`;
    tip.style.top = `${(above ? box.top - tip.offsetHeight - 6 : box.bottom + 6) + window.scrollY}px`;
  }

  for (const term of document.querySelectorAll("a.term[title]")) {
    term.addEventListener("mouseenter", () => show(term));
    term.addEventListener("focus", () => show(term));
    term.addEventListener("blur", hide);
    term.addEventListener("pointerdown", (event) => {
      first = event.pointerType === "touch" && owner !== term;
    });
    term.addEventListener("click", (event) => {
      if (!first) return;
      first = false;
      event.preventDefault(); // a second tap follows the link
      show(term);
    });
    term.addEventListener("mouseleave", () => document.activeElement !== term && hide());
  }
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
});
