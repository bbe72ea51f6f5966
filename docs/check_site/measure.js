// What is hard to read on the page as it stands, one line each: text or boxes that are cut off,
// text of little contrast, small text, a theme that does not follow the reader's.

const [scheme, done] = arguments;
const root = document.documentElement;
const MIN_SIZE = 12; // CSS pixels
const CONTRAST = 4.5; // WCAG 2.1, success criterion 1.4.3
const LARGE_CONTRAST = 3;

const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const known = new Map();

// Red, green, blue and alpha of any CSS color, each in [0, 1].
function parse(color) {
  if (!known.has(color)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    known.set(color, Array.from(canvas.getImageData(0, 0, 1, 1).data, (v) => v / 255));
  }
  return known.get(color);
}

const over = ([r, g, b, a], below) => [r, g, b].map((v, i) => a * v + (1 - a) * below[i]);

// The color that lies under an element's text.
function ground(element) {
  const layers = [];
  for (let each = element; each; each = each.parentElement) {
    layers.push(parse(getComputedStyle(each).backgroundColor));
    if (layers.at(-1)[3] === 1) break;
  }
  return layers.reverse().reduce((below, layer) => over(layer, below), paper);
}

// The color under a page that has none of its own.
function paperColor() {
  const probe = document.body.appendChild(document.createElement("div"));
  probe.style.background = "Canvas";
  const color = parse(getComputedStyle(probe).backgroundColor);
  probe.remove();
  return color;
}

function opacity(element) {
  let product = 1;
  for (let each = element; each; each = each.parentElement) {
    product *= getComputedStyle(each).opacity;
  }
  return product;
}

function luminance(color) {
  const [r, g, b] = color.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(element, style) {
  const below = ground(element);
  const [r, g, b, a] = parse(style.color);
  const [low, high] = [over([r, g, b, a * opacity(element)], below), below]
    .map(luminance)
    .sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function isLarge(style) {
  const size = parseFloat(style.fontSize);
  return size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
}

// Indices and exponents are small everywhere.
const isScript = (element) => element.closest("sub, sup, msub, msup, msubsup, mfrac, munder, mover, munderover");

function scrolls(element) {
  for (let each = element; each && each !== document.body; each = each.parentElement) {
    if (["auto", "scroll"].includes(getComputedStyle(each).overflowX)) return true;
  }
  return false;
}

function name(element) {
  const classes = Array.from(element.classList, (each) => `.${each}`).join("");
  const text = element.textContent.trim().replace(/\s+/g, " ").slice(0, 40);
  return `${element.localName}${classes} "${text}"`;
}

function isSeen(element, box) {
  const isThere = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  // Text for screen readers lies in a box of one pixel.
  return isThere && box.width > 1 && box.height > 1 && box.right > 0 && box.bottom > -scrollY;
}

function* texts() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("script, style, noscript, template")) continue;
    range.selectNodeContents(walker.currentNode);
    const box = range.getBoundingClientRect();
    if (isSeen(element, box) && isSeen(element, element.getBoundingClientRect())) yield [element, box];
  }
}

function* faults([element, box]) {
  const style = getComputedStyle(element);
  const size = parseFloat(style.fontSize);
  const wanted = isLarge(style) ? LARGE_CONTRAST : CONTRAST;
  const ratio = contrast(element, style);
  if (ratio < wanted) yield `contrast ${ratio.toFixed(2)}, less than ${wanted}: ${name(element)}`;
  if (size < MIN_SIZE && !isScript(element)) yield `text of ${size} px, less than ${MIN_SIZE}: ${name(element)}`;
  if (box.right > innerWidth + 1 && !scrolls(element)) yield `text is cut off: ${name(element)}`;
}

function* overflow() {
  const width = document.scrollingElement.scrollWidth;
  if (width <= innerWidth) return;
  const wide = Array.from(document.body.querySelectorAll("*")).filter(
    (each) => each.getBoundingClientRect().right > innerWidth + 1 && !scrolls(each.parentElement),
  );
  yield `page is ${width} px wide: ${wide.slice(0, 3).map(name).join(", ")}`;
}

function* theme() {
  const { theme } = root.dataset;
  if (theme !== undefined && theme !== scheme) yield `theme is ${theme}`;
}

function* broken() {
  for (const each of document.images) {
    if (each.complete && each.naturalWidth === 0) yield `picture does not load: ${each.getAttribute("src")}`;
  }
}

let paper;

// Open what a reader may: sections, and the boxes of scikit-learn's diagrams.
function unfold() {
  for (const each of document.querySelectorAll("details")) each.open = true;
  for (const each of document.querySelectorAll("input.sk-toggleable__control")) each.checked = true;
}

function measure() {
  unfold();
  // Once, as a change to the page has the browser lay it out anew.
  paper = paperColor();
  document.getAnimations().forEach((each) => each.finish());
  const found = [...theme(), ...broken(), ...overflow()];
  for (const text of texts()) found.push(...faults(text));
  return Array.from(new Set(found));
}

// After two frames the page is laid out for the width and the scheme that were just set.
requestAnimationFrame(() => requestAnimationFrame(() => done(measure())));
