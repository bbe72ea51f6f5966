// The legend: a button for each class of the target, or a scale of its numbers.

function makeLegend() {
  if (!target) return;
  byId("legend").replaceChildren(
    ...(target.kind === "classes" ? target.names.map(classButton) : [colourScale()]),
  );
}

// A button that singles a class out, and all again.
function classButton(name, number) {
  const canvas = element("canvas");
  canvas.style.width = canvas.style.height = "14px";
  drawMark(freshContext(canvas, 14, 14), 7, 7, 4.8, ...classMark(number), cssColour("--panel"));
  const button = element("button", { type: "button" }, canvas, name);
  button.setAttribute("aria-pressed", state.singledOut === number);
  button.addEventListener("click", () => {
    state.singledOut = state.singledOut === number ? null : number;
    [...byId("legend").children].forEach((each, i) => each.setAttribute("aria-pressed", state.singledOut === i));
    scheduleDrawing();
  });
  return button;
}

function colourScale() {
  const canvas = element("canvas");
  canvas.style.width = "160px";
  canvas.style.height = "14px";
  const context = freshContext(canvas, 160, 14);
  for (let x = 0; x < 160; x++) {
    context.fillStyle = viridis(x / 159);
    context.fillRect(x, 0, 1, 14);
  }
  const [low, high] = target.range.map(shortNumber);
  return element("div", { className: "scale" }, low, canvas, high);
}
