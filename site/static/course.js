// Definitions of terms for keyboard and touch, and wide tables that the keyboard can scroll.
"use strict";

function letScroll() {
  for (const part of document.querySelectorAll(
    ".bd-article table, .bd-article .shown, .bd-article mjx-container[display], .bd-article pre",
  )) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
}
window.addEventListener("load", letScroll);
window.addEventListener("resize", letScroll);

document.addEventListener("DOMContentLoaded", () => {
  const tip = document.createElement("div");
  tip.id = "definition";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  let owner = null;

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
    term.addEventListener("mouseleave", () => document.activeElement !== term && hide());
  }
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
});
