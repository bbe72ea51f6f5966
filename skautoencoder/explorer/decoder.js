// The decoder: from the page's data to numbers, and from a code to a row or to a prediction of
// y. Knows nothing of the page, so that it runs anywhere. Before it stands ACTIVATIONS, functions by name, which use
// the functions here.

const TYPES = { float32: Float32Array, float64: Float64Array, int32: Int32Array };

// An array that Python packed: its bytes in base64 beside type and shape.
function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed.base64), (letter) => letter.charCodeAt(0));
  const values = new TYPES[packed.dtype](bytes.buffer);
  return { values, shape: packed.shape };
}

// One row of a packed matrix, not copied.
function rowOf(matrix, i) {
  const width = matrix.shape[1];
  return matrix.values.subarray(i * width, (i + 1) * width);
}

const sigmoid = (z) => 1 / (1 + Math.exp(-z));

// The error function by its series 2 / sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (1 3 ... (2n+1)),
// whose terms have one sign, so that nothing cancels. Beyond 6 it is 1 to the last digit.
function erf(x) {
  if (!(Math.abs(x) < 6)) return Number.isNaN(x) ? x : Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function unpackDense(packed) {
  return {
    weights: unpack(packed.weights),
    bias: unpack(packed.bias).values,
    activation: ACTIVATIONS[packed.activation],
  };
}

function unpackNetwork(packed) {
  return {
    layers: packed.layers.map(unpackDense),
    skip: packed.skip && unpackDense(packed.skip),
    isSkipInside: packed.isSkipInside,
    links: packed.links,
    shift: packed.shift && unpack(packed.shift).values,
    scale: packed.scale && unpack(packed.scale).values,
    scores: (packed.scores || []).map(({ feature, scores, numbers }) => {
      return { feature, scores: unpack(scores).values, numbers: unpack(numbers).values };
    }),
  };
}

// The network from the code to y, where there is one.
function unpackHead(packed) {
  return packed && { kind: packed.kind, names: packed.names, ...unpackNetwork(packed) };
}

// inputs @ weights + bias, in double precision.
function map(dense, inputs) {
  const outputs = Float64Array.from(dense.bias);
  const width = outputs.length;
  for (let i = 0; i < inputs.length; i++) {
    const weights = rowOf(dense.weights, i);
    for (let j = 0; j < width; j++) outputs[j] += inputs[i] * weights[j];
  }
  return outputs;
}

function add(values, others) {
  for (let j = 0; j < values.length; j++) values[j] += others[j];
}

// What a network makes of a code: of the decoder the row, as inverse_transform returns it.
function decode(network, code) {
  const skip = network.skip && map(network.skip, code);
  const last = network.layers.length - 1;
  let values = code;
  network.layers.forEach((layer, number) => {
    values = map(layer, values);
    if (skip && network.isSkipInside && number === last) add(values, skip);
    values = values.map(layer.activation);
  });
  if (skip && !network.isSkipInside) add(values, skip);
  for (const { link, columns } of network.links) {
    const own = columns.map((j) => values[j]);
    const predicted = link === "softmax" ? softmax(own) : own.map(ACTIVATIONS[link]);
    columns.forEach((j, i) => (values[j] = predicted[i]));
  }
  if (network.scale) {
    for (let j = 0; j < values.length; j++) {
      values[j] = values[j] * network.scale[j] + network.shift[j];
    }
  }
  for (const { feature, scores, numbers } of network.scores) {
    values[feature] = interpolated(values[feature], scores, numbers);
  }
  return values;
}

// The number that a normal score stands for, on straight lines between known ones.
function interpolated(score, scores, numbers) {
  let low = 0;
  let high = scores.length - 1;
  if (score <= scores[low]) return numbers[low];
  if (score >= scores[high]) return numbers[high];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (scores[middle] <= score) low = middle;
    else high = middle;
  }
  const share = (score - scores[low]) / (scores[high] - scores[low]);
  return numbers[low] + share * (numbers[high] - numbers[low]);
}

function softmax(values) {
  const highest = values.reduce((a, b) => Math.max(a, b));
  const shares = values.map((value) => Math.exp(value - highest));
  const total = shares.reduce((a, b) => a + b);
  return shares.map((share) => share / total);
}

// What the head predicts from a code: probabilities of classes, or values of y.
function predict(head, code) {
  const outputs = decode(head, code);
  return head.kind === "classes" ? softmax(outputs) : outputs;
}

// Mean squared error over the cells of the row that are not missing; 0 where it has none. A
// category of a table is one cell, with half the squared error of its probabilities.
function rowError(row, output, table = null) {
  let sum = 0;
  const observed = new Set();
  for (let j = 0; j < row.length; j++) {
    if (Number.isNaN(row[j])) continue;
    const column = table ? table.columnOf[j] : j;
    sum += (output[j] - row[j]) ** 2 / (table && table.isCategory[column] ? 2 : 1);
    observed.add(column);
  }
  return sum / Math.max(observed.size, 1);
}
