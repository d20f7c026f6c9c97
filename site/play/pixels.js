// From strokes on a pad to the 8 x 8 pixels, 0 to 16, of the data set digits. Its makers brought each
// digit to one size, 32 points high, and counted the ink in blocks of 4 x 4 (Alpaydin and Kaynak 1998).
(function (nnfs) {
  "use strict";
  const POINTS = 32; // of the fine picture, along a side
  const BLOCK = 4;
  const PENS = [3, 8]; // the thinnest and the thickest pen, in points

  // The distance of a point to the piece of line from a to b.
  function distance([x, y], [ax, ay], [bx, by]) {
    const [dx, dy] = [bx - ax, by - ay];
    const along = dx * dx + dy * dy;
    const share = along === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / along));
    return Math.hypot(x - ax - share * dx, y - ay - share * dy);
  }

  function ends(strokes, place) {
    const all = strokes.flat().map((point) => point[place]);
    return [Math.min(...all), Math.max(...all)];
  }

  // Strokes moved to the middle and scaled: with the pen's width they fill the height.
  function placed(strokes, pen) {
    const [[left, right], [top, bottom]] = [ends(strokes, 0), ends(strokes, 1)];
    const scale = (POINTS - pen) / Math.max(bottom - top, right - left);
    const to = (value, low, high) => POINTS / 2 + scale * (value - (low + high) / 2);
    return strokes.map((stroke) => stroke.map(([x, y]) => [to(x, left, right), to(y, top, bottom)]));
  }

  // Whether each point of the fine picture has ink.
  function fine(strokes, pen) {
    const on = new Uint8Array(POINTS * POINTS);
    for (const stroke of strokes) {
      stroke.forEach((from, place) => {
        const to = stroke[Math.min(place + 1, stroke.length - 1)];
        for (let at = 0; at < on.length; at++) {
          const point = [(at % POINTS) + 0.5, Math.floor(at / POINTS) + 0.5];
          if (distance(point, from, to) <= pen / 2) on[at] = 1;
        }
      });
    }
    return on;
  }

  // 64 numbers, row by row. strokes: lists of [x, y], y downwards, in any unit. ink: how much of it
  // there should be, as in a mean picture of the data set: the pen is chosen for that. A dot, or
  // nothing, has no size: null.
  function digitPixels(strokes, ink) {
    if (strokes.length === 0) return null;
    const sizes = [0, 1].map((place) => ends(strokes, place)).map(([low, high]) => high - low);
    if (Math.max(...sizes) === 0) return null;
    let [thin, thick] = PENS;
    for (let half = 0; half < 6; half++) {
      const pen = (thin + thick) / 2;
      if (nnfs.sum({ data: fine(placed(strokes, pen), pen) }) < ink) thin = pen;
      else thick = pen;
    }
    const pixels = new Array((POINTS / BLOCK) ** 2).fill(0);
    fine(placed(strokes, thick), thick).forEach((on, at) => {
      const [row, column] = [Math.floor(at / POINTS / BLOCK), Math.floor((at % POINTS) / BLOCK)];
      pixels[(row * POINTS) / BLOCK + column] += on;
    });
    return pixels;
  }

  Object.assign(nnfs, { digitPixels });
})((globalThis.nnfs ??= {}));
