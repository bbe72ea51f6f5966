// The page: what is chosen, what the controls do, and what is redrawn when.

const BARS_AT_ONCE = 100;
const SLIDER_STEPS = 200;
const GRAB_DISTANCE = 24;
const CROSS_MARGIN = 0.05;

const byId = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const result = Object.assign(document.createElement(tag), properties);
  result.append(...children);
  return result;
}

const contents = JSON.parse(byId("contents").textContent);
const decoder = unpackNetwork(contents.decoder);
const head = unpackHead(contents.head);
const rows = unpack(contents.rows);
const codes = unpack(contents.codes);
const limits = unpack(contents.limits);
const rowNumbers = unpack(contents.rowNumbers).values;
const target = unpackTarget(contents.target);
const nRows = rows.shape[0];
const nUnits = codes.shape[1];
const ownOutputs = Array.from({ length: nRows }, (_, i) => decode(decoder, rowOf(codes, i)));
const ownErrors = ownOutputs.map((output, i) => rowError(rowOf(rows, i), output, contents.table));
const axes = makeAxes();
const pixelRange = extent(rows.values);

// What is chosen; `output` is the decoded `code`.
const state = {
  row: 0,
  code: new Float64Array(nUnits),
  output: null,
  across: 0,
  up: Math.min(1, axes.length - 1),
  singledOut: null,
  nBars: BARS_AT_ONCE,
};

// ---- Target -------------------------------------------------------------------------------

function unpackTarget(packed) {
  if (!packed) return null;
  const values = unpack(packed.kind === "classes" ? packed.index : packed.values).values;
  return { ...packed, values, range: extent(values) };
}

function targetText(i) {
  if (!target) return "";
  return target.kind === "classes" ? target.names[target.values[i]] : shortNumber(target.values[i]);
}

// Shape and colour of a row's mark.
function markOf(i) {
  if (!target) return [0, cssColour("--mark-0")];
  if (target.kind === "classes") return classMark(target.values[i]);
  const value = target.values[i];
  return [0, Number.isNaN(value) ? cssColour("--muted") : viridis(shareOf(value, target.range))];
}

// Seven colours and five shapes go round at different times: 35 classes differ.
const classMark = (number) => [number % SHAPES.length, cssColour(`--mark-${number % N_COLOURS}`)];

// ---- Axes of the scatter ------------------------------------------------------------------

// Each axis has a name, a place for a code (and its error), a place for each row, and the
// direction in which the code moves along it (null: not a direction).
function makeAxes() {
  const principal = contents.projection ? principalAxes(contents.projection) : [];
  const units = Array.from({ length: nUnits }, (_, unit) => ({
    name: `Code ${unit}`,
    place: (code) => code[unit],
    direction: Float64Array.from({ length: nUnits }, (_, other) => Number(other === unit)),
  }));
  const error = { name: "Error", place: (code, itsError) => itsError, direction: null };
  return [...principal, ...units, error].map((axis) => {
    const places = ownErrors.map((itsError, i) => axis.place(rowOf(codes, i), itsError));
    return { ...axis, places, range: padded(extent(places)) };
  });
}

function principalAxes(packed) {
  const mean = unpack(packed.mean).values;
  const directions = unpack(packed.directions);
  const shares = unpack(packed.shares).values;
  return [0, 1].map((number) => {
    const direction = rowOf(directions, number);
    return {
      name: `PCA ${number + 1} (${Math.round(100 * shares[number])} %)`,
      place: (code) => direction.reduce((sum, weight, j) => sum + weight * (code[j] - mean[j]), 0),
      direction,
    };
  });
}

// Move the code so that its mark moves by (dx, dy): the smallest such step.
function moveAlongAxes(dx, dy) {
  const a = axes[state.across].direction;
  const b = axes[state.up].direction;
  const dot = (u, v) => u.reduce((sum, value, j) => sum + value * v[j], 0);
  const determinant = dot(a, a) * dot(b, b) - dot(a, b) ** 2;
  const alongA = (dot(b, b) * dx - dot(a, b) * dy) / determinant;
  const alongB = (dot(a, a) * dy - dot(a, b) * dx) / determinant;
  const code = state.code.map((value, j) => value + alongA * a[j] + alongB * b[j]);
  setCode(code.map((value, j) => clamp(value, rowOf(limits, 0)[j], rowOf(limits, 1)[j])));
}

