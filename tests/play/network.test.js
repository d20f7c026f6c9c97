// The network in the page against what nnfs_core computes: python -m tools.play writes the cases.
"use strict";
const assert = require("node:assert");
const test = require("node:test");
const { load, cases, distance } = require("./load.js");

const nnfs = load("matrix.js", "random.js", "network.js");
const CASES = cases();
const NEAR = 1e-9;

function near(found, expected, what) {
  const error = distance(found, expected);
  assert.ok(error < NEAR, `${what}: ${error} apart`);
}

function matrices(arrays) {
  return Object.fromEntries(Object.entries(arrays).map(([name, rows]) => [name, nnfs.fromRows(rows)]));
}

// Loss and gradients of a case, at some parameters.
function compute(it, parameters) {
  const [X, Y] = [nnfs.fromRows(it.X), nnfs.fromRows(it.Y)];
  const activations = it.activations.map((name) => nnfs.ACTIVATIONS[name]);
  const cache = nnfs.forward(parameters, X, activations);
  const A = nnfs.output(parameters, cache);
  const loss = nnfs.LOSSES[it.loss];
  const value = loss.value(A, Y) + nnfs.penalty(parameters, it.l2, X.columns);
  const dA = loss.gradient(A, Y);
  return { A, value, gradients: nnfs.backward(parameters, cache, dA, activations, it.l2, X.columns) };
}

for (const it of CASES.networks) {
  const name = `${it.activations.join(", ")}, ${it.loss}, l2 ${it.l2}`;
  test(`forward, loss and backward: ${name}`, () => {
    const found = compute(it, matrices(it.parameters));
    near(nnfs.toRows(found.A), it.output, "output");
    near(found.value, it.value, "loss");
    assert.deepEqual(Object.keys(found.gradients).sort(), Object.keys(it.gradients).sort());
    for (const [key, rows] of Object.entries(it.gradients)) {
      near(nnfs.toRows(found.gradients[key]), rows, key);
    }
  });
}

test("the cases know every activation, loss and optimizer", () => {
  const used = (key) => new Set(CASES.networks.flatMap((it) => it[key]));
  assert.deepEqual(used("activations"), new Set(Object.keys(nnfs.ACTIVATIONS)));
  assert.deepEqual(used("loss"), new Set(Object.keys(nnfs.LOSSES)));
  const optimizers = CASES.optimizers.map((it) => it.optimizer);
  assert.deepEqual(optimizers, Object.keys(nnfs.OPTIMIZERS));
});

for (const it of CASES.optimizers) {
  test(`four steps of ${it.optimizer}`, () => {
    const direction = nnfs.OPTIMIZERS[it.optimizer]();
    let parameters = matrices(it.parameters);
    for (const expected of it.steps) {
      const { gradients } = compute(it, parameters);
      parameters = nnfs.update(parameters, gradients, it.rate, direction);
      for (const [key, rows] of Object.entries(expected)) near(nnfs.toRows(parameters[key]), rows, key);
    }
  });
}

test("softmax, batch normalization and the encoding", () => {
  near(nnfs.toRows(nnfs.softmax(nnfs.fromRows(CASES.softmax.Z))), CASES.softmax.P, "softmax");
  const { X, output, ...statistics } = CASES.normalize;
  near(nnfs.toRows(nnfs.normalize(nnfs.fromRows(X), matrices(statistics))), output, "normalize");
  const encoded = nnfs.encode(nnfs.fromRows(CASES.encode.X), CASES.encode.edges);
  near(nnfs.toRows(encoded), CASES.encode.E, "encode");
});

test("a seed gives the same numbers, of the right mean and variance", () => {
  const draw = (seed) => {
    const random = nnfs.generator(seed);
    return Array.from({ length: 20000 }, () => random.normal());
  };
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1).slice(0, 9), draw(2).slice(0, 9));
  const mean = draw(3).reduce((a, b) => a + b) / 20000;
  const variance = draw(3).reduce((a, b) => a + b * b) / 20000;
  assert.ok(Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.05, `${mean}, ${variance}`);
  const order = nnfs.generator(4).permutation(50);
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    [...Array(50).keys()],
  );
  assert.notDeepEqual(order, [...Array(50).keys()]);
});

test("He and Xavier have their variances, and biases are 0", () => {
  for (const [kind, variance] of [
    ["he", 2 / 50],
    ["xavier", 2 / 250],
  ]) {
    const { W1, b1 } = nnfs.initialize([50, 200], nnfs.generator(0), kind);
    const found = nnfs.sum(nnfs.map(W1, (w) => w * w)) / W1.data.length;
    assert.ok(Math.abs(found / variance - 1) < 0.05, `${kind}: ${found}`);
    assert.ok(b1.data.every((b) => b === 0));
  }
});

test("shapes that do not fit are refused", () => {
  const [A, B] = [nnfs.matrix(2, 3), nnfs.matrix(2, 3)];
  assert.throws(() => nnfs.multiply(A, B), /\(2, 3\) times \(2, 3\)/);
  assert.throws(() => nnfs.zip(A, nnfs.matrix(3, 2), (a) => a), /does not fit/);
  assert.throws(() => nnfs.byRow(A, nnfs.matrix(3, 1), (a) => a), /no column of 2/);
  assert.throws(() => nnfs.matrix(2, 2, [1, 2, 3]), /3 numbers/);
});
