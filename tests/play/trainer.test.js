// What the playground trains: that it learns, that an address gives the same run again, and that each
// bug does what the page says of it.
"use strict";
const assert = require("node:assert");
const test = require("node:test");
const { load } = require("./load.js");

const nnfs = load(
  "matrix.js",
  "random.js",
  "network.js",
  "samples.js",
  "bugs.js",
  "settings.js",
  "trainer.js",
);

function run(hash, steps) {
  const trainer = new nnfs.Trainer(nnfs.settings.parse(hash).settings);
  for (let step = 0; step < steps; step++) trainer.step();
  return trainer;
}

function losses(trainer) {
  return trainer.history.map(({ train }) => train);
}

for (const data of ["xor", "circle", "moons", "plane", "valley"]) {
  test(`a healthy network learns ${data}`, () => {
    const trainer = run(`#data=${data}&hidden=8&seed=3&rate=1`, 800);
    const last = trainer.history.at(-1);
    assert.ok(last.train < 0.25 * trainer.meanPredictor(), `${last.train}, ${trainer.meanPredictor()}`);
    assert.ok(last.test < 0.4 * trainer.meanPredictor(), `test: ${last.test}`);
  });
}

test("the spiral with two layers and Adam", () => {
  const trainer = run("#data=spiral&hidden=8,8&optimizer=adam&rate=0.03&noise=0", 1500);
  assert.ok(trainer.accuracy() > 0.9, `${trainer.accuracy()}`);
});

test("seeds 1 to 3 learn XOR as the page opens", () => {
  for (let seed = 1; seed <= 3; seed++) {
    const trainer = run(`#seed=${seed}`, 800);
    assert.ok(trainer.history.at(-1).train < 0.2, `seed ${seed}: ${trainer.history.at(-1).train}`);
  }
});

test("samples are where their names say, and classes are even", () => {
  for (const [name, { classes }] of Object.entries(nnfs.SAMPLES)) {
    const { train, test: other } = nnfs.drawSamples(name, 0, 7);
    assert.deepEqual([train.X.columns, other.X.columns], [200, 100]);
    assert.ok(
      train.X.data.every((x) => Math.abs(x) <= nnfs.REACH),
      name,
    );
    assert.ok(
      train.Y.data.every((y) => y >= 0 && y <= 1),
      name,
    );
    assert.notDeepEqual(train.X.data.slice(0, 100), other.X.data.slice(0, 100));
    const mean = nnfs.sum(train.Y) / 200;
    assert.ok(Math.abs(mean - 0.5) < 0.1, `${name}: ${mean}`);
    if (classes) assert.ok(train.Y.data.every((y) => y === 0 || y === 1));
  }
  const quiet = nnfs.drawSamples("xor", 0, 7).train;
  const loud = nnfs.drawSamples("xor", 0.4, 7).train;
  assert.ok(quiet.Y.data.every((y, i) => quiet.X.data[i] * quiet.X.data[200 + i] > 0 === (y === 1)));
  assert.ok(!loud.Y.data.every((y, i) => loud.X.data[i] * loud.X.data[200 + i] > 0 === (y === 1)));
});

test("an address goes round, with every choice of every setting", () => {
  for (const [key, { choices = [["8,1,3"], [""]] }] of Object.entries(nnfs.SETTINGS)) {
    for (const [value] of key === "seed" ? [["0"], ["4711"]] : choices) {
      const state = nnfs.settings.parse(`#${key}=${value}&steps=17&hide=seed,bug`);
      assert.equal(state.settings[key], key === "output" ? state.settings.output : value, key);
      assert.deepEqual(state.refused, []);
      const again = nnfs.settings.parse(nnfs.settings.format(state));
      assert.deepEqual(again, state);
    }
  }
});

test("an address may name an exhibit of the bug zoo", () => {
  for (const { exhibit, hash } of nnfs.PRESETS.filter((preset) => preset.exhibit)) {
    assert.deepEqual(nnfs.settings.parse(`#exhibit=${exhibit}`), nnfs.settings.parse(hash));
  }
  const { settings, hide } = nnfs.settings.parse("#exhibit=4&seed=7&hide=bug");
  assert.deepEqual([settings.bug, settings.seed, hide], ["dead", "7", ["bug"]]);
  assert.deepEqual(nnfs.settings.parse("#exhibit=7").refused, ["exhibit=7"]);
});

