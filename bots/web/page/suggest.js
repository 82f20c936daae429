// Completing commands, options and their values while they are typed.

import { byId, h } from "./dom.js";
import { parse } from "./command.js";
import { state } from "./store.js";

const MOST = 8;
const SWITCHES = [
  { name: "preset", help: "Options saved under a name.", assign: true },
  { name: "model", help: "Another model than usual.", assign: true },
  { name: "private", help: "Marks the result with a lock; every page of this Inkling shows it.", flag: true },
  { name: "prompt:", help: "What follows is the text, whatever it looks like.", colon: true },
];
const SUB_WORDS = {
  config: ["show", "set", "reset", "channel", "role", "user", "preset", "export", "import", "audit"],
  presets: ["list", "save", "delete"],
  "forget-me": ["show", "erase"],
};

// → { start, items: [{ insert, label, detail, range }] } for the word that ends at `caret`, or null.
export function suggestionsFor(text, caret) {
  const before = text.slice(0, caret);
  if (!state.session || !before.startsWith("/") || /\n/.test(before)) return null;
  const command = /^\/([\w-]*)$/.exec(before);
  if (command) return { start: 0, items: commandItems(command[1].toLowerCase()) };
  const [, name, rest] = /^\/([\w-]+)\s+(.*)$/s.exec(before) ?? [];
  if (name === "complete") return completeItems(text, before);
  return name && SUB_WORDS[name] ? subItems(name, rest, caret) : null;
}

function commandItems(typed) {
  return state.session.commands
    .filter((command) => command.name.startsWith(typed))
    .map((command) => ({ insert: `/${command.name} `, label: `/${command.name}`, detail: command.summary, range: command.usage }));
}

function completeItems(text, before) {
  const [word] = /\S*$/.exec(before);
  const start = before.length - word.length;
  const head = before.slice(0, start);
  const parsed = parse(head);
  const isBehind = parsed.promptStart !== head.length;
  if ((isBehind && !/^--[a-z]/i.test(word)) || /(?:prompt:|\s--)\s*$/i.test(head)) return null;
  const value = /^(?:--)?(preset|model)[=:](.*)$/.exec(word);
  if (value) return { start: before.length - value[2].length, items: valueItems(value[1], value[2]) };
  const option = /^(?:--)?(\w+)[=:](.*)$/.exec(word);
  if (option) return hint(option[1], before.length);
  const typed = word.replace(/^-+/, "").toLowerCase().replaceAll("-", "_");
  const isFlag = word.startsWith("-");
  const promptFollows = text.slice(parsed.promptStart + word.length).trim() !== "";
  // Behind options a text is as likely as another option: the list waits for letters there.
  if (!isFlag && (typed.length === 1 || (typed === "" && (promptFollows || parsed.options.length)))) return null;
  return { start, items: optionItems(typed, parsed.options, isBehind) };
}

// Behind the prompt only flags are options.
function optionItems(typed, used, isBehind) {
  const dashes = isBehind ? "--" : "";
  const taken = new Set(used.map((option) => option.name));
  const options = state.session.options
    .filter((spec) => [spec.name, ...spec.aliases].some((name) => name.startsWith(typed)) && (spec.name === "stop" || !taken.has(spec.name)))
    .map((spec) => ({ insert: `${dashes}${spec.name}=`, label: spec.name, detail: spec.help, range: spec.range }));
  const switches = SWITCHES.filter((each) => !(isBehind && each.colon) && each.name.startsWith(typed) && !taken.has(each.name)).map((each) => ({
    insert: each.flag ? `--${each.name} ` : each.colon ? `${each.name} ` : `${dashes}${each.name}=`,
    label: each.name,
    detail: each.help,
    range: "",
  }));
  return [...options, ...switches];
}

function hint(name, at) {
  const spec = state.session.options.find((each) => each.name === name || each.aliases.includes(name));
  if (!spec) return null;
  const usual = state.session.defaults[spec.name];
  const shown = spec.name === "seed" ? "random" : Array.isArray(usual) ? usual.join(", ") || "none" : usual;
  return { start: at, items: [], hint: `${spec.help} ${spec.range}; usually ${shown}.` };
}

function valueItems(what, typed) {
  const { presets } = state.session;
  const names = what === "preset" ? [...Object.keys(presets.personal), ...Object.keys(presets.shared)] : modelNames();
  return [...new Set(names)]
    .filter((name) => name.startsWith(typed))
    .map((name) => ({ insert: `${name} `, label: name, detail: what === "preset" ? presetText(name) : "", range: "" }));
}

