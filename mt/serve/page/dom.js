// Elements from names and values, never from markup in a string: text from outside can only become text.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. Properties are attributes; `on…` functions are listeners; `vars` are CSS variables. */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "vars") {
      // The style attribute is forbidden by our Content-Security-Policy; this way is not.
      for (const [variable, number] of Object.entries(value)) element.style.setProperty(variable, number);
    } else if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** The element with an id; the page and its scripts belong together, so it is there. */
export function byId(id) {
  return document.getElementById(id);
}

/** Moves an element's scroll position sideways so that a child can be seen, without moving the page. */
export function reveal(scroller, child) {
  const outer = scroller.getBoundingClientRect();
  const inner = child.getBoundingClientRect();
  if (!outer.width || scroller.scrollWidth <= scroller.clientWidth) return;
  const margin = outer.width / 3;
  if (inner.left < outer.left + margin) scroller.scrollLeft -= outer.left + margin - inner.left;
  else if (inner.right > outer.right - margin) scroller.scrollLeft += inner.right - outer.right + margin;
}