test("what an address asks for in vain is named, and the default stays", () => {
  const state = nnfs.settings.parse("#data=cats&hidden=9&seed=x&steps=-1&hide=all,bug&colour=red&rate=0.1");
  assert.deepEqual(state.settings, { ...nnfs.settings.defaults(), rate: "0.1" });
  assert.deepEqual(state.hide, ["bug"]);
  assert.deepEqual(state.refused, ["data=cats", "hidden=9", "seed=x", "steps=-1", "all", "colour=red"]);
  for (const hidden of ["4,4,4,4", "0", "2.5", "4,", "a", "-1", "0x4", "%2B4", "4e0", " 4", "8,".repeat(1e5)]) {
    assert.equal(nnfs.settings.parse(`#hidden=${hidden}`).settings.hidden, "6", hidden);
  }
  for (const steps of ["-1", "NaN", "1e9", "0x10", ""]) {
    assert.equal(nnfs.settings.parse(`#steps=${steps}`).steps, 0, steps);
  }
  assert.equal(nnfs.settings.parse("#steps=9999999999999999999999").steps, 100000);
});

test("no address breaks the page: names that every object has, halves of signs, scripts", () => {
  const names = ["toString", "constructor", "__proto__", "hasOwnProperty"];
  const hashes = names.flatMap((name) => [`#${name}=1`, `#hide=${name}`, `#data=${name}`, `#exhibit=${name}`]);
  for (const hash of [...hashes, "#%E0%A4%A=1", "#layers=999", "#lr=NaN", "#data=<script>", "#rate=Infinity"]) {
    const state = nnfs.settings.parse(hash);
    assert.equal(state.refused.length, 1, hash);
    assert.deepEqual([state.settings, state.hide], [nnfs.settings.defaults(), []], hash);
    assert.equal(new nnfs.Trainer(state.settings).finite, true);
  }
  for (const hash of ["", "#", "#&&&", "#hide=", "#hidden=6&"]) {
    assert.deepEqual(nnfs.settings.parse(hash).refused, [], hash);
  }
});

test("a comma is as good as a point", () => {
  const { settings, refused } = nnfs.settings.parse("#rate=0,03&noise=0%2C2&l2=0,1&hidden=4,4");
  const { rate, noise, l2, hidden } = settings;
  assert.deepEqual([rate, noise, l2, hidden, refused], ["0.03", "0.2", "0.1", "4,4", []]);
});

test("the same settings give the same run, another seed another", () => {
  const hash = "#batch=20&optimizer=momentum&rate=0.03&l2=1";
  assert.deepEqual(losses(run(hash, 100)), losses(run(hash, 100)));
  assert.notDeepEqual(losses(run(`${hash}&seed=2`, 100)), losses(run(hash, 100)));
});

test("an epoch takes each point once, in batches of the size asked for", () => {
  const trainer = run("#batch=50", 0);
  assert.deepEqual(
    trainer.waiting.map((batch) => batch.length),
    [50, 50, 50, 50],
  );
  assert.deepEqual(
    trainer.waiting.flat().sort((a, b) => a - b),
    [...Array(200).keys()],
  );
  for (let step = 0; step < 6; step++) trainer.step();
  assert.equal(trainer.history.length, 2); // the start, and one epoch
  assert.equal(trainer.epochs, 1.5);
});

test("a penalty shortens the weights", () => {
  const length = (trainer) => nnfs.penalty(trainer.parameters, 1, 1);
  assert.ok(length(run("#l2=10", 500)) < 0.5 * length(run("#l2=0", 500)));
});

test("equal weights stay equal in each layer", () => {
  const { parameters } = run("#bug=equal&hidden=4,3", 300);
  for (const name of ["W1", "W2"]) {
    const rows = nnfs.toRows(parameters[name]);
    for (const row of rows) assert.deepEqual(row, rows[0]);
  }
  assert.notEqual(parameters.W1.data[0], 0.5); // and they do move
});

test("the wrong sign goes uphill", () => {
  const found = losses(run("#bug=sign", 30));
  assert.ok(found.at(-1) > found[0]);
});

