// Renders each changed view once per animation frame, however many events changed it.

const changed = new Set();
let afterRender = () => {};

export function renderNextFrame(view) {
  if (changed.size === 0) {
    requestAnimationFrame(renderChanged);
  }
  changed.add(view);
}

export function onRendered(callback) {
  afterRender = callback;
}

function renderChanged() {
  const views = [...changed];
  changed.clear();
  views.forEach((view) => view.render());
  afterRender();
}
