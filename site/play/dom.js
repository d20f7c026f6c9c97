// Small helpers that all pages of this folder share: elements, colours of the theme, numbers in words.
(function (nnfs) {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  // el("p", {class: "note"}, "words", another element); an attribute onclick is a listener.
  function el(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
  }

  function svg(tag, attributes = {}, ...children) {
    return fill(document.createElementNS(SVG, tag), attributes, children);
  }

  function button(label, onclick, look = "") {
    return el("button", { type: "button", class: look, onclick }, label);
  }

  function figure(picture, caption) {
    return el("figure", {}, picture, el("figcaption", {}, caption));
  }

  // A canvas of so many CSS pixels, sharp on every screen; draw with its context in CSS pixels.
  function canvas(width, height, label) {
    const ratio = Math.min(window.devicePixelRatio || 1, 3);
    const made = el("canvas", { role: "img", "aria-label": label });
    [made.width, made.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    made.style.aspectRatio = `${width} / ${height}`;
    made.getContext("2d").scale(made.width / width, made.height / height);
    return made;
  }

  // The colours of play.css as they are now: [red, green, blue] for mixing, and for lines.
  function colours(element) {
    const style = getComputedStyle(element);
    const read = (name) => style.getPropertyValue(`--play-${name}`).trim();
    const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    const [zero, middle, one, ink] = ["zero", "middle", "one", "text"].map((name) => parts(read(name)));
    return { zero, middle, one, ink, lines: { zero: read("zero"), one: read("one"), text: read("text") } };
  }

  // Blue below, orange above, and the middle in between. share: from -1 to 1.
  function mix({ zero, middle, one }, share) {
    const end = share < 0 ? zero : one;
    const part = Math.min(1, Math.abs(share)) || 0;
    return middle.map((from, i) => Math.round(from + part * (end[i] - from)));
  }

  function css(parts) {
    return `rgb(${parts.join(", ")})`;
  }

  // Run a function now, and whenever the theme changes between light and dark.
  function withTheme(draw) {
    new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    draw();
  }

  // Three digits that count; a minus that is one.
  function number(value, digits = 3) {
    if (!Number.isFinite(value)) return "not a number any more";
    if (value === 0) return "0";
    const size = Math.abs(value);
    const text =
      size >= 1e5 || size < 1e-4 ? size.toExponential(1) : String(Number(size.toPrecision(digits)));
    return value < 0 ? `−${text}` : text;
  }

  const still = window.matchMedia("(prefers-reduced-motion: reduce)");

  Object.assign(nnfs, { el, svg, button, figure, canvas, colours, mix, css, withTheme, number, still });
})((globalThis.nnfs ??= {}));