test("the gradient of a sum is 200 times as long: a 200th of the rate makes up for it", () => {
  const sick = run("#bug=sum&output=identity&rate=0.001&hidden=4", 50);
  const well = new nnfs.Trainer({ ...sick.settings, bug: "none", rate: "0.2" });
  for (let step = 0; step < 50; step++) well.step();
  const gap = Math.abs(sick.history.at(-1).train - well.history.at(-1).train);
  assert.ok(gap < 1e-9, `${gap}`);
});

test("an unscaled target does what the page says: the mean predictor's loss, and no better", () => {
  const sick = run("#bug=target&data=plane&activation=relu&rate=0.1&hidden=8", 300);
  assert.equal(sick.settings.output, "identity");
  const well = run("#data=plane&activation=relu&rate=0.1&hidden=8", 300);
  assert.ok(!sick.finite || sick.history.at(-1).train > 0.9 * sick.meanPredictor());
  assert.ok(well.history.at(-1).train < 0.1 * well.meanPredictor());
});

test("a dead output is 0 for every seed, and stays so", () => {
  for (const activation of ["relu", "tanh", "sigmoid"]) {
    for (const seed of [1, 2, 3]) {
      const trainer = run(`#bug=dead&activation=${activation}&seed=${seed}`, 20);
      assert.ok(trainer.outputs(trainer.parts.test.X).data.every((a) => a === 0));
      assert.ok(Object.values(trainer.gradients).every((g) => g.data.every((d) => Math.abs(d) === 0)));
    }
  }
});

test("whole numbers: the gradients are not 0, and nothing moves", () => {
  const [sooner, end] = [run("#bug=whole&rate=0.1", 20), run("#bug=whole&rate=0.1", 60)];
  assert.deepEqual(end.parameters, sooner.parameters);
  assert.ok(end.parameters.W1.data.every(Number.isInteger));
  assert.ok(end.gradients.dW1.data.some((d) => Math.abs(d) > 1e-3));
});

test("the wrong mask: the last layer's gradients are right, those before it wrong", () => {
  const [sick, well] = [run("#bug=mask&hidden=8", 1), run("#activation=relu&hidden=8", 1)];
  assert.deepEqual(sick.gradients.dW2, well.gradients.dW2);
  assert.notDeepEqual(sick.gradients.dW1, well.gradients.dW1);
});

test("batches with the same members jump more than mixed ones", () => {
  const rises = (hash) => {
    const found = losses(run(hash, 1000));
    return found.slice(1).reduce((sum, loss, i) => sum + Math.max(0, loss - found[i]), 0);
  };
  const hash = "#data=circle&batch=20&hidden=8&rate=0.3";
  assert.ok(rises(`${hash}&bug=batches`) > 3 * rises(hash));
});

test("without biases these stay 0, and a ring is not learnt", () => {
  const trainer = run("#data=circle&bug=bias", 600);
  assert.ok(trainer.history.at(-1).train > 0.9 * trainer.meanPredictor());
  assert.ok(run("#data=circle", 600).history.at(-1).train < 0.2 * trainer.meanPredictor());
  const { parameters } = trainer;
  assert.ok(parameters.b1.data.every((b) => b === 0) && parameters.b2.data[0] === 0);
});

test("a loss that is no number any more stops the run", () => {
  const trainer = run("#output=identity&rate=10&activation=relu&hidden=8", 200);
  assert.equal(trainer.finite, false);
  assert.ok(trainer.steps < 200);
});

test("every preset is known, and its bug needs nothing that it does not say", () => {
  for (const { name, hash } of nnfs.PRESETS) {
    const { settings, refused } = nnfs.settings.parse(hash);
    assert.deepEqual(refused, [], name);
    assert.deepEqual(nnfs.settings.settle(settings), settings);
  }
});

test("each exhibit of the zoo shows its bug, and the cured network does not", () => {
  for (const { exhibit, hash } of nnfs.PRESETS.filter((preset) => preset.exhibit > 1)) {
    const { settings } = nnfs.settings.parse(hash);
    const [sick, well] = [settings.bug, "none"].map((bug) => {
      const trainer = new nnfs.Trainer({ ...settings, bug });
      for (let step = 0; step < 300; step++) trainer.step();
      const worst = Math.max(...losses(trainer).slice(-30));
      return worst / trainer.meanPredictor();
    });
    assert.ok(sick > 2 * well, `exhibit ${exhibit}: ${sick} sick, ${well} cured`);
  }
});
