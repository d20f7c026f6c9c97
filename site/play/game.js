// The game on the page: three sliders, twenty moves, and gradient descent's when they are made.
(function (nnfs) {
  "use strict";
  const { el, button, figure, number } = nnfs;
  const { MOVES, START, X, Y, curve, Game, descend } = nnfs.game;
  const CHART = [320, 220];
  const root = document.getElementById("game");
  if (!root) return;

  let game = new Game();
  let keyed = false; // whether the slider was last moved by keys: each press is no move of its own
  const chart = nnfs.canvas(...CHART, "");
  const points = nnfs.canvas(...CHART, "");
  const ends = figure(points, "What both curves had to go through");
  const words = el("p", { class: "play-words", role: "status", "aria-live": "polite" });
  const sliders = START.map((start, place) => {
    const [id, shown] = [`game-w${place + 1}`, el("output", { for: `game-w${place + 1}` }, String(start))];
    const limits = { type: "range", min: -3, max: 3, step: 0.05, value: start };
    const slider = el("input", { id, ...limits, oninput: show, onchange: settle, onkeydown: byKey });
    slider.addEventListener("pointerdown", () => (keyed = false));
    slider.addEventListener("blur", () => keyed && move());
    return {
      slider,
      shown,
      row: el("div", { class: "play-slider" }, el("label", { for: id }, `w${"₁₂₃"[place]}`), slider, shown),
    };
  });
  const again = button("A new game", restart);
  const legend = el(
    "span",
    {},
    el("span", { class: "play-line" }, "you"),
    el("span", { class: "play-line play-line-test" }, "gradient descent, when you are done"),
  );

  root.replaceChildren(
    ...sliders.map(({ row }) => row),
    words,
    el("div", { class: "play-pair" }, figure(chart, legend), ends),
    el("div", { class: "play-buttons" }, again),
  );

  function show() {
    for (const { slider, shown } of sliders) shown.textContent = number(Number(slider.value));
  }

  function byKey(event) {
    if (event.key === "Enter") move();
    else keyed = true;
  }

  function settle() {
    if (!keyed) return move();
    words.textContent = "Press Enter to make this move.";
  }

  function move() {
    keyed = false;
    game.move(sliders.map(({ slider }) => Number(slider.value)));
    draw();
  }

  function restart() {
    game = new Game();
    sliders.forEach(({ slider }, place) => (slider.value = START[place]));
    draw();
  }

  function draw() {
    show();
    const { over } = game;
    const theirs = descend();
    const colours = nnfs.colours(root);
    const line = (losses, colour, dash) => ({
      values: losses.map((loss, i) => [i, loss]),
      colour,
      dash,
      marks: true,
    });
    const lines = [line(game.losses, colours.lines.zero, [])];
    if (over) lines.unshift(line(theirs.losses, colours.lines.one, [6, 4]));
    nnfs.drawLosses(chart, CHART, lines, ["move", MOVES], colours);
    const [loss, left] = [number(game.losses.at(-1)), MOVES + 1 - game.losses.length];
    words.textContent = over
      ? `Your loss is ${loss}, and gradient descent's is ${number(theirs.losses.at(-1))}. ${left ? "" : "Both have made twenty moves."}`
      : `Loss ${loss}. ${left} ${left === 1 ? "move is" : "moves are"} left.`;
    chart.setAttribute(
      "aria-label",
      `The losses so far, on a logarithmic axis: ${game.losses.map((one) => number(one)).join(", ")}`,
    );
    for (const { slider } of sliders) slider.disabled = over;
    ends.hidden = !over;
    if (over) drawEnds(theirs.weights, colours);
  }

  // The points, which an optimizer does not see, and both curves.
  function drawEnds(theirs, colours) {
    const [[width, height], context] = [CHART, points.getContext("2d")];
    const at = (x, y) => [(width * (x + 2.2)) / 4.4, height / 2 - (height * y) / 4.6];
    context.clearRect(0, 0, width, height);
    for (const [weights, colour, dash] of [
      [theirs, colours.lines.one, [6, 4]],
      [game.weights.at(-1), colours.lines.zero, []],
    ]) {
      context.beginPath();
      context.setLineDash(dash);
      context.lineWidth = 2;
      context.strokeStyle = colour;
      for (let x = -2.2; x <= 2.2; x += 0.02) context.lineTo(...at(x, curve(weights, x)));
      context.stroke();
    }
    context.setLineDash([]);
    context.fillStyle = colours.lines.text;
    X.forEach((x, i) => {
      context.beginPath();
      context.arc(...at(x, Y[i]), 4, 0, 2 * Math.PI);
      context.fill();
    });
    points.setAttribute(
      "aria-label",
      "Twelve points that fall from upper left to lower right, your curve and gradient descent's.",
    );
  }

  nnfs.withTheme(draw);
})((globalThis.nnfs ??= {}));
