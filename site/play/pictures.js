// Pictures on a canvas: a map over both features, the points, and losses on a logarithmic axis.
(function (nnfs) {
  "use strict";
  const { REACH, mix, css } = nnfs;
  const SIDE = 40; // squares of a map along a side
  const EDGE = 1.15 * REACH; // a map shows a little more than the points' square

  // The middles of a map's squares as samples, from the upper left one on.
  function gridSamples() {
    const X = nnfs.matrix(2, SIDE * SIDE);
    for (let place = 0; place < SIDE * SIDE; place++) {
      X.data[place] = EDGE * ((2 * ((place % SIDE) + 0.5)) / SIDE - 1);
      X.data[SIDE * SIDE + place] = EDGE * (1 - (2 * (Math.floor(place / SIDE) + 0.5)) / SIDE);
    }
    return X;
  }

  // shares: of each square, from -1 to 1.
  function drawMap(target, shares, colours) {
    const small = (drawMap.small ??= Object.assign(document.createElement("canvas"), {
      width: SIDE,
      height: SIDE,
    }));
    const image = new ImageData(SIDE, SIDE);
    shares.forEach((share, place) => image.data.set([...mix(colours, share), 255], 4 * place));
    small.getContext("2d").putImageData(image, 0, 0);
    const context = target.getContext("2d");
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(small, 0, 0, target.width, target.height);
    context.restore();
  }

  // Training points are filled, test points hollow. Classes have a shape each: circle 0, square 1.
  function drawPoints(target, size, { train, test }, classes, scale, colours) {
    const context = target.getContext("2d");
    const at = (x) => (size / 2) * (1 + x / EDGE);
    for (const [{ X, Y }, filled] of [
      [test, false],
      [train, true],
    ]) {
      for (let i = 0; i < X.columns; i++) {
        const [x, y] = [at(X.data[i]), size - at(X.data[X.columns + i])];
        const share = (2 * Y.data[i]) / scale - 1;
        context.beginPath();
        if (classes && Y.data[i] > scale / 2) context.rect(x - 2.6, y - 2.6, 5.2, 5.2);
        else context.arc(x, y, 3, 0, 2 * Math.PI);
        context.lineWidth = filled ? 1 : 1.5;
        context.fillStyle = css(mix(colours, share));
        context.strokeStyle = filled ? colours.lines.text : css(mix(colours, share));
        if (filled) context.fill();
        context.stroke();
      }
    }
  }

  // Powers of ten around all values that an axis can show.
  function decades(values) {
    const shown = values.filter((value) => value > 0 && Number.isFinite(value));
    if (shown.length === 0) return [-1, 0];
    const low = Math.floor(Math.log10(Math.max(Math.min(...shown), 1e-12)));
    const high = Math.ceil(Math.log10(Math.min(Math.max(...shown), 1e30)));
    return [low, Math.max(high, low + 1)];
  }

  // lines: [{values: [[x, y], ...], colour, dash}]; marks: small circles on the values, too.
  function drawLosses(target, [width, height], lines, [xLabel, xEnd], colours) {
    const context = target.getContext("2d");
    const [left, right, top, bottom] = [46, width - 10, 10, height - 34];
    const [low, high] = decades(lines.flatMap(({ values }) => values.map(([, y]) => y)));
    const x = (value) => left + ((right - left) * value) / xEnd;
    const y = (value) => {
      const share = (Math.log10(Math.max(value, 1e-300)) - low) / (high - low);
      return bottom - (bottom - top) * Math.min(1, Math.max(0, share));
    };
    context.clearRect(0, 0, width, height);
    context.font = "12px sans-serif";
    context.fillStyle = colours.lines.text;
    context.textAlign = "right";
    context.textBaseline = "middle";
    const every = Math.ceil((high - low) / 6);
    for (let power = low; power <= high; power += every) {
      context.globalAlpha = 0.25;
      context.fillRect(left, y(10 ** power), right - left, 0.7);
      context.globalAlpha = 1;
      const label = Math.abs(power) < 4 ? String(Number((10 ** power).toPrecision(1))) : `1e${power}`;
      context.fillText(label, left - 5, y(10 ** power));
    }
    context.textBaseline = "top";
    context.textAlign = "left";
    context.fillText("0", left, bottom + 4);
    context.textAlign = "right";
    context.fillText(nnfs.number(xEnd), right, bottom + 4);
    context.textAlign = "center";
    context.fillText(xLabel, (left + right) / 2, bottom + 18);
    for (const { values, colour, dash, marks } of lines) {
      context.beginPath();
      context.setLineDash(dash);
      context.lineWidth = 1.8;
      context.strokeStyle = colour;
      for (const [a, b] of values) if (Number.isFinite(b)) context.lineTo(x(a), y(b));
      context.stroke();
      context.setLineDash([]);
      context.fillStyle = colour;
      for (const [a, b] of marks ? values : []) {
        context.beginPath();
        context.arc(x(a), y(b), 2.6, 0, 2 * Math.PI);
        context.fill();
      }
    }
  }

  Object.assign(nnfs, { gridSamples, drawMap, drawPoints, drawLosses });
})((globalThis.nnfs ??= {}));
