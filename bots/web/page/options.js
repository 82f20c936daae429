// Sliders and fields beside the command: they write into it and read from it.

import { byId, h, iconButton } from "./dom.js";
import { setOption, valuesOf, written } from "./command.js";
import { state } from "./store.js";

const MAIN = ["temperature", "top_p", "top_k", "length", "samples"];
const SLIDER_MOST = { top_k: 200 };
const STEPS = { temperature: 0.05, top_p: 0.01, min_p: 0.01, typical_p: 0.01 };

export const labelOf = (name) => name.replace(/_(?=[pk]$)/, "-").replaceAll("_", " ").replace(/^\w/, (letter) => letter.toUpperCase());

// A labelled slider with a number field, or a plain field; `onInput(value|null)`.
export class OptionField {
  constructor(spec, onInput) {
    this.spec = spec;
    this.onInput = onInput;
    const id = `option-${spec.name}-${(OptionField.count = (OptionField.count ?? 0) + 1)}`;
    const isNumber = spec.kind !== "strings";
    this.field = h("input", {
      id,
      class: "option-number",
      type: isNumber ? "number" : "text",
      min: spec.minimum,
      max: spec.maximum,
      step: isNumber ? (spec.kind === "integer" ? 1 : "any") : null,
      inputMode: spec.kind === "integer" ? "numeric" : isNumber ? "decimal" : "text",
      spellcheck: false,
      "aria-describedby": `${id}-wrong ${id}-help`,
      oninput: () => this.changed(this.field.value),
    });
    this.slider = this.makeSlider();
    this.reset = iconButton("undo", `Back to the usual ${labelOf(spec.name)}`, () => this.onInput(null), { class: "icon-button reset" });
    this.wrong = h("p", { class: "option-wrong", id: `${id}-wrong`, role: "status" });
    this.el = h(
      "div",
      { class: `option${this.slider ? "" : " plain"}` },
      h("label", { for: id, title: `${spec.help} ${spec.range}.` }, labelOf(spec.name)),
      this.field,
      this.slider,
      this.reset,
      this.wrong,
      h("span", { class: "sr", id: `${id}-help` }, `${spec.help} ${spec.range}.`),
    );
  }

  makeSlider() {
    const { name, minimum, maximum } = this.spec;
    if (name === "seed" || name === "stop") return null;
    const most = Math.min(maximum, SLIDER_MOST[name] ?? maximum);
    const step = this.spec.kind === "integer" ? 1 : (STEPS[name] ?? 0.05);
    return h("input", {
      type: "range",
      min: minimum,
      max: most,
      step,
      "aria-label": labelOf(name),
      oninput: () => this.changed(this.slider.value),
    });
  }

  changed(value) {
    if (!this.field.validity.badInput) this.onInput(value === "" ? null : value);
    this.judge();
  }

  // What is wrong with the number, in words beside it.
  judge() {
    const { validity } = this.field;
    const [least, most] = [this.spec.minimum, this.spec.maximum].map((bound) => bound?.toLocaleString("en"));
    const wanted = validity.stepMismatch ? "a whole number" : `${validity.badInput ? "a number " : ""}between ${least} and ${most} here`;
    const sentence = validity.valid ? "" : `${labelOf(this.spec.name)} must be ${wanted}.`;
    if (this.wrong.textContent !== sentence) this.wrong.textContent = sentence;
    this.field.setAttribute("aria-invalid", String(!validity.valid));
  }

  // Half-typed numbers are no numbers yet.
  readable(value) {
    const text = stringOf(value);
    return this.field.type === "number" && (text.endsWith(".") || Number.isNaN(Number(text))) ? "" : text;
  }

  // `value` is what is set, null when the usual one holds.
  show(value, usual) {
    const shown = value ?? usual;
    this.el.classList.toggle("is-set", value !== null);
    this.reset.hidden = value === null;
    if (document.activeElement !== this.field) this.field.value = value === null && this.spec.name === "seed" ? "" : this.readable(shown);
    this.judge();
    this.field.placeholder = this.spec.name === "seed" ? "random" : this.spec.name === "stop" ? "none" : "";
    if (!this.slider) return;
    this.slider.value = Number(shown);
    const span = this.slider.max - this.slider.min || 1;
    this.slider.style.setProperty("--part", `${(100 * (this.slider.value - this.slider.min)) / span}%`);
  }
}

const stringOf = (value) => (Array.isArray(value) ? value.join(" | ") : value === null ? "" : String(value));

// What a field's text means as values for the command.
export function valuesFrom(name, value) {
  if (value === null) return [];
  return name === "stop" ? value.split(" | ").map(unescaped).filter(Boolean) : [value];
}

const unescaped = (text) => text.replaceAll("\\n", "\n").replaceAll("\\t", "\t");
export const escaped = (text) => text.replaceAll("\n", "\\n").replaceAll("\t", "\\t");

export class OptionsPanel {
  constructor(text, onWrite) {
    this.text = text;
    this.onWrite = onWrite;
    this.fields = new Map();
    this.more = h("details", { class: "more-options" }, h("summary", {}, "More options"));
  }

  build() {
    const isOpen = this.more.open;
    const field = (spec) => {
      const made = new OptionField(spec, (value) => this.write(spec.name, valuesFrom(spec.name, value)));
      this.fields.set(spec.name, made);
      return made.el;
    };
    const specs = state.session.options;
    const main = MAIN.map((name) => field(specs.find((spec) => spec.name === name)));
    const rest = specs.filter((spec) => !MAIN.includes(spec.name)).map(field);
    this.more.replaceChildren(this.more.firstChild, h("div", { class: "option-grid" }, rest));
    this.more.open = isOpen;
    byId("options").replaceChildren(
      h("header", { class: "options-head" }, h("h2", {}, "Options"), iconButton("close", "Close options", () => this.toggle(false))),
      h("div", { class: "option-grid" }, main),
      this.more,
    );
    this.read();
  }

  write(name, values) {
    this.text.value = setOption(this.text.value, name, values.map(String));
    this.onWrite();
    this.read();
  }

  read() {
    if (!state.session) return;
    const values = valuesOf(this.text.value);
    const presets = { ...state.session.presets.shared, ...state.session.presets.personal };
    const preset = presets[values.get("preset")] ?? {};
    for (const [name, field] of this.fields) {
      const set = values.get(name) ?? null;
      const usual = preset[name] ?? state.session.defaults[name];
      field.show(Array.isArray(set) ? set.map(escaped) : set, Array.isArray(usual) ? usual.map(escaped) : usual);
    }
    return values;
  }

  // What differs from the usual, in a few words, for the closed panel.
  summary() {
    const values = valuesOf(this.text.value);
    const told = [...values].filter(([name]) => !["preset", "model", "private", "cut"].includes(name));
    return told.map(([name, value]) => `${name} ${[].concat(value).map((each) => written(name, String(each))).join(" ")}`).join(" · ");
  }

  toggle(open = byId("options").hidden) {
    this.wanted = open;
    this.show(open);
  }

  // Where there is little room the panel closes by itself, and comes back with the room.
  fit(isTight) {
    if (isTight === this.isTight) return;
    this.isTight = isTight;
    this.show(Boolean(this.wanted) && !isTight);
  }

  show(open) {
    if (!open && byId("options").contains(document.activeElement)) this.text.focus();
    byId("options").hidden = !open;
    byId("app").classList.toggle("with-options", open);
    this.onToggle?.(open);
  }
}
