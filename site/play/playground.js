// The playground: controls, the network's picture, and the loop that trains. Its state is the address.
(function (nnfs) {
  "use strict";
  const { el, button, figure, number, BUGS, SAMPLES } = nnfs;
  const SURFACE = 300;
  const CHART = [320, 220];
  const GRID = nnfs.gridSamples();
  const root = document.getElementById("playground");
  if (!root) return;

  const UNTOUCHED = nnfs.settings.format(nnfs.settings.parse("")); // what no address means
  let state = readAddress();
  let trainer = new nnfs.Trainer(state.settings);
  let playing = false;
  let told = 0; // when the loss was last said in words

  // ---- what is on the page
  const surface = nnfs.canvas(SURFACE, SURFACE, "");
  const chart = nnfs.canvas(...CHART, "");
  const diagram = new nnfs.Diagram();
  const words = el("p", { class: "play-words", role: "status", "aria-live": "polite" });
  const tells = el("p", { class: "play-tells" });
  const refused = el("p", { class: "play-refused", role: "alert" });
  const controls = el("div", { class: "play-controls" });
  // Folded on a telephone, where they would push what they change out of sight.
  const folded = window.matchMedia("(max-width: 40rem)").matches;
  const settings = el("details", { open: !folded }, el("summary", {}, "Settings"), controls);
  const presets = nnfs.makePresets();
  const play = button("Play", () => setPlaying(!playing), "play-main");
  const buttons = el(
    "div",
    { class: "play-buttons" },
    play,
    button("One step", () => advance(1)),
    button("100 epochs", () => advance(100 * trainer.batches)),
    button("Reset", () => apply({ ...state, steps: 0 })),
  );

  root.replaceChildren(
    refused,
    buttons,
    settings,
    tells,
    words,
    el(
      "div",
      { class: "play-pair" },
      figure(surface, "Training points are filled, test points hollow; squares have the target 1."),
      figure(chart, legend()),
    ),
    diagram.box,
    diagram.numbers,
    presets,
  );
  function legend() {
    const entry = (kind, name) => el("span", { class: `play-line play-line-${kind}` }, name);
    return el("span", {}, entry("train", "training"), entry("test", "test"), entry("mean", "mean predictor"));
  }

  // ---- controls
  function drawControls() {
    const focused = document.activeElement?.id;
    controls.replaceChildren(...nnfs.makeControls(state, change));
    presets.hidden = state.hide.includes("bug");
    tells.hidden = state.hide.includes("bug") || state.settings.bug === "none";
    tells.textContent = BUGS[state.settings.bug].tells;
    const short = state.refused.slice(0, 5).map((part) => part.slice(0, 40) + (part.length > 40 ? "…" : ""));
    if (state.refused.length > 5) short.push(`and ${state.refused.length - 5} more`);
    const rest = short.join(", ");
    refused.textContent = rest && `The address asks for what the playground does not know: ${rest}.`;
    if (focused?.startsWith("play-")) document.getElementById(focused)?.focus();
  }

  // A value that will not do is put back to what it was.
  function change(key, value) {
    const next = nnfs.settings.parse(
      nnfs.settings.format({ ...state, settings: { ...state.settings, [key]: value } }),
    );
    if (next.refused.length > 0) next.settings = state.settings;
    apply({ settings: next.settings, steps: 0, hide: state.hide, refused: [] });
  }

  // ---- state
  function apply(next) {
    setPlaying(false);
    state = next;
    trainer = new nnfs.Trainer(state.settings);
    drawControls();
    diagram.build(trainer);
    advance(state.steps);
  }

  // A hash without = is that of a section of the page: it is no state, and left alone.
  function isState(hash) {
    return hash.includes("=");
  }

  function readAddress() {
    return nnfs.settings.parse(isState(location.hash) ? location.hash : "");
  }

  function keepAddress() {
    state = { ...state, steps: trainer.steps };
    const address = nnfs.settings.format(state);
    if (isState(location.hash) || address !== UNTOUCHED) history.replaceState(null, "", address);
  }

  // So many updates, in pieces, so that the page stays alive.
  function advance(steps) {
    setPlaying(false);
    const goal = trainer.steps + steps;
    const [own, end] = [trainer, performance.now() + 40];
    while (trainer.steps < goal && trainer.finite && performance.now() < end) trainer.step();
    draw();
    if (trainer.steps < goal && trainer.finite) {
      if (told === 0 || performance.now() - told > 4000) tell();
      setTimeout(() => own === trainer && !playing && advance(goal - trainer.steps));
      return;
    }
    keepAddress();
    tell();
  }

  function setPlaying(now) {
    if (playing === now) return;
    playing = now;
    play.textContent = playing ? "Pause" : "Play";
    if (playing) requestAnimationFrame(frame);
    else {
      keepAddress();
      tell();
    }
  }

  function frame() {
    if (!playing) return;
    const rounds = trainer.batches === 1 ? 3 : trainer.batches;
    for (let round = 0; round < rounds; round++) trainer.step();
    draw();
    if (!trainer.finite) return setPlaying(false);
    if (performance.now() - told > 4000) tell();
    requestAnimationFrame(frame);
  }

  // ---- pictures
  function draw() {
    const colours = nnfs.colours(root);
    const cache = nnfs.forward(trainer.parameters, GRID, trainer.activations);
    const predictions = trainer.predictions(nnfs.output(trainer.parameters, cache));
    const shares = Array.from(predictions.data, (p) => 2 * p - 1);
    const paler = shares.map((share) => 0.6 * share); // than the points
    nnfs.drawMap(surface, paler, colours);
    const { classes } = SAMPLES[state.settings.data];
    nnfs.drawPoints(surface, SURFACE, trainer.parts, classes, trainer.scale, colours);
    drawChart(colours);
    diagram.draw(cache, shares, colours);
  }

  function drawChart(colours) {
    const { history } = trainer;
    const every = Math.ceil(history.length / 400);
    const kept = history.filter((_, place) => place % every === 0 || place === history.length - 1);
    const end = Math.max(10, history.at(-1).epoch);
    const ends = [0, end].map((epoch) => [epoch, trainer.meanPredictor()]);
    const { one, zero, text } = colours.lines;
    const lines = [
      { values: ends, colour: text, dash: [2, 4] },
      { values: kept.map(({ epoch, test }) => [epoch, test]), colour: one, dash: [6, 4] },
      { values: kept.map(({ epoch, train }) => [epoch, train]), colour: zero, dash: [] },
    ];
    nnfs.drawLosses(chart, CHART, lines, ["epoch", end], colours);
  }

  function tell() {
    told = performance.now();
    const { train, test } = trainer.history.at(-1);
    const share = trainer.accuracy();
    const right =
      share === null ? "" : ` ${Math.round(100 * share)} of 100 test points are on the right side.`;
    const at = `Step ${trainer.steps}, epoch ${number(trainer.epochs, 7)}`;
    words.textContent = trainer.finite
      ? `${at}: training loss ${number(train)}, test loss ${number(test)}.${right}`
      : `${at}: the loss is no number any more. The steps were too long: take a smaller learning rate.`;
    surface.setAttribute(
      "aria-label",
      `The prediction over both features, with the points. ${words.textContent}`,
    );
    chart.setAttribute("aria-label", `The losses by epoch. ${words.textContent}`);
  }

  function heedMotion() {
    play.hidden = nnfs.still.matches;
    if (nnfs.still.matches) setPlaying(false);
  }

  nnfs.still.addEventListener("change", heedMotion);
  heedMotion();
  window.addEventListener("hashchange", () => isState(location.hash) && apply(readAddress()));
  window.addEventListener("resize", () => diagram.drawLines());
  apply(state);
  nnfs.withTheme(draw);
})((globalThis.nnfs ??= {}));
