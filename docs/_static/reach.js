// What scrolls sideways can be reached, and scrolled, by keyboard.
const SCROLLS = ".table-wrapper, pre, div.math, .sidebar-scroll, .toc-scroll";

function reach() {
  for (const element of document.querySelectorAll(SCROLLS))
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
}

window.addEventListener("load", async () => {
  // Formulas have no width before they are drawn.
  await window.MathJax?.startup?.promise;
  reach();
  window.addEventListener("resize", reach);
  document.addEventListener("toggle", reach, true);
});
