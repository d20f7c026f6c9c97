// The stored networks, read by the page's script, against nnfs_core with the same numbers.
"use strict";
const assert = require("node:assert");
const test = require("node:test");
const { load, cases, distance } = require("./load.js");

const NAMES = ["digits", "popularity", "genres"];
const nnfs = load(
  "matrix.js",
  "random.js",
  "network.js",
  "model.js",
  ...NAMES.map((name) => `weights_${name}.js`),
);
const CASES = cases().models;

for (const name of NAMES) {
  test(`${name}: predictions are those of nnfs_core`, () => {
    const { X, prediction } = CASES[name];
    const model = nnfs.readModel(nnfs.weights[name]);
    const found = model.run(nnfs.fromRows(X));
    const error = distance(nnfs.toRows(found.prediction), prediction);
    assert.ok(error < 1e-9, `${error} apart`);
    const hidden = nnfs.weights[name].layers.filter(({ kind }) => kind === "relu").length;
    assert.equal(found.hidden.length, hidden);
  });
}
