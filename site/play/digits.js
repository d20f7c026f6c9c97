// Draw a digit: what every layer of the network makes of what is on the pad.
(function (nnfs) {
  "use strict";
  const { el, button, figure, mix, css } = nnfs;
  const root = document.getElementById("digit");
  if (!root) return;

  const { pictures, ink } = nnfs.weights.digits;
  const model = nnfs.readModel(nnfs.weights.digits);
  const pad = new nnfs.Pad(draw, () => {
    draw();
    tell();
  });
  let label = null; // of the stored picture that is shown

  // ---- what is on the page
  const seen = nnfs.canvas(120, 120, "");
  const layers = [nnfs.canvas(160, 160, ""), nnfs.canvas(160, 80, "")];
  const verdict = el("p", { class: "play-says", role: "status", "aria-live": "polite" });
  const bars = Array.from({ length: 10 }, (_, digit) => {
    const [bar, share] = [el("span", { class: "play-bar" }), el("span", { class: "play-share" })];
    const row = el(
      "li",
      {},
      el("span", { class: "play-digit" }, String(digit)),
      el("span", { class: "play-track" }, bar),
      share,
    );
    return { row, bar, share };
  });
  const stored = el("div", { class: "play-stored" });

  root.replaceChildren(
    el(
      "div",
      { class: "play-pair" },
      el(
        "div",
        {},
        pad.canvas,
        pad.state,
        el(
          "div",
          { class: "play-buttons" },
          button("Clear", () => pad.show()),
          button("Take the last line back", () => pad.undo()),
        ),
      ),
      el("div", {}, verdict, el("ol", { class: "play-bars" }, ...bars.map(({ row }) => row))),
    ),
    el(
      "div",
      { class: "play-way" },
      figure(seen, "1. What it sees: 8 × 8 pixels"),
      figure(layers[0], "2. The 256 units of layer 1"),
      figure(layers[1], "3. The 128 units of layer 2"),
    ),
    el(
      "p",
      { id: "play-stored-label" },
      "Or take a picture of the test set. The last ones are all that this network reads wrong.",
    ),
    stored,
  );
  stored.setAttribute("role", "group");
  stored.setAttribute("aria-labelledby", "play-stored-label");

  // ---- the network
  function pixels() {
    return pad.picture ?? nnfs.digitPixels(pad.strokes, ink);
  }

  // One column of numbers as squares of a canvas; share: from a number to -1 to 1.
  function squares(target, numbers, columns, share, label) {
    const { width, height } = target;
    const context = target.getContext("2d");
    const rows = numbers.length / columns;
    const colours = nnfs.colours(root);
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    numbers.forEach((value, place) => {
      const [x, y] = [place % columns, Math.floor(place / columns)];
      context.fillStyle = css(mix(colours, share(value)));
      const [left, top] = [Math.floor((x * width) / columns), Math.floor((y * height) / rows)];
      context.fillRect(left, top, Math.ceil(width / columns), Math.ceil(height / rows));
    });
    context.restore();
    target.setAttribute("aria-label", label);
  }

  function draw() {
    pad.draw(nnfs.colours(root));
    const input = pixels();
    const blank = new Array(64).fill(0);
    const { hidden, prediction } = model.run(nnfs.matrix(64, 1, input ?? blank));
    const words = input ? "" : " Nothing is drawn yet.";
    squares(seen, input ?? blank, 8, (value) => value / 16, `What the network sees, 8 by 8 pixels.${words}`);
    hidden.forEach(({ data }, place) => {
      const most = Math.max(...data) || 1;
      const alive = data.filter((a) => a > 0).length;
      const label = `${alive} of ${data.length} units of layer ${place + 1} are above 0.${words}`;
      squares(layers[place], input ? data : data.map(() => 0), 16, (a) => a / most, label);
    });
    const P = Array.from(prediction.data);
    const best = P.indexOf(Math.max(...P));
    bars.forEach(({ row, bar, share }, digit) => {
      const percent = input ? 100 * P[digit] : 0;
      bar.style.width = `${percent}%`;
      share.textContent = input ? `${percent.toFixed(percent < 10 ? 1 : 0)} %` : "";
      row.classList.toggle("play-best", Boolean(input) && digit === best);
    });
  }

  // In words, when a line is done.
  function tell() {
    const input = pixels();
    if (!input) {
      verdict.textContent = "Draw a digit, from 0 to 9, as large as you like.";
      return;
    }
    const P = Array.from(model.run(nnfs.matrix(64, 1, input)).prediction.data);
    const [first, second] = P.map((p, digit) => [p, digit]).sort(([a], [b]) => b - a);
    const percent = (p) => (p > 0.995 ? "more than 99 %" : `${Math.round(100 * p)} %`);
    const next = second[0] >= 0.01 ? ` Next is ${second[1]}, ${percent(second[0])}.` : "";
    const truth = pad.picture ? ` It was written as a ${label}.` : "";
    verdict.textContent = `The network reads a ${first[1]}, ${percent(first[0])}.${next}${truth}`;
  }

  function drawStored() {
    const colours = nnfs.colours(root);
    stored.replaceChildren(
      ...pictures.map((picture, place) => {
        const small = nnfs.canvas(32, 32, "");
        small.removeAttribute("role");
        const made = el(
          "button",
          { type: "button", "aria-label": `test picture ${place + 1}, a ${picture.label}` },
          small,
        );
        made.addEventListener("click", () => {
          ({ label } = picture);
          pad.show(picture.pixels);
        });
        const context = small.getContext("2d");
        picture.pixels.forEach((value, at) => {
          context.fillStyle = css(mix({ ...colours, one: colours.ink }, value / 16));
          context.fillRect((at % 8) * 4, Math.floor(at / 8) * 4, 4.5, 4.5);
        });
        return made;
      }),
    );
  }

  tell();
  nnfs.withTheme(() => {
    drawStored();
    draw();
  });
})((globalThis.nnfs ??= {}));
