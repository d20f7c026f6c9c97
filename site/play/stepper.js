// The stepper: one operation a click, and the reader may type the number before it appears.
(function (nnfs) {
  "use strict";
  const { el, svg, button, number } = nnfs;
  const { FIRST, OPERATIONS, written, nameOf, valuesAfter, judge, anotherStart, lossAfter } = nnfs.stepper;
  const PHASES = { forward: "Forward", back: "Back", update: "Update" };
  // Where the nodes of the picture stand, and which weights lie between which, with the place of their
  // label from one end to the other. Where lines cross no label can be read.
  const NODES = {
    ...{ x_1: [36, 70], x_2: [36, 220], 1: [188, 70], 2: [188, 220], out: [324, 145] },
  };
  const EDGES = [
    ...[
      ["W1_11", "x_1", 1, 0.5],
      ["W1_12", "x_2", 1, 0.37],
      ["W1_21", "x_1", 2, 0.37],
      ["W1_22", "x_2", 2, 0.5],
    ],
    ...[
      ["W2_1", 1, "out", 0.5],
      ["W2_2", 2, "out", 0.5],
    ],
  ];
  const root = document.getElementById("stepper");
  if (!root) return;

  let start = FIRST;
  let done = 0; // operations that are computed
  let networks = 0; // how often another one was asked for

  const picture = svg("svg", { viewBox: "0 28 360 254", role: "img" });
  const phase = el("p", { class: "play-phase" });
  const formula = el("p", { class: "play-formula" });
  const why = el("p", {});
  const says = el("p", { class: "play-says", role: "status", "aria-live": "polite" });
  // The keys for decimals that some telephones show have no minus: it is an input of text.
  const typed = el("input", { id: "stepper-typed", type: "text", autocomplete: "off", size: 8 });
  const check = el("button", { type: "submit" }, "Check");
  const form = el(
    "form",
    { class: "play-buttons", onsubmit: submit },
    el("label", { for: "stepper-typed" }, "Your number"),
    typed,
    check,
  );
  const next = button("Show it", () => go(1), "play-main");
  const back = button("Back", () => go(-1));
  const again = button("From the start", () => restart(start));
  const other = button("Another network", () => restart(anotherStart(networks++)));
  const lines = el("ol", { class: "play-lines" });

  root.replaceChildren(
    picture,
    phase,
    formula,
    why,
    form,
    el("div", { class: "play-buttons" }, next, back, again, other),
    says,
    el("details", {}, el("summary", {}, "All operations so far"), lines),
  );

  function restart(from) {
    [start, done] = [from, 0];
    says.textContent = "";
    draw();
  }

  function go(steps) {
    const values = valuesAfter(start, done + Math.max(0, steps));
    const { key } = OPERATIONS[Math.min(done, OPERATIONS.length - 1)];
    done = Math.min(OPERATIONS.length, Math.max(0, done + steps));
    says.textContent = steps > 0 ? `${nameOf(key)} = ${number(values[key])}.` : "One operation back.";
    draw();
  }

  // The number that was typed: with a comma or a point, and any minus.
  function submit(event) {
    event.preventDefault();
    const text = typed.value.trim().replace(",", ".").replace(/^[−–‐]/, "-");
    if (text === "" || Number.isNaN(Number(text))) {
      says.textContent = "Type a number, such as −0.5.";
      return;
    }
    const operation = OPERATIONS[done];
    const verdict = judge(operation, valuesAfter(start, done), Number(text));
    if (verdict.right) go(1);
    says.textContent = verdict.right ? `${verdict.says} ${says.textContent}` : verdict.says;
    typed.focus();
  }

  // ---- formulas
  function inSymbols({ formula: text }) {
    return text.replace(/\{(\w+)\}/g, (_, key) => written(key));
  }

  function inNumbers({ formula: text }, values) {
    return text.replace(/\{(\w+)\}/g, (_, key, at) => {
      const own = number(values[key]);
      const first = at === 0 || text[at - 1] === "(";
      return values[key] < 0 && !first ? `(${own})` : own;
    });
  }

  function draw() {
    const values = valuesAfter(start, done);
    const over = done === OPERATIONS.length;
    const operation = OPERATIONS[Math.min(done, OPERATIONS.length - 1)];
    phase.textContent = over
      ? "Done"
      : `${PHASES[operation.phase]}: operation ${done + 1} of ${OPERATIONS.length}`;
    formula.replaceChildren();
    if (over) {
      const [before, after] = [values.J, lossAfter(values)].map((loss) => number(loss));
      why.textContent = `With the new weights the loss of this sample is ${after}. It was ${before}.`;
    } else {
      const name = el("strong", {}, nameOf(operation.key));
      formula.append(name, ` = ${inSymbols(operation)}`, el("br"), `= ${inNumbers(operation, values)} = ?`);
      why.textContent = operation.why;
    }
    typed.value = "";
    for (const part of [typed, check, next]) part.disabled = over;
    back.disabled = done === 0;
    lines.replaceChildren(
      ...OPERATIONS.slice(0, done).map((one) => {
        const words = [
          `${nameOf(one.key)} = ${inSymbols(one)}`,
          inNumbers(one, values),
          number(values[one.key]),
        ];
        return el("li", {}, words.join(" = "));
      }),
    );
    drawPicture(values, over ? null : operation);
  }

  // ---- the picture
  function drawPicture(values, operation) {
    const used = new Set(operation ? [operation.key, ...operation.uses] : []);
    const isUsed = (key) => [key, `d${key}`, `new_${key}`].some((one) => used.has(one));
    const [parts, labels] = [[], []];
    for (const [key, from, to, share] of EDGES) {
      const [[x1, y1], [x2, y2]] = [NODES[from], NODES[to]];
      parts.push(svg("line", { x1, y1, x2, y2, class: isUsed(key) ? "play-edge play-used" : "play-edge" }));
      const below = y1 === y2 ? -9 : 4; // in a sloping line, above a level one, which it would hide
      const [x, y] = [x1 + share * (x2 - x1), y1 + share * (y2 - y1) + below];
      labels.push(label(x, y, key, values, isUsed(key)));
    }
    parts.push(...labels); // in front of all lines
    for (const [node, [x, y]] of Object.entries(NODES)) parts.push(...drawNode(node, x, y, values, isUsed));
    const told = Object.keys(values).map((key) => `${nameOf(key)} ${number(values[key])}`);
    picture.setAttribute("aria-label", `The network. What is known: ${told.join(", ")}.`);
    picture.replaceChildren(...parts);
  }

  function drawNode(node, x, y, values, isUsed) {
    const rows = { out: ["A2"], 1: ["Z1_1", "A1_1"], 2: ["Z1_2", "A1_2"] }[node] ?? [node];
    const lit = [...rows, ...(node === "out" ? ["J", "y"] : [])].some(isUsed);
    const parts = [
      svg("rect", {
        x: x - 34,
        y: y - 26,
        width: 68,
        height: 52,
        rx: 8,
        class: lit ? "play-node play-used" : "play-node",
      }),
    ];
    rows.forEach((key, place) => {
      const line = y + 16 * (place - (rows.length - 1) / 2) + 4;
      parts.push(text(x, line, key in values ? `${written(key)} ${number(values[key])}` : written(key)));
      if (`d${key}` in values) {
        const above = rows.length === 2 && place === 0;
        const gradient = `d${written(key)} ${number(values[`d${key}`])}`;
        parts.push(text(x, above ? y - 31 : y + 39, gradient, "play-gradient"));
      }
    });
    const bias = { 1: "b1_1", 2: "b1_2", out: "b2" }[node];
    if (bias) parts.push(label(x, y + (node === "out" ? 56 : 55), bias, values, isUsed(bias)));
    if (node === "out") {
      parts.push(text(x, y - 50, `y ${number(values.y)}`));
      parts.push(text(x, y - 34, "J" in values ? `J ${number(values.J)}` : "J"));
    }
    return parts;
  }

  // A weight or bias: the new value once it is known.
  function label(x, y, key, values, lit) {
    const now = values[`new_${key}`] ?? values[key];
    return text(
      x,
      y,
      `${written(key)} ${number(now)}`,
      lit ? "play-weight-label play-lit" : "play-weight-label",
    );
  }

  function text(x, y, words, look = "") {
    return svg("text", { x, y, "text-anchor": "middle", class: look }, words);
  }

  restart(FIRST);
})((globalThis.nnfs ??= {}));
