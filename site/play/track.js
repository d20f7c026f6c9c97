// Compose a track: fourteen sliders, its predicted popularity and genre, and what each slider could do.
(function (nnfs) {
  "use strict";
  const { el, button } = nnfs;
  const root = document.getElementById("track");
  if (!root) return;

  const popularity = nnfs.readModel(nnfs.weights.popularity);
  const genres = nnfs.readModel(nnfs.weights.genres);
  const { features, ranges, scores } = popularity.facts;
  const GENRE_FEATURES = genres.facts.features;
  const POINTS = 25; // places of a slider at which the networks are asked
  const KEYS = "C C♯ D D♯ E F F♯ G G♯ A A♯ B".split(" ");
  const share = { step: 0.001, write: (v) => v.toFixed(2) };
  const whole = { step: 1, write: (v) => String(Math.round(v)) };
  // How a feature is set and written; its ends are those of the training tracks.
  const LOOKS = {
    ...{ danceability: share, energy: share, speechiness: share, acousticness: share },
    ...{ instrumentalness: share, liveness: share, valence: share },
    loudness: { step: 0.1, write: (v) => `${v.toFixed(1).replace("-", "−")} dB` },
    tempo: { step: 1, write: (v) => `${Math.round(v)} BPM` },
    duration_ms: { step: 1000, name: "duration", write: minutes },
    explicit: { ...whole, write: (v) => (v > 0.5 ? "explicit" : "not explicit") },
    key: { ...whole, write: (v) => KEYS[Math.round(v)] },
    mode: { ...whole, write: (v) => (v > 0.5 ? "major" : "minor") },
    year: whole,
  };
  // Set by hand, to begin with: what they leave out is that of the middle track.
  const EXAMPLES = {
    "a dance track of 2019": {
      ...{ danceability: 0.8, energy: 0.8, loudness: -5, acousticness: 0.03, valence: 0.6, tempo: 124 },
      ...{ duration_ms: 195000, explicit: 0, year: 2019 },
    },
    "a rap of 2017": {
      ...{ danceability: 0.78, energy: 0.62, loudness: -6.5, speechiness: 0.28, acousticness: 0.15 },
      ...{ valence: 0.45, tempo: 142, duration_ms: 200000, explicit: 1, mode: 0, year: 2017 },
    },
    "a piano piece of 1962": {
      ...{ danceability: 0.3, energy: 0.08, loudness: -22, speechiness: 0.04, acousticness: 0.98 },
      ...{ instrumentalness: 0.9, valence: 0.2, tempo: 80, duration_ms: 260000, year: 1962 },
    },
  };

  function minutes(milliseconds) {
    const seconds = Math.round(milliseconds / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} minutes`;
  }

  let track = middle();
  let waiting = null; // of the bars, which take longer than the prediction

  function middle() {
    return Object.fromEntries(features.map((name, place) => [name, ranges[place].middle]));
  }

  // ---- what is on the page
  const points = el("p", { class: "play-points" });
  const says = el("p", { class: "play-says", role: "status", "aria-live": "polite" });
  const scale = scaleBar("play-scale");
  const genreBars = genres.facts.classes.map((name) => {
    const [bar, percent] = [el("span", { class: "play-bar" }), el("span", { class: "play-share" })];
    return {
      row: el("li", {}, el("span", {}, name), el("span", { class: "play-track" }, bar), percent),
      bar,
      percent,
    };
  });
  const rows = features.map(sliderRow);
  const genreLabel = el("span", {});
  const buttons = Object.entries({ "the middle track": {}, ...EXAMPLES }).map(([name, own]) =>
    button(name, () => set({ ...middle(), ...own })),
  );

  root.replaceChildren(
    el(
      "div",
      { class: "play-result" },
      el("div", {}, points, scale.track, says),
      el("ol", { class: "play-bars play-genres" }, ...genreBars.map(({ row }) => row)),
    ),
    el("div", { class: "play-buttons" }, el("span", { class: "play-label" }, "Begin with"), ...buttons),
    el(
      "p",
      { class: "play-legend" },
      el("span", { class: "play-span-key" }),
      " popularity that this slider alone could reach, from 0 to 100; ",
      el("span", { class: "play-span-key play-span-genre" }),
      " probability of ",
      genreLabel,
    ),
    ...rows.map(({ row }) => row),
  );

  function scaleBar(look) {
    const [span, now] = [el("span", { class: "play-span" }), el("span", { class: "play-now" })];
    return { track: el("span", { class: `play-track ${look}` }, span, now), span, now };
  }

  function sliderRow(name, place) {
    const { step, name: label = name } = LOOKS[name];
    const { low, high } = ranges[place];
    const id = `track-${name}`;
    const ends = { min: Math.floor(low / step) * step, max: Math.ceil(high / step) * step };
    const shown = el("output", { for: id });
    const slider = el("input", { id, type: "range", step, ...ends, "aria-describedby": `${id}-effect` });
    slider.addEventListener("input", () => {
      track = { ...track, [name]: Number(slider.value) };
      draw();
    });
    slider.addEventListener("change", tell);
    const bars = [scaleBar(""), scaleBar("play-genre-scale")];
    const effect = el("span", { id: `${id}-effect`, class: "play-effect" });
    const row = el(
      "div",
      { class: "play-feature" },
      el("label", { for: id }, label),
      el("div", { class: "play-set" }, slider, ...bars.map(({ track: one }) => one)),
      el("div", { class: "play-value" }, shown, effect),
    );
    return { name, slider, shown, bars, effect, row };
  }

  // ---- the networks
  // Several tracks as samples of a network, its features in its order. The network of genres asks for
  // the time signature: 4, as in nearly all of its tracks.
  function samples(tracks, names) {
    const X = nnfs.matrix(names.length, tracks.length);
    names.forEach((name, row) => {
      tracks.forEach((one, column) => (X.data[row * tracks.length + column] = one[name] ?? 4));
    });
    return X;
  }

  function predict(tracks) {
    return {
      popular: popularity.run(samples(tracks, features)).prediction,
      genre: genres.run(samples(tracks, GENRE_FEATURES)).prediction,
    };
  }

  function now() {
    const { popular, genre } = predict([track]);
    const P = Array.from(genre.data);
    return { popular: popular.data[0], P, best: P.indexOf(Math.max(...P)) };
  }

  // ---- drawing
  function set(next) {
    track = next;
    for (const { name, slider } of rows) slider.value = track[name];
    draw();
    tell();
  }

  function percent(p) {
    return `${Math.round(100 * p)} %`;
  }

  function draw() {
    const { popular, P, best } = now();
    points.replaceChildren("Predicted popularity ", el("strong", {}, popular.toFixed(0)), " of 100");
    place(scale, popular - scores.mae, popular + scores.mae, popular, 100);
    genreBars.forEach(({ row, bar, percent: words }, i) => {
      bar.style.width = `${100 * P[i]}%`;
      words.textContent = percent(P[i]);
      row.classList.toggle("play-best", i === best);
    });
    genreLabel.textContent = genres.facts.classes[best];
    for (const { name, shown, slider } of rows) {
      shown.textContent = LOOKS[name].write(track[name]);
      slider.setAttribute("aria-valuetext", shown.textContent);
    }
    clearTimeout(waiting);
    waiting = setTimeout(drawEffects, 60);
  }

  function place({ span, now: tick }, low, high, value, top) {
    const at = (number) => Math.min(100, Math.max(0, (100 * number) / top));
    span.style.left = `${at(low)}%`;
    span.style.width = `${Math.max(0.5, at(high) - at(low))}%`;
    tick.style.left = `${at(value)}%`;
  }

  // Along each slider, everything else as it is: the least and the most of both predictions.
  function drawEffects() {
    const { popular, P, best } = now();
    for (const { name, slider, bars, effect } of rows) {
      const [low, high] = [Number(slider.min), Number(slider.max)];
      const steps = Math.round((high - low) / LOOKS[name].step); // of a mode there are two, of a key twelve
      const count = Math.min(POINTS, steps + 1);
      const along = Array.from({ length: count }, (_, i) => ({
        ...track,
        [name]: low + ((high - low) * i) / (count - 1),
      }));
      const found = predict(along);
      const own = [popular, ...found.popular.data];
      const ofGenre = [P[best], ...found.genre.data.subarray(best * count, (best + 1) * count)];
      place(bars[0], Math.min(...own), Math.max(...own), popular, 100);
      place(bars[1], Math.min(...ofGenre), Math.max(...ofGenre), P[best], 1);
      effect.textContent = `${Math.round(Math.min(...own))} to ${Math.round(Math.max(...own))} points`;
    }
  }

  function tell() {
    const { popular, P, best } = now();
    const error = scores.mae.toFixed(0);
    says.textContent =
      `Popularity ${popular.toFixed(0)}, give or take ${error}: that is its typical error. ` +
      `Most like ${genres.facts.classes[best]}, ${percent(P[best])}.`;
  }

  set(middle());
})((globalThis.nnfs ??= {}));