// Two different directions; a unit and a principal component may all but coincide.
function canDrag() {
  const a = axes[state.across].direction;
  const b = axes[state.up].direction;
  return Boolean(a && b) && Math.abs(a.reduce((sum, value, j) => sum + value * b[j], 0)) < 0.99;
}

// ---- Changes ------------------------------------------------------------------------------

// `asked` is the number that was typed, where there was one.
function chooseRow(i, asked = rowNumbers[i]) {
  state.row = i;
  const text = target ? `, y ${targetText(i)}` : "";
  const nearest = asked === rowNumbers[i] ? "" : `, the nearest stored row to ${asked}`;
  byId("chosen").textContent = `Row ${rowNumbers[i]}${nearest}${text}`;
  byId("row").value = rowNumbers[i];
  sliders.forEach((slider, unit) => slider.showOwn(rowOf(codes, i)[unit]));
  setCode(rowOf(codes, i));
}

function setCode(code) {
  state.code = Float64Array.from(code);
  state.output = decode(decoder, state.code);
  sliders.forEach((slider, unit) => slider.show(state.code[unit]));
  scheduleDrawing();
}

let isScheduled = false;

// Draw once a frame, however often a slider reports.
function scheduleDrawing() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    draw();
  });
}

function draw() {
  drawScatter();
  if (contents.imageShape) drawImages();
  else drawBars();
  byId("own-error").textContent = shortNumber(ownErrors[state.row]);
  byId("moved-error").textContent = shortNumber(movedError());
  if (!head) return;
  byId("own-prediction").textContent = predictionText(head, rowOf(codes, state.row));
  byId("moved-prediction").textContent = predictionText(head, state.code);
}

const movedError = () => rowError(rowOf(rows, state.row), state.output, contents.table);

// The row that X numbers so, or the nearest that the page holds.
function nearestNumber(number) {
  let best = 0;
  rowNumbers.forEach((each, i) => {
    if (Math.abs(each - number) < Math.abs(rowNumbers[best] - number)) best = i;
  });
  return best;
}

// ---- Sliders ------------------------------------------------------------------------------

function makeSlider(unit) {
  const [min, max] = [rowOf(limits, 0)[unit], rowOf(limits, 1)[unit]];
  const input = element("input", { type: "range", id: `unit-${unit}`, min, max });
  input.step = (max - min) / SLIDER_STEPS;
  const value = element("output", { htmlFor: input.id });
  const own = element("span", { className: "own" });
  const label = element("label", { htmlFor: input.id, textContent: `Code ${unit}` });
  const range = element("div", { className: "range" }, input, own);
  byId("sliders").append(element("div", { className: "slider" }, label, range, value));
  input.addEventListener("input", () => {
    setCode(state.code.map((each, j) => (j === unit ? Number(input.value) : each)));
  });
  return {
    show(code) {
      if (Number(input.value) !== code) input.value = code;
      value.textContent = shortNumber(code);
      input.setAttribute("aria-valuetext", value.textContent);
    },
    showOwn: (code) => own.style.setProperty("--at", clamp(shareOf(code, [min, max]), 0, 1)),
  };
}

const sliders = Array.from({ length: nUnits }, (_, unit) => makeSlider(unit));

// ---- Decoded: images or bars --------------------------------------------------------------

function drawImages() {
  const row = rowOf(rows, state.row);
  const inverted = byId("invert").checked;
  const grey = (pixel) => brightness(pixel, pixelRange, inverted);
  const difference = state.output.map((value, j) => value - row[j]);
  drawImage(byId("original"), row, contents.imageShape, grey);
  drawImage(byId("output"), state.output, contents.imageShape, grey);
  drawImage(byId("difference"), difference, contents.imageShape, (pixel) => signed(pixel, pixelRange));
}

function makeBar(feature) {
  const column = Float64Array.from({ length: nRows }, (_, i) => rowOf(rows, i)[feature]);
  const parts = ["fill", "row-mark"].map((className) => element("div", { className }));
  const track = element("div", { className: "track" }, ...parts);
  const numbers = [0, 1].map(() => element("span", { className: "number" }));
  const name = element("span", { className: "name", textContent: contents.featureNames[feature] });
  byId("bars").append(element("div", { className: "bar" }, name, track, ...numbers));
  return { feature, range: padded(extent(column)), fill: parts[0], mark: parts[1], numbers };
}

