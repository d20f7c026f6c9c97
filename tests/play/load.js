// The scripts of the website as a page loads them, one after the other, into one global object.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

// Another folder is given by the test that plants faults.
const PLAY = process.env.NNFS_PLAY ?? path.join(__dirname, "..", "..", "site", "play");

function load(...names) {
  for (const name of names) {
    const file = path.join(PLAY, name);
    vm.runInThisContext(fs.readFileSync(file, "utf-8"), { filename: file });
  }
  return globalThis.nnfs;
}

function cases() {
  return JSON.parse(fs.readFileSync(path.join(PLAY, "cases.json"), "utf-8"));
}

// The largest difference, over all numbers, in units of the larger of 1 and the expected number.
function distance(found, expected) {
  const [ours, theirs] = [[found].flat(3), [expected].flat(3)];
  if (ours.length !== theirs.length) return Infinity;
  return Math.max(
    ...ours.map((value, i) => {
      const error = Math.abs(value - theirs[i]) / Math.max(1, Math.abs(theirs[i]));
      return Number.isNaN(error) ? Infinity : error;
    }),
  );
}

module.exports = { load, cases, distance };
