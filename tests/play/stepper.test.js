// The stepper's operations against the network's own way forward, back and update.
"use strict";
const assert = require("node:assert");
const test = require("node:test");
const { load, distance } = require("./load.js");

const nnfs = load("matrix.js", "random.js", "network.js", "stepper_steps.js");
const { FIRST, WEIGHTS, OPERATIONS, valuesAfter, judge, anotherStart, lossAfter, written, nameOf } =
  nnfs.stepper;
const STARTS = [FIRST, ...Array.from({ length: 30 }, (_, seed) => anotherStart(seed))];
const ALL = OPERATIONS.length;

function network(v, prefix = "") {
  const at = (key) => v[prefix + key];
  return {
    W1: nnfs.fromRows([
      [at("W1_11"), at("W1_12")],
      [at("W1_21"), at("W1_22")],
    ]),
    b1: nnfs.fromRows([[at("b1_1")], [at("b1_2")]]),
    W2: nnfs.fromRows([[at("W2_1"), at("W2_2")]]),
    b2: nnfs.fromRows([[at("b2")]]),
  };
}

test("all operations together are forward, loss, backward and update", () => {
  const activations = [nnfs.ACTIVATIONS.relu, nnfs.ACTIVATIONS.identity];
  for (const start of STARTS) {
    const values = valuesAfter(start, ALL);
    const [X, Y] = [nnfs.fromRows([[start.x_1], [start.x_2]]), nnfs.fromRows([[start.y]])];
    const parameters = network(start);
    const cache = nnfs.forward(parameters, X, activations);
    assert.ok(distance([values.Z1_1, values.Z1_2], [...cache.Z1.data]) < 1e-12);
    assert.ok(distance([values.A1_1, values.A1_2], [...cache.A1.data]) < 1e-12);
    assert.ok(distance(values.J, nnfs.LOSSES.mse.value(cache.A2, Y)) < 1e-12);
    const dA = nnfs.LOSSES.mse.gradient(cache.A2, Y);
    const gradients = nnfs.backward(parameters, cache, dA, activations);
    const theirs = network(Object.fromEntries(WEIGHTS.map((key) => [key, values[`d${key}`]])));
    for (const [name, array] of Object.entries(theirs)) {
      assert.ok(distance([...array.data], [...gradients[`d${name}`].data]) < 1e-12, name);
    }
    const next = nnfs.update(parameters, gradients, 0.1, nnfs.OPTIMIZERS.sgd());
    for (const [name, array] of Object.entries(network(values, "new_"))) {
      assert.ok(distance([...array.data], [...next[name].data]) < 1e-12, name);
    }
    const after = nnfs.output(next, nnfs.forward(next, X, activations));
    assert.ok(distance(lossAfter(values), nnfs.LOSSES.mse.value(after, Y)) < 1e-12);
  }
});

test("each operation uses only what is known by then, and computes something new", () => {
  OPERATIONS.forEach(({ key, uses }, place) => {
    const known = valuesAfter(FIRST, place);
    for (const used of uses) assert.ok(used in known, `${key} uses ${used}`);
    assert.ok(!(key in known), key);
  });
});

test("the right number is right, also with two decimals, and a wrong one is not", () => {
  for (const start of STARTS) {
    OPERATIONS.forEach((operation, place) => {
      const values = valuesAfter(start, place);
      const value = operation.compute(values);
      assert.ok(judge(operation, values, value).right);
      assert.ok(judge(operation, values, Number(value.toFixed(2))).right);
      for (const wrong of [value + 0.02, value - 7, NaN]) assert.ok(!judge(operation, values, wrong).right);
    });
  }
});

test("each mistake is named, where it gives another number", () => {
  const heard = new Set();
  for (const start of STARTS) {
    OPERATIONS.forEach((operation, place) => {
      const values = valuesAfter(start, place);
      const value = operation.compute(values);
      for (const [compute, says] of operation.mistakes) {
        const typed = compute({ ...values, [operation.key]: value });
        const verdict = judge(operation, values, typed);
        assert.equal(verdict.right, Math.abs(typed - value) <= 0.00501);
        if (verdict.says.includes(says)) heard.add(`${operation.key}: ${says}`);
      }
    });
  }
  const all = OPERATIONS.flatMap(({ key, mistakes }) => mistakes.map(([, says]) => `${key}: ${says}`));
  assert.deepEqual(
    all.filter((mistake) => !heard.has(mistake)),
    [],
  );
  const { says } = judge(OPERATIONS[6], valuesAfter(FIRST, 6), -1);
  assert.equal(says, "Not yet: the size is right, the sign is not.");
});

test("starts are the same for a seed, and alive", () => {
  assert.deepEqual(anotherStart(5), anotherStart(5));
  assert.notDeepEqual(anotherStart(5), anotherStart(6));
  for (const start of STARTS) {
    const { A1_1, A1_2, J } = valuesAfter(start, ALL);
    assert.ok(A1_1 + A1_2 > 0 && J > 0);
  }
});

test("names are written with their indices", () => {
  assert.deepEqual(["W1_12", "b2", "x_1"].map(written), ["W1₁₂", "b2", "x₁"]);
  assert.equal(nameOf("new_W2_1"), "new W2₁");
});