export const modelNames = () => state.backends[0]?.models ?? [];

export function presetText(name) {
  const options = state.session.presets.personal[name] ?? state.session.presets.shared[name] ?? {};
  return Object.entries(options).map(([key, value]) => `${key} ${[].concat(value).join(", ")}`).join(" · ");
}

function subItems(name, rest, caret) {
  const words = rest.split(/\s+/);
  const typed = words.at(-1);
  const item = (insert, detail = "") => ({ insert: `${insert} `, label: insert, detail, range: "" });
  let names = [];
  if (words.length === 1) names = SUB_WORDS[name].map((word) => item(word));
  else if (name === "config" && words.length === 2 && ["set", "reset", "show"].includes(words[0])) names = state.session.settings.map((each) => item(each));
  else if (name === "presets" && words.length === 2 && words[0] === "delete") names = Object.keys(state.session.presets.personal).map((each) => item(each, presetText(each)));
  const items = names.filter((each) => each.label.startsWith(typed) && each.label !== typed);
  return { start: caret - typed.length, items };
}

export class SuggestBox {
  constructor(text, onAccept) {
    this.text = text;
    this.onAccept = onAccept;
    this.box = byId("suggest");
    this.close();
  }

  get isOpen() {
    return !this.box.hidden;
  }

  refresh() {
    const found = this.text.selectionStart === this.text.selectionEnd ? suggestionsFor(this.text.value, this.text.selectionStart) : null;
    const key = found && JSON.stringify(found);
    if (key && key === this.dismissed) return;
    this.dismissed = null;
    if (!found || (!found.items.length && !found.hint)) return this.close();
    if (key === this.key && this.isOpen) return;
    this.key = key;
    this.start = found.start;
    this.items = found.items;
    this.moved = false;
    this.active = 0;
    this.box.hidden = false;
    this.box.replaceChildren(...(found.hint ? [h("p", { class: "suggest-hint" }, found.hint)] : this.items.map((item, index) => this.row(item, index))));
    this.box.scrollTop = 0;
    this.box.style.setProperty("--rows", Math.min(MOST, this.items.length || 1));
    this.text.setAttribute("aria-expanded", String(this.items.length > 0));
    this.mark();
  }

  row(item, index) {
    return h(
      "div",
      { class: "suggestion", role: "option", id: `suggestion-${index}`, onpointerdown: (event) => { event.preventDefault(); this.accept(index); } },
      h("span", { class: "suggestion-name" }, item.label),
      h("span", { class: "suggestion-detail" }, item.detail),
      item.range ? h("span", { class: "suggestion-range" }, item.range) : null,
    );
  }

  mark() {
    [...this.box.children].forEach((row, index) => row.setAttribute("aria-selected", String(this.items.length > 0 && index === this.active)));
    if (!this.items.length) return this.text.removeAttribute("aria-activedescendant");
    this.text.setAttribute("aria-activedescendant", `suggestion-${this.active}`);
    this.box.children[this.active]?.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.box.hidden = true;
    this.items = [];
    this.key = null;
    this.text.setAttribute("aria-expanded", "false");
    this.text.removeAttribute("aria-activedescendant");
  }

  accept(index = this.active) {
    const item = this.items[index];
    const caret = this.text.selectionStart;
    const after = this.text.value.slice(caret).replace(/^ /, item.insert.endsWith(" ") ? "" : " ");
    this.text.value = this.text.value.slice(0, this.start) + item.insert + after;
    this.text.selectionStart = this.text.selectionEnd = this.start + item.insert.length;
    this.close();
    this.onAccept();
  }

  // Whether the key was for the suggestions. Enter accepts only what was chosen on purpose.
  take(event) {
    if (!this.isOpen) return false;
    if (event.key === "Escape") {
      this.dismissed = this.key;
      this.close();
      return true;
    }
    if (!this.items.length) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.moved = true;
      this.active = (this.active + step + this.items.length) % this.items.length;
      this.mark();
      return true;
    }
    const isUnfinishedCommand = this.start === 0 && this.items[this.active].insert.trim() !== this.text.value.trim();
    if (event.key === "Tab" && !event.shiftKey || (event.key === "Enter" && (this.moved || isUnfinishedCommand))) {
      this.accept();
      return true;
    }
    return false;
  }
}
