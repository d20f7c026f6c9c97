// Random numbers from a seed: the same in every browser. They are not NumPy's.
(function (nnfs) {
  "use strict";

  // A generator: uniform() from 0 to below 1, normal(), integer(n), permutation(n).
  // Source of uniform: mulberry32 by Tommy Ettinger (public domain).
  function generator(seed) {
    let state = seed >>> 0;

    function uniform() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    }

    // Box and Muller 1958.
    function normal() {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      return radius * Math.cos(2 * Math.PI * uniform());
    }

    function integer(n) {
      return Math.floor(uniform() * n);
    }

    // Fisher and Yates.
    function permutation(n) {
      const order = Array.from({ length: n }, (_, place) => place);
      for (let last = n - 1; last > 0; last--) {
        const other = integer(last + 1);
        [order[last], order[other]] = [order[other], order[last]];
      }
      return order;
    }

    return { uniform, normal, integer, permutation };
  }

  Object.assign(nnfs, { generator });
})((globalThis.nnfs ??= {}));
