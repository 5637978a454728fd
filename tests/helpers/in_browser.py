"""What browsers are asked of a page, in their own language."""

CONTRASTS = """
const numbers = text => text.match(/[\\d.]+/g).map(Number);
const bright = colour => {
  const [r, g, b] = colour.slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = element => {
  for (let e = element; e; e = e.parentElement) {
    const colour = numbers(getComputedStyle(e).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
return [...document.querySelectorAll(arguments[0])].map(element => {
  const [a, b] = [numbers(getComputedStyle(element).color), behind(element)].map(bright);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
});
"""
"""Contrast of the text of each element that a selector finds with what is behind it."""

WIDE = """
const limit = document.documentElement.clientWidth;
const scrolls = element => {
  for (let e = element; e; e = e.parentElement)
    if (e !== document.body && e !== document.documentElement
        && ['auto', 'scroll', 'hidden'].includes(getComputedStyle(e).overflowX)) return true;
  return false;
};
return [...document.body.querySelectorAll('*')]
  .filter(e => e.getBoundingClientRect().right > limit + 0.5 && !scrolls(e))
  .map(e => e.outerHTML.slice(0, 150));
"""
"""Elements that reach beyond the screen and do not scroll."""

AXE = """
const [parts, without, done] = arguments;
const rules = Object.fromEntries(without.map(rule => [rule, {enabled: false}]));
axe.run({include: parts.map(part => [part])}, {rules, resultTypes: ['violations']}).then(
  found => done([found.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html)]),
                 found.testEngine.version]));
"""
"""What axe finds in parts of a page, without some of its rules, and the version of axe."""
