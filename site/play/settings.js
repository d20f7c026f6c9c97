// All that the playground's state is: settings with their choices, to and from an address.
// #data=xor&hidden=4,4&...&steps=300&hide=bug,seed; what an address leaves out is the default.
(function (nnfs) {
  "use strict";
  const { SAMPLES, BUGS } = nnfs;
  const MOST_LAYERS = 3;
  const MOST_UNITS = 8;
  const MOST_STEPS = 100000;

  function names(table) {
    return Object.entries(table).map(([value, { name }]) => [value, name]);
  }

  function same(...values) {
    return values.map((value) => [value, value]);
  }

  // In the order in which they are shown: a label, the default, and the choices.
  const SETTINGS = {
    data: { label: "Data", start: "xor", choices: names(SAMPLES) },
    noise: { label: "Noise", start: "0.1", choices: same("0", "0.1", "0.2", "0.4") },
    hidden: { label: "Hidden layers", start: "6" },
    activation: {
      label: "Activation",
      start: "tanh",
      choices: [
        ["relu", "ReLU"],
        ["leaky", "leaky ReLU"],
        ["tanh", "tanh"],
        ["sigmoid", "sigmoid"],
        ["identity", "none"],
      ],
    },
    output: {
      label: "Output and loss",
      start: "sigmoid",
      choices: [
        ["sigmoid", "sigmoid, cross-entropy"],
        ["identity", "none, squared error"],
        ["relu", "ReLU, squared error"],
      ],
    },
    rate: {
      label: "Learning rate η",
      start: "1",
      choices: same("0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3", "10"),
    },
    batch: {
      label: "Batch",
      start: "full",
      choices: [["full", "all 200 points"], ...same("50", "20", "5", "1")],
    },
    optimizer: {
      label: "Steps",
      start: "sgd",
      choices: [
        ["sgd", "gradient descent"],
        ["momentum", "momentum"],
        ["adam", "Adam"],
      ],
    },
    l2: { label: "L2 penalty λ", start: "0", choices: same("0", "0.1", "1", "10") },
    seed: { label: "Seed", start: "1" },
    bug: { label: "Bug", start: "none", choices: names(BUGS) },
  };

  function defaults() {
    return Object.fromEntries(Object.entries(SETTINGS).map(([key, { start }]) => [key, start]));
  }

  // A hidden layer is written by its units, "4,4"; "" is a network of one layer.
  function sizes(hidden) {
    return hidden === "" ? [] : hidden.split(",").map(Number);
  }

  // "toString" is in every object, and no setting.
  function isSetting(key) {
    return Object.hasOwn(SETTINGS, key);
  }

  // The value as it is kept, with a point where some write a comma: 0,3 is 0.3. null: not valid.
  function valid(key, value) {
    if (key === "hidden") {
      const units = sizes(value);
      const whole = /^(\d+(,\d+)*)?$/.test(value) && units.every((n) => n >= 1 && n <= MOST_UNITS);
      return whole && units.length <= MOST_LAYERS ? value : null;
    }
    if (key === "seed") return /^\d{1,6}$/.test(value) ? value : null;
    const point = value.replace(",", ".");
    return SETTINGS[key].choices.find(([choice]) => choice === point)?.[0] ?? null;
  }

  // Settings that can be computed: what a bug needs is taken over, and cross-entropy needs classes.
  function settle(settings) {
    const settled = { ...settings };
    const { needs = {} } = BUGS[settled.bug];
    for (const [key, value] of Object.entries(needs)) {
      if (key !== "batch" || settled.batch === "full") settled[key] = value;
    }
    if (settled.output === "sigmoid" && !SAMPLES[settled.data].classes) settled.output = "identity";
    return settled;
  }

  // {settings, steps, hide, refused}: refused are parts that the playground does not know. exhibit=4
  // stands for the settings of that exhibit, and what follows changes them.
  function parse(hash) {
    const given = new URLSearchParams(hash.replace(/^#/, ""));
    const found = { settings: defaults(), steps: 0, hide: [], refused: [] };
    for (const [key, value] of given) {
      const preset = PRESETS.find(({ exhibit }) => key === "exhibit" && String(exhibit) === value);
      if (preset) {
        Object.assign(found.settings, parse(preset.hash).settings);
      } else if (key === "steps" && /^\d+$/.test(value)) {
        found.steps = Math.min(Number(value), MOST_STEPS);
      } else if (key === "hide") {
        const asked = value.split(",").filter((name) => name !== "");
        found.hide = asked.filter(isSetting);
        found.refused.push(...asked.filter((name) => !isSetting(name)));
      } else if (isSetting(key) && valid(key, value) !== null) {
        found.settings[key] = valid(key, value);
      } else {
        found.refused.push(`${key}=${value}`);
      }
    }
    found.settings = settle(found.settings);
    return found;
  }

  function format({ settings, steps, hide }) {
    const parts = Object.keys(SETTINGS).map((key) => `${key}=${settings[key]}`);
    if (steps > 0) parts.push(`steps=${steps}`);
    if (hide.length > 0) parts.push(`hide=${hide.join(",")}`);
    return `#${parts.join("&")}`;
  }

  // What is worth a look: where it begins. exhibit: of the bug zoo, which shows the same bug.
  const PRESETS = [
    { name: "Six units learn XOR", hash: "#data=xor" },
    { name: "One layer cannot learn XOR", hash: "#data=xor&hidden=" },
    { name: "ReLU bends a valley", hash: "#data=valley&hidden=3&activation=relu&rate=0.3&seed=4" },
    {
      name: "By heart: the test loss rises again",
      hash: "#data=xor&noise=0.4&hidden=8,8,8&activation=relu&optimizer=adam&rate=0.01",
    },
    {
      name: "The same with a penalty",
      hash: "#data=xor&noise=0.4&hidden=8,8,8&activation=relu&optimizer=adam&rate=0.01&l2=1",
    },
    { exhibit: 1, name: "the learning rate is too high", hash: "#data=plane&hidden=&output=identity&rate=3" },
    {
      exhibit: 2,
      name: BUGS.sum.name,
      hash: "#data=plane&hidden=8&activation=relu&output=relu&rate=0.03&bug=sum",
    },
    {
      exhibit: 3,
      name: BUGS.target.name,
      hash: "#data=plane&hidden=8,8&activation=relu&rate=0.1&bug=target",
    },
    { exhibit: 4, name: BUGS.dead.name, hash: "#data=plane&hidden=8&activation=relu&bug=dead" },
    { exhibit: 5, name: BUGS.whole.name, hash: "#data=valley&hidden=4&output=identity&rate=0.1&bug=whole" },
    { exhibit: 6, name: BUGS.mask.name, hash: "#data=xor&hidden=6,4&activation=relu&bug=mask" },
    {
      exhibit: 8,
      name: BUGS.batches.name,
      hash: "#data=plane&hidden=8&activation=relu&rate=0.3&batch=20&bug=batches",
    },
    { suspect: "B", name: BUGS.sign.name, hash: "#bug=sign&rate=0.1" },
    { suspect: "C", name: BUGS.equal.name, hash: "#bug=equal" },
    { suspect: "G", name: "the learning rate is too low", hash: "#rate=0.003" },
    { name: "No biases: a disc in a ring", hash: "#data=circle&bug=bias" },
  ];

  Object.assign(nnfs, { SETTINGS, PRESETS, MOST_LAYERS, MOST_UNITS });
  nnfs.settings = { defaults, sizes, settle, parse, format };
})((globalThis.nnfs ??= {}));
