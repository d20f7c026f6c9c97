// Digits as a hand draws them, in a box of 100 x 140: made for the tests, in two ways of writing.
"use strict";

// Points of an arc around (x, y), from one angle to another; 0 is to the right, 90 is down.
function arc(x, y, rx, ry, from, to) {
  return Array.from({ length: 25 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / 24) * Math.PI) / 180;
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
  });
}

const HANDS = [
  {
    0: [arc(50, 70, 42, 66, -90, 270)],
    1: [
      [
        [25, 45],
        [58, 6],
        [58, 136],
      ],
    ],
    2: [[...arc(50, 42, 38, 36, -160, 40), [10, 134], [94, 134]]],
    3: [[...arc(46, 38, 36, 34, -150, 90), ...arc(46, 102, 40, 34, -90, 150)]],
    4: [
      [
        [62, 6],
        [8, 90],
        [94, 90],
      ],
      [
        [66, 50],
        [66, 136],
      ],
    ],
    5: [[[86, 8], [24, 8], [18, 64], ...arc(48, 94, 40, 42, -120, 140)]],
    6: [[[74, 6], [36, 46], ...arc(50, 98, 38, 38, -160, 200)]],
    7: [
      [
        [8, 10],
        [92, 10],
        [38, 136],
      ],
      [
        [30, 72],
        [82, 72],
      ],
    ],
    8: [[...arc(50, 38, 30, 32, 90, -270), ...arc(50, 104, 36, 34, -90, 270)]],
    9: [[...arc(50, 42, 34, 36, 0, -360), [82, 60], [62, 136]]],
  },
  {
    0: [arc(50, 70, 30, 66, -60, 300)],
    1: [
      [
        [36, 30],
        [56, 4],
        [48, 138],
      ],
    ],
    2: [[...arc(48, 36, 34, 32, -170, 60), [14, 128], [48, 122], [92, 132]]],
    3: [[[14, 10], [80, 10], [44, 56], ...arc(44, 96, 40, 40, -80, 140)]],
    4: [
      [
        [30, 8],
        [16, 78],
        [88, 72],
      ],
      [
        [70, 12],
        [62, 136],
      ],
    ],
    5: [
      [[28, 10], [22, 66], ...arc(48, 96, 38, 40, -110, 150)],
      [
        [28, 10],
        [88, 12],
      ],
    ],
    6: [[...arc(70, 80, 56, 74, -100, -180), ...arc(48, 102, 34, 34, -180, 180)]],
    7: [
      [
        [8, 14],
        [88, 8],
        [58, 70],
        [46, 136],
      ],
      [
        [28, 74],
        [80, 68],
      ],
    ],
    8: [
      [
        [78, 22],
        [50, 6],
        [24, 26],
        [72, 92],
        [74, 118],
        [48, 134],
        [22, 114],
        [34, 84],
        [78, 22],
      ],
    ],
    9: [[...arc(46, 40, 32, 34, -30, -390), [80, 40], [76, 136]]],
  },
];

// [digit, strokes] of all of them, also slanted and shaken a little.
function drawings() {
  const found = [];
  for (const hand of HANDS) {
    for (const [digit, strokes] of Object.entries(hand)) {
      for (const slant of [-0.12, 0, 0.12, 0.22]) {
        const moved = strokes.map((stroke) => stroke.map(([x, y]) => [x + slant * (70 - y), y]));
        found.push([Number(digit), moved]);
      }
    }
  }
  return found;
}

module.exports = { HANDS, drawings };