// From 0, or from the end that is nearest to it, to the decoded value.
function drawBar({ feature, range, fill, mark, numbers }) {
  const [output, own] = [state.output[feature], rowOf(rows, state.row)[feature]];
  const percent = (value) => 100 * clamp(shareOf(value, range), 0, 1);
  const [start, end] = [percent(clamp(0, ...range)), percent(output)];
  fill.style.left = `${Math.min(start, end)}%`;
  fill.style.width = `${Math.abs(end - start)}%`;
  mark.hidden = Number.isNaN(own);
  if (!mark.hidden) mark.style.left = `${percent(own)}%`;
  numbers[0].textContent = shortNumber(output);
  numbers[1].textContent = shortNumber(own);
}

const bars = [];

function drawBars() {
  const n = Math.min(state.nBars, contents.featureNames.length);
  while (bars.length < n) bars.push(makeBar(bars.length));
  bars.forEach(drawBar);
  const nLeft = contents.featureNames.length - n;
  byId("more").hidden = nLeft === 0;
  byId("more").textContent = `Show ${Math.min(nLeft, BARS_AT_ONCE)} of ${nLeft} more features`;
}

function startBars() {
  const titles = ["feature", "", "decoded", "row"].map((textContent) => element("span", { textContent }));
  titles[1].className = "track-title";
  byId("bars").append(element("div", { className: "bar head" }, ...titles));
}

// ---- Scatter ------------------------------------------------------------------------------

// An axis' range, widened where the code as it is moved would be at the edge or beyond.
function rangeAround({ range: [low, high], place }) {
  const at = place(state.code, movedError());
  const margin = CROSS_MARGIN * (Math.max(high, at) - Math.min(low, at));
  return Number.isFinite(at) ? [Math.min(low, at - margin), Math.max(high, at + margin)] : [low, high];
}

function scatterFrame() {
  const { clientWidth, clientHeight } = byId("scatter");
  const [across, up] = [axes[state.across], axes[state.up]].map(rangeAround);
  return makeFrame(clientWidth, clientHeight, across, up);
}

// Where each row's mark is, in pixels of the page.
function rowPlaces(frame) {
  const [across, up] = [axes[state.across].places, axes[state.up].places];
  return across.map((x, i) => frame.inside([x, up[i]]));
}

function codePlace(frame) {
  const place = (axis) => axes[axis].place(state.code, movedError());
  return frame.inside([place(state.across), place(state.up)]);
}

function drawScatter() {
  byId("drag-help").hidden = !canDrag();
  const frame = scatterFrame();
  const context = freshContext(byId("scatter"), byId("scatter").clientWidth, byId("scatter").clientHeight);
  drawGrid(context, frame);
  const places = rowPlaces(frame);
  // On a scale of colours the darkest or brightest are those of the panel.
  const edge = cssColour(target && target.kind === "numbers" ? "--muted" : "--panel");
  const isDim = (i) => state.singledOut !== null && target.values[i] !== state.singledOut;
  for (const dim of [true, false]) {
    context.globalAlpha = dim ? 0.15 : 0.9;
    places.forEach(([x, y], i) => {
      if (isDim(i) === dim) drawMark(context, x, y, 4.5, ...markOf(i), edge);
    });
  }
  context.globalAlpha = 1;
  drawChoice(context, places[state.row], codePlace(frame));
}

const distance = ([x, y], [otherX, otherY]) => Math.hypot(x - otherX, y - otherY);

function nearestRow(place) {
  const distances = rowPlaces(scatterFrame()).map((each) => distance(each, place));
  return distances.indexOf(Math.min(...distances));
}

// The nearest row on one side: ahead counts once, aside twice.
function neighbour([dx, dy]) {
  const places = rowPlaces(scatterFrame());
  const here = places[state.row];
  const costs = places.map(([x, y]) => {
    const [ahead, aside] = [(x - here[0]) * dx + (y - here[1]) * dy, (x - here[0]) * dy - (y - here[1]) * dx];
    return ahead > 0 ? ahead + 2 * Math.abs(aside) : Infinity;
  });
  const best = Math.min(...costs);
  return best === Infinity ? state.row : costs.indexOf(best);
}

