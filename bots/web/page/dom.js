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
  element.append(...children.flat(Infinity).filter((child) => (child ?? false) !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

const PATHS = {
  again: "M4 11a8 8 0 0 1 13.7-5.3L20 8M20 4v4h-4M20 13a8 8 0 0 1-13.7 5.3L4 16M4 20v-4h4",
  continue: "M7 5.5v13l11-6.5z",
  stop: "M7 7h10v10H7z",
  vary: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8v4.4M9 14.8v4.4",
  why: "M4 20h16M7 16v-5M12 16V5M17 16v-8",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  send: "M5 12h13M12.5 6l6 6-6 6",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  left: "M14.5 6l-6 6 6 6",
  right: "M9.5 6l6 6-6 6",
  gear: "M12 8.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4M19 12l2-1.2-1.7-3-2.2.9a6.5 6.5 0 0 0-2-1.2L14.7 5h-3.4l-.4 2.5a6.5 6.5 0 0 0-2 1.2l-2.2-.9-1.7 3L7 12l-2 1.2 1.7 3 2.2-.9a6.5 6.5 0 0 0 2 1.2l.4 2.5h3.4l.4-2.5a6.5 6.5 0 0 0 2-1.2l2.2.9 1.7-3z",
  help: "M9.3 9.3a2.8 2.8 0 1 1 4 2.6c-.9.5-1.3 1-1.3 2.1M12 17.3h.01M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17",
  seed: "M5 5h14v14H5zM9 9h.01M15 15h.01M15 9h.01M9 15h.01M12 12h.01",
  edit: "M5 19l.8-3.6L16 5.2l2.8 2.8L8.6 18.2zM13.8 7.4l2.8 2.8",
  copy: "M9 9h10v10H9zM15 9V5H5v10h4",
  undo: "M9 6L5 10l4 4M5 10h9a5 5 0 0 1 0 10h-3",
  delete: "M5 7h14M10 7V5h4v2M7 7l.8 12h8.4L17 7M10.5 10.5v5M13.5 10.5v5",
  react: "M11 4.5a7.5 7.5 0 1 0 7.9 8.2M8.5 10h.01M13.5 10h.01M8.3 13.6a3.3 3.3 0 0 0 5.4 0M18.5 3.5v6M15.5 6.5h6",
  lock: "M7 11h10v8.5H7zM9 11V8.5a3 3 0 0 1 6 0V11",
  pick: "M5 12.5l4.5 4.5L19 7.5",
  tree: "M6 4v14.5h8M6 9h8M17.5 9h.01M17.5 18.5h.01",
  vote: "M7 11v8H4v-8zM7 11l4-7c1.5 0 2.5 1 2.5 2.5V10h5a1.5 1.5 0 0 1 1.5 1.8l-1.2 6a1.5 1.5 0 0 1-1.5 1.2H7",
  hash: "M9.5 4.5L8 19.5M16 4.5l-1.5 15M5 9.5h15M4 14.5h15",
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
