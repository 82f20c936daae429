// A story's tree in a dialog: the text up to one sample, every other sample to walk to, and files to take along.

import { act, fileOf, tree } from "./api.js";
import { openDialog } from "./dialogs.js";
import { button, h } from "./dom.js";

const isDark = () => matchMedia("(prefers-color-scheme: dark)").matches;

// `visit(id, path)` shows a result in its thread; `path` names the results on the way to it.
export async function openStory(id, sample, visit) {
  const shown = await tree(id, sample);
  const walker = new Walker(visit);
  walker.dialog = openDialog({ title: "Story", body: walker.el, wide: true });
  walker.show(shown);
}

// The lines before each row: from what it hangs from down to it, past every row between.
function strokesOf(rows) {
  const strokes = rows.map(() => []);
  rows.forEach(({ above, column, taken }, index) => {
    if (above === null) return;
    const from = rows[above].column;
    strokes[above].push({ column: from, part: "begin", taken });
    for (let between = above + 1; between < index; between += 1) strokes[between].push({ column: from, part: "pass", taken });
    strokes[index].push({ column: from, part: "end", taken, width: column - from });
  });
  return strokes.map((each) => each.sort((a, b) => a.taken - b.taken));
}

function strokeOf({ column, part, taken, width = 0 }) {
  const line = h("i", { class: `stroke ${part}${taken ? " taken" : ""}`, "aria-hidden": "true" });
  line.style.setProperty("--column", column);
  line.style.setProperty("--width", width);
  return line;
}

class Walker {
  constructor(visit) {
    this.visit = visit;
    this.text = h("p", { class: "story" });
    this.where = h("p", { class: "muted", role: "status" });
    this.actions = h("div", { class: "actions" });
    this.complaint = h("p", { class: "complaint", role: "alert", hidden: true });
    this.rows = h("ul", { class: "tree", "aria-label": "All samples of this story" });
    this.picture = h("img", { class: "tree-picture", alt: "The tree as a picture; the list above says the same." });
    const drawn = h("details", { ontoggle: () => drawn.open && this.draw() }, h("summary", {}, "As a picture"), this.picture);
    this.drawn = drawn;
    this.el = h("div", { class: "walker" }, this.text, this.where, this.actions, this.complaint, h("h3", {}, "The tree"), this.rows, drawn);
  }

  show(shown) {
    this.shown = shown;
    this.text.replaceChildren(...shown.pieces.flatMap(([human, written]) => [human && h("strong", { class: "prompt" }, human), h("span", { class: "completion" }, written)].filter(Boolean)));
    const left = shown.left_out ? ` · ${shown.left_out} older ones are not listed` : "";
    this.where.textContent = `Sample ${shown.number}, step ${shown.steps} of its story${left}`;
    this.actions.replaceChildren(
      button("continue", "Go on from here", () => this.goOn()),
      button("left", "Show in its thread", () => this.leave(shown.request_id)),
      ...["text", "markdown", "picture"].map((form) => this.link(form)),
    );
    const strokes = strokesOf(shown.rows);
    this.rows.replaceChildren(...shown.rows.map((row, index) => this.row(row, strokes[index])));
    if (this.drawn.open) this.draw();
  }

  link(form) {
    const { request_id: id, sample } = this.shown;
    const name = form[0].toUpperCase() + form.slice(1);
    return h("a", { class: "button", href: fileOf(id, sample, form, isDark()), download: "" }, name);
  }

  row(row, strokes) {
    const words = h("span", { class: "tree-words" }, row.text, row.note ? h("small", {}, row.note) : null);
    const isHere = row.request_id === this.shown.request_id && row.sample === this.shown.sample;
    const inner = row.request_id
      ? h("button", { type: "button", class: "tree-row", "aria-current": isHere ? "true" : null, onclick: () => this.walk(row) }, words)
      : h("span", { class: "tree-row tree-prompt" }, words);
    const item = h("li", { class: row.taken ? "taken" : "" }, strokes.map(strokeOf), inner);
    item.style.setProperty("--column", row.column);
    return item;
  }

  async walk({ request_id: id, sample }) {
    if (!(await this.attempt(async () => this.show(await tree(id, sample))))) return;
    this.rows.querySelector("[aria-current]")?.focus();
  }

  async goOn() {
    const { request_id: id, sample } = this.shown;
    await this.attempt(async () => this.leave((await act(id, "continue", { sample })).request_id));
  }

  async leave(id) {
    const path = this.shown.rows.filter((row) => row.taken && row.request_id).map((row) => row.request_id);
    await this.attempt(() => this.visit(id, path));
    this.dialog.close();
  }

  draw() {
    const { request_id: id, sample } = this.shown;
    this.picture.src = fileOf(id, sample, "picture", isDark());
  }

  async attempt(what) {
    this.complaint.hidden = true;
    try {
      await what();
      return true;
    } catch (problem) {
      this.complaint.textContent = problem.message;
      this.complaint.hidden = false;
      return false;
    }
  }
}