function placeOf(event) {
  const box = byId("scatter").getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

const isOnCross = (place) => canDrag() && distance(place, codePlace(scatterFrame())) < GRAB_DISTANCE;

// A press that hardly moves chooses a row; one that starts on the cross drags the code.
let press = null;

function onPointerDown(event) {
  const place = placeOf(event);
  press = { start: place, last: place, drags: isOnCross(place), moved: false };
  if (press.drags) byId("scatter").setPointerCapture(event.pointerId);
}

function onPointerMove(event) {
  if (!press) return;
  const place = placeOf(event);
  press.moved = press.moved || distance(place, press.start) > 4;
  if (!press.drags || !press.moved) return;
  const frame = scatterFrame();
  moveAlongAxes((place[0] - press.last[0]) / frame.scaleX, (place[1] - press.last[1]) / frame.scaleY);
  press.last = place;
}

function onPointerUp(event) {
  if (press && !press.moved) chooseRow(nearestRow(placeOf(event)));
  press = null;
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function onScatterKey(event) {
  if (!ARROWS[event.key]) return;
  event.preventDefault();
  chooseRow(neighbour(ARROWS[event.key]));
}

function connectScatter() {
  const scatter = byId("scatter");
  scatter.addEventListener("pointerdown", onPointerDown);
  scatter.addEventListener("pointermove", onPointerMove);
  scatter.addEventListener("pointerup", onPointerUp);
  scatter.addEventListener("pointercancel", () => (press = null));
  scatter.addEventListener("keydown", onScatterKey);
  // A finger on the cross drags it; anywhere else it scrolls the page.
  const hold = (event) => isOnCross(placeOf(event.touches[0])) && event.preventDefault();
  scatter.addEventListener("touchstart", hold, { passive: false });
}

function fillAxes(id, key) {
  byId(id).append(...axes.map((axis, value) => element("option", { value, textContent: axis.name })));
  byId(id).value = state[key];
  byId(id).addEventListener("change", () => {
    state[key] = Number(byId(id).value);
    scheduleDrawing();
  });
}

// ---- Start --------------------------------------------------------------------------------

function summarise() {
  const shown = nRows < contents.nRows ? `${nRows} of ${contents.nRows} rows` : `${nRows} rows`;
  const units = nUnits === 1 ? "1 number" : `${nUnits} numbers`;
  const after = contents.isAfterSteps ? ", as the steps before it make them" : "";
  const nFeatures = contents.table ? contents.table.isCategory.length : rows.shape[1];
  byId("summary").textContent = `${contents.estimator}: ${shown}, ${nFeatures} features in ${units}${after}.`;
  byId("table-help").hidden = !contents.table;
}

function connectRowControls() {
  const step = (by) => chooseRow((state.row + by + nRows) % nRows);
  byId("row").max = rowNumbers[nRows - 1];
  byId("row").addEventListener("change", () => {
    const asked = Number(byId("row").value);
    chooseRow(nearestNumber(asked), asked);
  });
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("random").addEventListener("click", () => chooseRow(Math.floor(Math.random() * nRows)));
  byId("reset").addEventListener("click", () => chooseRow(state.row));
}

function connectDecoded() {
  byId("predictions").hidden = !head;
  document.body.classList.toggle("has-images", Boolean(contents.imageShape));
  for (const id of ["images", "images-help", "invert-label"]) byId(id).hidden = !contents.imageShape;
  byId("bars").hidden = Boolean(contents.imageShape);
  if (!contents.imageShape) startBars();
  byId("invert").addEventListener("change", scheduleDrawing);
  byId("more").addEventListener("click", () => {
    state.nBars += BARS_AT_ONCE;
    scheduleDrawing();
  });
}

function start() {
  summarise();
  connectRowControls();
  connectDecoded();
  connectScatter();
  fillAxes("across", "across");
  fillAxes("up", "up");
  makeLegend();
  chooseRow(0);
  new ResizeObserver(scheduleDrawing).observe(byId("scatter"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colours.clear();
    makeLegend();
    scheduleDrawing();
  });
}

start();
