// Elements and icons. Text only ever becomes text nodes.

export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && !name.startsWith("aria") && name !== "list" && name !== "form") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

const PATHS = {
  again: "M4 11a8 8 0 0 1 13.700-5.300L20 8M20 4v4h-4M20 13a8 8 0 0 1-13.700 5.300L4 16M4 20v-4h4",
  continue: "M7 5.500v13l11-6.500z",
  stop: "M7 7h10v10H7z",
  vary: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.800v4.400M9 14.800v4.400",
  why: "M4 20h16M7 16v-5M12 16V5M17 16v-8",
  more: "M5.500 12h.01M12 12h.01M18.500 12h.01",
  send: "M5 12h13M12.500 6l6 6-6 6",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  back: "M19 12H6M11.500 6l-6 6 6 6",
  left: "M14.500 6l-6 6 6 6",
  right: "M9.500 6l6 6-6 6",
  gear: "M12 8.800a3.200 3.200 0 1 0 0 6.400 3.200 3.200 0 0 0 0-6.400M19 12l2-1.200-1.700-3-2.200.9a6.500 6.500 0 0 0-2-1.200L14.700 5h-3.400l-.4 2.500a6.500 6.500 0 0 0-2 1.200l-2.200-.9-1.700 3L7 12l-2 1.200 1.700 3 2.200-.9a6.500 6.500 0 0 0 2 1.200l.4 2.500h3.400l.4-2.500a6.500 6.500 0 0 0 2-1.200l2.200.9 1.700-3z",
  help: "M9.300 9.300a2.800 2.800 0 1 1 4 2.600c-.9.5-1.300 1-1.300 2.100M12 17.300h.01M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17",
  seed: "M5 5h14v14H5zM9 9h.01M15 15h.01M15 9h.01M9 15h.01M12 12h.01",
  edit: "M5 19l.8-3.600L16 5.200l2.800 2.800L8.600 18.200zM13.800 7.400l2.800 2.800",
  copy: "M9 9h10v10H9zM15 9V5H5v10h4",
  undo: "M9 6L5 10l4 4M5 10h9a5 5 0 0 1 0 10h-3",
  delete: "M5 7h14M10 7V5h4v2M7 7l.8 12h8.400L17 7M10.500 10.500v5M13.500 10.500v5",
  react: "M11 4.500a7.500 7.500 0 1 0 7.900 8.200M8.500 10h.01M13.500 10h.01M8.300 13.600a3.300 3.300 0 0 0 5.400 0M18.500 3.500v6M15.500 6.500h6",
  lock: "M7 11h10v8.500H7zM9 11V8.500a3 3 0 0 1 6 0V11",
  pick: "M5 12.500l4.500 4.500L19 7.500",
  tree: "M6 4v14.500h8M6 9h8M17.500 9h.01M17.500 18.500h.01",
  vote: "M7 11v8H4v-8zM7 11l4-7c1.500 0 2.500 1 2.500 2.500V10h5a1.500 1.500 0 0 1 1.500 1.800l-1.200 6a1.500 1.500 0 0 1-1.500 1.200H7",
  hash: "M9.500 4.500L8 19.500M16 4.500l-1.500 15M5 9.500h15M4 14.500h15",
};
const FILLED = new Set(["continue", "stop"]);
const THICK = new Set(["more", "seed"]);

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon${FILLED.has(name) ? " filled" : ""}${THICK.has(name) ? " thick" : ""}`);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function button(name, label, onclick, props = {}) {
  return h("button", { type: "button", class: "button", onclick, ...props }, icon(name), h("span", {}, label));
}

export function iconButton(name, label, onclick, props = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...props }, icon(name));
}

export const lockTag = () => h("span", { class: "tag" }, icon("lock"), "Private");

// Well-known reactions drawn by the page, so that they look the same where no emoji font is installed.
const DRAWN = { "🔁": "again", "▶️": "continue", "⏹️": "stop", "🗑️": "delete", "👍": "vote" };
export const emoji = (sign) => (DRAWN[sign] ? icon(DRAWN[sign]) : h("span", { class: "emoji" }, sign));

export const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

export const isNarrow = () => matchMedia("(max-width: 859px)").matches;

export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function announce(text) {
  byId("announce").textContent = text;
}
