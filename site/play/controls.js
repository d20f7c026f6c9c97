// The playground's controls, one for each setting, and its examples.
(function (nnfs) {
  "use strict";
  const { el, button, SETTINGS, PRESETS, SAMPLES } = nnfs;

  // All controls for a state; change(key, value) is called when one is set.
  function makeControls(state, change) {
    function control(key) {
      const { label, choices } = SETTINGS[key];
      const box = el("div", { class: `play-control play-control-${key}`, hidden: state.hide.includes(key) });
      if (key === "hidden") {
        box.append(...layerControls(label));
        return box;
      }
      const [id, value] = [`play-${key}`, state.settings[key]];
      box.append(el("label", { for: id }, label));
      if (choices) {
        const offered = choices.filter(
          ([choice]) => key !== "output" || choice !== "sigmoid" || SAMPLES[state.settings.data].classes,
        );
        const options = offered.map(([choice, name]) =>
          el("option", { value: choice, selected: choice === value }, name),
        );
        box.append(el("select", { id, onchange: (event) => change(key, event.target.value) }, ...options));
      } else {
        const limits = { type: "number", min: 0, max: 999999, step: 1 };
        box.append(
          el("input", { id, value, ...limits, onchange: (event) => change(key, event.target.value) }),
        );
      }
      return box;
    }

    function layerControls(label) {
      const sizes = nnfs.settings.sizes(state.settings.hidden);
      const set = (next) => change("hidden", next.join(","));
      const inputs = sizes.map((units, place) =>
        el("input", {
          id: `play-units-${place}`,
          type: "number",
          min: 1,
          max: nnfs.MOST_UNITS,
          value: units,
          "aria-label": `units of hidden layer ${place + 1}`,
          onchange: (event) => set(sizes.map((old, i) => (i === place ? event.target.value : old))),
        }),
      );
      const more = button("+", () => set([...sizes, 4]));
      const less = button("−", () => set(sizes.slice(0, -1)));
      more.setAttribute("aria-label", "add a hidden layer");
      less.setAttribute("aria-label", "remove the last hidden layer");
      [more.id, less.id] = ["play-more", "play-less"];
      [more.disabled, less.disabled] = [sizes.length >= nnfs.MOST_LAYERS, sizes.length === 0];
      return [
        el("span", { class: "play-label" }, label),
        el("div", { class: "play-layers" }, less, ...inputs, more),
      ];
    }

    return Object.keys(SETTINGS).map(control);
  }

  function makePresets() {
    const entries = PRESETS.map(({ name, hash, exhibit, suspect }) => {
      const before = exhibit ? `Exhibit ${exhibit}: ` : suspect ? `Suspect ${suspect}: ` : "";
      return el("li", {}, before, el("a", { href: hash }, name));
    });
    return el(
      "details",
      { class: "play-presets" },
      el("summary", {}, "See it happen"),
      el("ul", {}, ...entries),
    );
  }

  Object.assign(nnfs, { makeControls, makePresets });
})((globalThis.nnfs ??= {}));
