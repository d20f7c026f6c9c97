// The game in the page against nnfs_course/game.py.
"use strict";
const assert = require("node:assert");
const test = require("node:test");
const { load, cases, distance } = require("./load.js");

const { game } = load("game_rules.js");
const CASE = cases().game;

test("the same problem, start and number of moves", () => {
  assert.deepEqual([game.X, game.Y, game.START, game.MOVES], [CASE.X, CASE.Y, CASE.start, CASE.moves]);
});

test("the stored game has the same losses", () => {
  const played = new game.Game();
  for (const weights of CASE.weights.slice(1)) {
    played.move(played.weights.at(-1)); // no move
    played.move(weights);
  }
  assert.ok(played.over);
  played.move([0, 0, 0]); // after the last
  assert.deepEqual(played.weights, CASE.weights);
  assert.ok(distance(played.losses, CASE.losses) < 1e-9);
});

test("gradient descent has the same slopes and losses, and ends at the same weights", () => {
  assert.ok(distance(game.ask([0.3, -0.7, 1.2]).slopes, CASE.slopes) < 1e-9);
  const { losses, weights } = game.descend();
  assert.ok(distance(losses, CASE.theirs) < 1e-9);
  assert.ok(distance(weights, CASE.end) < 1e-9);
});
