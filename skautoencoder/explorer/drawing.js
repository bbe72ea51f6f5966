// Drawing: colours, images and the scatter. Every function gets what it draws.

const N_COLOURS = 7;
const VIRIDIS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const LESS = [20, 80, 165];
const EVEN = [245, 245, 245];
const MORE = [200, 90, 0];

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const blend = (from, to, share) => from.map((value, i) => value + share * (to[i] - value));

// Colours of the style sheet, by name; forgotten when light turns dark.
const colours = new Map();

function cssColour(name) {
  if (!colours.has(name)) {
    const style = getComputedStyle(document.documentElement);
    colours.set(name, style.getPropertyValue(name).trim());
  }
  return colours.get(name);
}

// Short enough for a table, and without an exponent where none is needed.
function shortNumber(value) {
  if (Number.isNaN(value)) return "missing";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) return value.toExponential(2);
  return String(Number(value.toPrecision(size >= 1000 ? 6 : 4)));
}

// The most probable class and its probability, or the value of each target.
function predictionText(head, code) {
  const values = predict(head, code);
  if (head.kind === "classes") {
    const best = values.indexOf(values.reduce((a, b) => Math.max(a, b)));
    return `${head.names[best]} (${shortNumber(100 * values[best])} %)`;
  }
  if (values.length === 1) return shortNumber(values[0]);
  return head.names.map((name, i) => `${name} ${shortNumber(values[i])}`).join(", ");
}

// A range and a little more.
function padded([low, high]) {
  const margin = high > low ? 0.07 * (high - low) : 0.5 * (Math.abs(low) || 1);
  return [low - margin, high + margin];
}

// The colour of a share of the way from the lowest to the highest number.
function viridis(share) {
  const place = clamp(share, 0, 1) * (VIRIDIS.length - 1);
  const i = Math.min(Math.floor(place), VIRIDIS.length - 2);
  return `rgb(${blend(VIRIDIS[i], VIRIDIS[i + 1], place - i).map(Math.round).join(" ")})`;
}

// Lowest and highest of the numbers that are not missing.
function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

const shareOf = (value, [low, high]) => (high > low ? (value - low) / (high - low) : 0.5);

// Grey level, or colour, of one pixel.
function brightness(pixel, range, inverted) {
  return Array.from(pixel, (value) => {
    const level = Math.round(255 * clamp(shareOf(value, range), 0, 1));
    return inverted ? 255 - level : level;
  });
}

// Blue where the difference is below 0, orange above; the strongest from half the range on.
function signed(pixel, range) {
  const mean = pixel.reduce((sum, value) => sum + value, 0) / pixel.length;
  const share = clamp((2 * mean) / (range[1] - range[0] || 1), -1, 1);
  return blend(EVEN, share > 0 ? MORE : LESS, Math.abs(share)).map(Math.round);
}

// Draw rows of pixels, one canvas pixel each; a missing one is transparent.
function drawImage(canvas, values, [height, width, channels = 1], colour) {
  const context = canvas.getContext("2d");
  canvas.width = width;
  canvas.height = height;
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const pixel = values.slice(i * channels, (i + 1) * channels);
    if (pixel.some(Number.isNaN)) continue;
    const levels = colour(pixel);
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = levels[c % levels.length];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// Corners of the shapes about 0; a circle has none.
const SHAPES = [
  null,
  [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  [[0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
  [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  [[-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4],
    [0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4]],
];

function drawMark(context, x, y, size, shape, fill, edge) {
  const corners = SHAPES[shape];
  context.beginPath();
  if (corners) corners.forEach(([dx, dy]) => context.lineTo(x + size * dx, y + size * dy));
  else context.arc(x, y, size, 0, 2 * Math.PI);
  context.closePath();
  context.fillStyle = fill;
  context.fill();
  context.lineWidth = 0.8;
  context.strokeStyle = edge;
  context.stroke();
}

// A canvas of the size that CSS gives it, sharp on this screen, cleared.
function freshContext(canvas, width, height) {
  const density = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  return context;
}

// About five round numbers within a range.
function ticks([low, high]) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((each) => each * power >= rough);
  const first = Math.ceil(low / step);
  // At most ten, even where a range is so narrow that rounding makes the count huge.
  const length = clamp(Math.floor(high / step) - first + 1, 0, 10);
  return Array.from({ length }, (_, i) => (first + i) * step);
}

function drawGrid(context, frame) {
  context.font = "12px system-ui, sans-serif";
  context.strokeStyle = cssColour("--grid");
  context.fillStyle = cssColour("--muted");
  context.lineWidth = 1;
  context.textAlign = "center";
  for (const value of ticks(frame.rangeX)) {
    line(context, [frame.x(value), frame.top], [frame.x(value), frame.bottom]);
    context.fillText(shortNumber(value), frame.x(value), frame.bottom + 16);
  }
  context.textAlign = "right";
  for (const value of ticks(frame.rangeY)) {
    line(context, [frame.left, frame.y(value)], [frame.right, frame.y(value)]);
    context.fillText(shortNumber(value), frame.left - 5, frame.y(value) + 4);
  }
  context.strokeStyle = cssColour("--line");
  context.strokeRect(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
}

function line(context, from, to) {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

// Where values lie on the canvas: maps to pixels, and back for distances.
function makeFrame(width, height, rangeX, rangeY) {
  const frame = { left: 46, right: width - 8, top: 8, bottom: height - 24, rangeX, rangeY };
  frame.scaleX = (frame.right - frame.left) / (rangeX[1] - rangeX[0]);
  frame.scaleY = (frame.top - frame.bottom) / (rangeY[1] - rangeY[0]);
  frame.x = (value) => frame.left + (value - rangeX[0]) * frame.scaleX;
  frame.y = (value) => frame.bottom + (value - rangeY[0]) * frame.scaleY;
  // A place outside is shown at the edge.
  frame.inside = ([x, y]) => [clamp(frame.x(x), frame.left, frame.right), clamp(frame.y(y), frame.top, frame.bottom)];
  return frame;
}

// The chosen row's ring, and the cross at the code as it is now.
function drawChoice(context, rowAt, codeAt) {
  context.strokeStyle = cssColour("--text");
  context.setLineDash([4, 4]);
  context.lineWidth = 1.5;
  line(context, rowAt, codeAt);
  context.setLineDash([]);
  for (const [colour, width] of [[cssColour("--panel"), 6], [cssColour("--text"), 2.5]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.arc(...rowAt, 9, 0, 2 * Math.PI);
    context.stroke();
    line(context, [codeAt[0] - 15, codeAt[1]], [codeAt[0] + 15, codeAt[1]]);
    line(context, [codeAt[0], codeAt[1] - 15], [codeAt[0], codeAt[1] + 15]);
  }
}
