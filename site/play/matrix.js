// Matrices for the network in the page: rows, columns, and the numbers row by row, as in NumPy.
// A sample is a column, as everywhere in the course.
(function (nnfs) {
  "use strict";

  function matrix(rows, columns, numbers) {
    const data = numbers === undefined ? new Float64Array(rows * columns) : Float64Array.from(numbers);
    if (data.length !== rows * columns) {
      throw new RangeError(`${data.length} numbers for ${rows} rows and ${columns} columns`);
    }
    return { rows, columns, data };
  }

  // From a list of rows, as JSON has them, and back.
  function fromRows(rows) {
    return matrix(rows.length, rows[0].length, rows.flat());
  }

  function toRows(A) {
    return Array.from({ length: A.rows }, (_, i) =>
      Array.from(A.data.subarray(i * A.columns, (i + 1) * A.columns)),
    );
  }

  function sameShape(A, B) {
    if (A.rows !== B.rows || A.columns !== B.columns) {
      throw new RangeError(`(${A.rows}, ${A.columns}) does not fit (${B.rows}, ${B.columns})`);
    }
  }

  // Entry by entry. Loops, since they are several times as fast as the arrays' own map.
  function map(A, f) {
    const B = matrix(A.rows, A.columns);
    for (let place = 0; place < B.data.length; place++) B.data[place] = f(A.data[place]);
    return B;
  }

  function zip(A, B, f) {
    sameShape(A, B);
    const C = matrix(A.rows, A.columns);
    for (let place = 0; place < C.data.length; place++) C.data[place] = f(A.data[place], B.data[place]);
    return C;
  }

  function sum(A) {
    let total = 0;
    for (const value of A.data) total += value;
    return total;
  }

  // A B. The innermost loop runs along rows, which lie in one piece.
  function multiply(A, B) {
    if (A.columns !== B.rows) {
      throw new RangeError(`(${A.rows}, ${A.columns}) times (${B.rows}, ${B.columns})`);
    }
    const C = matrix(A.rows, B.columns);
    for (let i = 0; i < A.rows; i++) {
      const row = C.data.subarray(i * C.columns, (i + 1) * C.columns);
      for (let k = 0; k < A.columns; k++) {
        const factor = A.data[i * A.columns + k];
        const start = k * B.columns;
        for (let j = 0; j < B.columns; j++) row[j] += factor * B.data[start + j];
      }
    }
    return C;
  }

  function transpose(A) {
    const T = matrix(A.columns, A.rows);
    for (let i = 0; i < A.rows; i++) {
      for (let j = 0; j < A.columns; j++) T.data[j * A.rows + i] = A.data[i * A.columns + j];
    }
    return T;
  }

  // f(number, number of its row's column in b), for a b (rows, 1): what NumPy does by broadcasting.
  function byRow(A, b, f) {
    if (b.rows !== A.rows || b.columns !== 1) {
      throw new RangeError(`(${b.rows}, ${b.columns}) is no column of ${A.rows}`);
    }
    const B = matrix(A.rows, A.columns);
    for (let i = 0; i < A.rows; i++) {
      for (let place = i * A.columns; place < (i + 1) * A.columns; place++) {
        B.data[place] = f(A.data[place], b.data[i]);
      }
    }
    return B;
  }

  // The sum of each row, a column.
  function rowSums(A) {
    const sums = matrix(A.rows, 1);
    for (let i = 0; i < A.rows; i++) {
      for (let j = 0; j < A.columns; j++) sums.data[i] += A.data[i * A.columns + j];
    }
    return sums;
  }

  // Some columns of A, in this order.
  function take(A, columns) {
    const B = matrix(A.rows, columns.length);
    for (let i = 0; i < A.rows; i++) {
      for (let j = 0; j < columns.length; j++) {
        B.data[i * B.columns + j] = A.data[i * A.columns + columns[j]];
      }
    }
    return B;
  }

  Object.assign(nnfs, { matrix, fromRows, toRows, map, zip, sum, multiply, transpose });
  Object.assign(nnfs, { byRow, rowSums, take });
})((globalThis.nnfs ??= {}));
