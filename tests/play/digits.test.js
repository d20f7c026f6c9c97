// From strokes to pixels, and from pixels to a digit.
"use strict";
const assert = require("node:assert");
const test = require("node:test");
const { load } = require("./load.js");
const { HANDS, drawings } = require("./strokes.js");

const nnfs = load("matrix.js", "random.js", "network.js", "model.js", "weights_digits.js", "pixels.js");
const { pictures, ink } = nnfs.weights.digits;
const model = nnfs.readModel(nnfs.weights.digits);

function read(pixels) {
  const P = Array.from(model.run(nnfs.matrix(64, 1, pixels)).prediction.data);
  return P.indexOf(Math.max(...P));
}

test("pixels are of the data set's kind: 0 to 16, all eight rows, about its ink", () => {
  for (const [digit, strokes] of drawings()) {
    const pixels = nnfs.digitPixels(strokes, ink);
    assert.equal(pixels.length, 64);
    assert.ok(pixels.every((value) => Number.isInteger(value) && value >= 0 && value <= 16));
    const rows = [0, 7].map((row) => Math.max(...pixels.slice(8 * row, 8 * row + 8)));
    assert.ok(Math.min(...rows) > 0, `${digit}: ${rows}`);
    const total = pixels.reduce((a, b) => a + b);
    assert.ok(Math.abs(total / ink - 1) < 0.2, `${digit}: ${total} of ${ink}`);
  }
});

test("where on the pad, and how large, makes no difference", () => {
  const [, strokes] = drawings()[9];
  const moved = strokes.map((stroke) => stroke.map(([x, y]) => [4 * x + 1000, 4 * y - 64]));
  assert.deepEqual(nnfs.digitPixels(moved, ink), nnfs.digitPixels(strokes, ink));
});

test("a bar is a bar: what has ink is in the middle columns", () => {
  const pixels = nnfs.digitPixels(
    [
      [
        [10, 0],
        [10, 90],
      ],
    ],
    ink,
  );
  const columns = Array.from({ length: 8 }, (_, x) =>
    pixels.filter((_, at) => at % 8 === x).reduce((a, b) => a + b),
  );
  assert.deepEqual(columns.slice(0, 3).concat(columns.slice(5)), [0, 0, 0, 0, 0, 0]);
  assert.equal(columns[3], columns[4]);
});

test("nothing and a dot have no pixels", () => {
  assert.equal(nnfs.digitPixels([], ink), null);
  assert.equal(nnfs.digitPixels([[[5, 5]]], ink), null);
  assert.equal(
    nnfs.digitPixels(
      [
        [
          [5, 5],
          [5, 5],
        ],
      ],
      ink,
    ),
    null,
  );
});

test("upright digits of two hands are read, slanted ones most often", () => {
  const right = ([digit, strokes]) => read(nnfs.digitPixels(strokes, ink)) === digit;
  const all = drawings();
  const wrong = all.filter((one) => !right(one)).map(([digit]) => digit);
  assert.ok(wrong.length <= 0.12 * all.length, `read wrong: ${wrong}`);
  for (let digit = 0; digit < 10; digit++) {
    const hands = HANDS.map((hand) => [digit, hand[digit]]);
    assert.ok(hands.some(right), `no ${digit} is read`);
  }
});

test("the stored pictures: those read wrong are the last ones, and no others", () => {
  const wrong = pictures.map(({ pixels, label }) => read(pixels) !== label);
  const first = wrong.indexOf(true);
  assert.ok(first >= 0 && wrong.slice(0, first).length >= 19 && wrong.slice(first).every(Boolean));
});
