// What check_site.py asks of a page.

const MIN_SIZE = 12; // CSS pixels
// From this width of the window on, code and tables are seen without scrolling.
const DESKTOP = 1280;
const all = (selector) => Array.from(document.querySelectorAll(selector));

// Where the page's links lead, which files it loads, and which anchors others may point at.
function addresses() {
  const absolute = (address) => new URL(address, document.baseURI).href;
  const sets = all("[srcset]").flatMap((each) => each.srcset.split(","));
  return {
    links: [...document.links, ...all("link[href]")].map((each) => absolute(each.href)),
    files: [
      ...all("[src]").map((each) => absolute(each.getAttribute("src"))),
      ...all("link[rel~=stylesheet], link[rel~=icon]").map((each) => each.href),
      ...sets.map((each) => absolute(each.trim().split(" ")[0])),
    ],
    anchors: ["", "top", ...all("[id]").map((each) => each.id), ...all("a[name]").map((each) => each.name)],
  };
}

// The theme's box around the text of a page can scroll, too, but then all of the text moves.
const PAGE = "html, body, .bd-article-container";

// Whether what is cut off of an element can be scrolled to, or is left out with an ellipsis.
function scrolls(element) {
  if (element === null || element.matches(PAGE)) return false;
  const { overflowX, textOverflow } = getComputedStyle(element);
  return /auto|scroll/.test(overflowX) || textOverflow === "ellipsis" || scrolls(element.parentElement);
}

const isOut = (box, limit = innerWidth) => box.right > limit + 1;

// Text for screen readers lies in a box of one pixel.
const isSeen = (element, { width, height, right, bottom }) =>
  element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
  Math.min(width, height) > 1 && right > 0 && bottom > -scrollY;

function name(element) {
  const text = element.textContent.trim().replace(/\s+/g, " ").slice(0, 40);
  return `${[element.localName, ...element.classList].join(".")} "${text}"`;
}

function textFault(element) {
  const range = document.createRange();
  const texts = Array.from(element.childNodes).filter((each) => each.nodeType === 3 && each.data.trim());
  const boxes = texts.map((each) => (range.selectNode(each), range.getBoundingClientRect()));
  const seen = boxes.filter((box) => isSeen(element, box) && isSeen(element, element.getBoundingClientRect()));
  if (!seen.length) return null;
  const size = parseFloat(getComputedStyle(element).fontSize);
  // Indices and exponents are small everywhere.
  if (size < MIN_SIZE && !element.closest("sub, sup, math")) return `text of ${size} px: ${name(element)}`;
  return seen.some((box) => isOut(box)) && !scrolls(element) ? `text is cut off: ${name(element)}` : null;
}

// A finding where a box, of the width of the page or of its text, is wider inside.
function overflow(box, title) {
  if (box.scrollWidth <= box.clientWidth) return [];
  const limit = box.getBoundingClientRect().left + box.clientWidth;
  const isWide = (each) => isOut(each.getBoundingClientRect(), limit) && !scrolls(each.parentElement);
  const wide = Array.from(box.querySelectorAll("*")).filter(isWide);
  return [`${title} is ${box.scrollWidth} px wide: ${wide.slice(0, 3).map(name).join(", ")}`];
}

// Code and tables that must be scrolled sideways on a desktop; formulas have a box of their own.
function scrolled() {
  if (innerWidth < DESKTOP) return [];
  const boxes = all(".bd-article :is(pre, .pst-scrollable-table-container)");
  const wide = boxes.filter((box) => box.scrollWidth > box.clientWidth + 1);
  return wide.map((box) => `scrolls sideways: ${name(box)}`);
}

// Blocks of code or output that tell a reader nothing: empty, or the address of an object.
function meaningless() {
  const blocks = all("pre").map((each) => each.textContent.trim());
  return blocks
    .filter((text) => !text || / object at 0x[0-9a-f]+>/.test(text))
    .map((text) => `block says nothing: ${text.match(/<[^<]* object at 0x[0-9a-f]+>/)?.[0] ?? "empty"}`);
}

// Words of titles that are spread over lines, as long names are where they must.
function brokenWords() {
  const range = document.createRange();
  const isBroken = (node) => ([start, word]) => {
    range.setStart(node, start);
    range.setEnd(node, start + word.length);
    return new Set(Array.from(range.getClientRects(), (each) => each.top)).size > 1;
  };
  const words = (node) => Array.from(node.data.matchAll(/[^\s-]+/g), (each) => [each.index, each[0]]);
  const texts = all("h1").flatMap((title) => Array.from(title.childNodes).filter((each) => each.nodeType === 3));
  const broken = texts.flatMap((node) => words(node).filter(isBroken(node)));
  return broken.map(([, word]) => `title breaks within "${word}"`);
}

function faults(scheme) {
  // Open what a reader may: sections, and the boxes of scikit-learn's diagrams.
  all("details").forEach((each) => (each.open = true));
  all("input.sk-toggleable__control").forEach((each) => (each.checked = true));
  document.getAnimations().forEach((each) => each.finish());
  const { theme } = document.documentElement.dataset;
  const broken = Array.from(document.images).filter((each) => each.complete && !each.naturalWidth);
  return [
    ...(theme === undefined || theme === scheme ? [] : [`theme is ${theme}`]),
    ...broken.map((each) => `picture does not load: ${each.getAttribute("src")}`),
    ...overflow(document.scrollingElement, "page"),
    ...all(".bd-article-container").flatMap((box) => overflow(box, "text")),
    ...scrolled(),
    ...meaningless(),
    ...brokenWords(),
    ...new Set(all("body *:not(script, style, noscript, template)").map(textFault).filter(Boolean)),
  ];
}

// After two frames the page is laid out for the width and the scheme that were just set.
const measure = (scheme, done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => done(faults(scheme))));
