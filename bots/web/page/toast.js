// A few words at the bottom that go by themselves, perhaps with something to do.

import { byId, h } from "./dom.js";

const FLASH_MS = 1600;
const OFFER_MS = 20000;
let offered = null;

export function flash(text) {
  const note = h("div", { class: "toast" }, text);
  place(note);
  setTimeout(() => note.remove(), FLASH_MS);
}

// While 📊 is worked out, as on every front.
export function noticed(answer, characters) {
  const note = h("div", { class: "toast", role: "status" }, `Reading ${characters.toLocaleString("en")} characters …`);
  const timer = setTimeout(place, 3000, note);
  return answer.finally(() => (clearTimeout(timer), note.remove()));
}

// Above the composer, so that neither hides the other.
function place(note) {
  const { left, top, width } = byId("composer").getBoundingClientRect();
  note.style.left = `${left + width / 2}px`;
  note.style.bottom = `${innerHeight - top + 10}px`;
  document.body.append(note);
}

// Stays while it is pointed at or has the focus: nobody should have to hurry.
export function offer(text, label, run) {
  offered?.remove();
  const act = h("button", { type: "button", onclick: () => (close(), run()) }, label);
  const note = h("div", { class: "toast offer", role: "status" }, h("span", {}, text), act);
  const close = () => {
    const hadFocus = note.contains(document.activeElement);
    note.remove();
    if (hadFocus) byId("text").focus();
  };
  const leave = () => (note.matches(":hover, :focus-within") ? setTimeout(leave, OFFER_MS / 4) : close());
  note.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  });
  offered = note;
  place(note);
  setTimeout(leave, OFFER_MS);
  return act;
}
