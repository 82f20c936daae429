// Where one writes: the text, its tools, what was sent before, and a sentence when something is wrong.

import { ApiError, send } from "./api.js";
import { byId, h, iconButton, icon, isNarrow, uuid } from "./dom.js";
import { beginningOf, isBare, parse, setOption, valuesOf, withoutOptions } from "./command.js";
import { OptionsPanel } from "./options.js";
import { rootGroups, groupOf, state } from "./store.js";
import { SuggestBox, modelNames, presetText } from "./suggest.js";
import { noticed } from "./toast.js";

const ROOM_FOR_OPTIONS = 560;
const PRIVATE = "Marks the result with a lock. It is no secret among the pages of this Inkling: whoever can open one is you, and sees it.";
const DRAFT = "inkling.draft.";

export class Composer {
  // `onSent(answer, text)`: a result began or an answer came.
  constructor(onSent) {
    this.onSent = onSent;
    this.text = byId("text");
    this.error = byId("composer-error");
    this.sent = [];
    this.kept = new Map();
    this.back = 0;
    this.busy = false;
    this.suggest = new SuggestBox(this.text, () => this.edited());
    this.options = new OptionsPanel(this.text, () => this.edited(false));
    this.options.onToggle = (open) => this.optionsButton.setAttribute("aria-expanded", String(open));
    this.buildTools();
    this.listen();
    this.watchRoom();
  }

  buildTools() {
    this.optionsSummary = h("span", {}, "Options");
    this.optionsButton = h(
      "button",
      { type: "button", class: "tool", "aria-expanded": "false", "aria-controls": "options", onclick: () => this.options.toggle() },
      icon("vary"), this.optionsSummary,
    );
    this.resetButton = iconButton("undo", "Reset options", () => this.resetOptions(), { class: "icon-button reset-all", hidden: true });
    this.preset = this.select("preset", "Preset");
    this.model = this.select("model", "Model");
    this.private = h(
      "button",
      { type: "button", class: "tool", "aria-pressed": "false", "aria-label": "Mark private", title: PRIVATE, onclick: () => this.togglePrivate() },
      icon("lock"), h("span", {}, "Mark private"),
    );
    this.sendButton = h("button", { class: "send", "aria-label": "Send", title: "Send (Enter)" }, icon("send"));
    byId("tools").append(this.optionsButton, this.resetButton, this.preset, this.model, this.private, h("span", { class: "space" }), this.sendButton);
  }

  select(name, label) {
    return h("select", {
      class: "tool",
      "aria-label": label,
      title: label,
      onchange: (event) => {
        const { value } = event.target;
        this.text.value = setOption(this.text.value, name, value ? [value] : []);
        this.edited(false);
        this.text.focus();
      },
    });
  }

  resetOptions() {
    this.text.value = withoutOptions(this.text.value);
    this.edited(false);
    this.text.focus();
  }

  togglePrivate() {
    const pressed = this.private.getAttribute("aria-pressed") !== "true";
    this.private.setAttribute("aria-pressed", String(pressed));
  }

  // Menus and sliders, anew from the session.
  refreshSession() {
    const { personal, shared } = state.session.presets;
    const names = [...new Set([...Object.keys(personal), ...Object.keys(shared)])].sort();
    this.preset.replaceChildren(new Option("No preset", ""), ...names.map((name) => new Option(name, name)));
    for (const each of this.preset.options) each.title = each.value ? presetText(each.value) : "";
    this.preset.hidden = !names.length;
    this.refreshModels();
    this.options.build();
    this.edited(false);
    if (document.activeElement === this.text) this.suggest.refresh(); // What was typed before anything was known.
  }

  refreshModels() {
    const names = modelNames();
    const key = names.join("\n");
    if (key === this.modelsKey) return;
    this.modelsKey = key;
    this.model.replaceChildren(...names.map((name, index) => new Option(name, index ? name : "")));
    this.model.hidden = names.length < 2;
  }

  listen() {
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.text.addEventListener("input", () => {
      this.makeWay();
      this.edited();
    });
    byId("options").addEventListener("keydown", (event) => this.fromOptions(event));
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("click", () => this.suggest.refresh());
    this.text.addEventListener("blur", () => this.suggest.close());
    this.text.addEventListener("keyup", (event) => ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key) && this.suggest.refresh());
  }

  watchRoom() {
    new ResizeObserver(([{ contentRect }]) => this.options.fit(contentRect.width < ROOM_FOR_OPTIONS)).observe(byId("composer"));
  }

  key(event) {
    if (event.isComposing) return;
    if (this.suggest.take(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "ArrowUp" && (this.isEmpty || this.back > 0) && this.text.selectionEnd === this.text.value.length) {
      this.recall(event, 1);
    } else if (event.key === "ArrowDown" && this.back > 0) {
      this.recall(event, -1);
    }
  }

  // What is typed at a slider or a number is meant for the text; Enter goes there too.
  fromOptions(event) {
    const isSlider = event.target.type === "range";
    const isLetter = /^\p{L}$/u.test(event.key) && !(event.target.type === "number" && /e/i.test(event.key));
    const isMeant = isSlider ? event.key.length === 1 : event.target.type === "number" && isLetter;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Enter" && event.target.tagName === "INPUT") event.preventDefault();
    else if (!isMeant) return;
    if (isNarrow()) this.options.toggle(false);
    this.text.focus();
    this.text.selectionStart = this.text.selectionEnd = parse(this.text.value).promptEnd;
  }

  // A slash behind kept options begins another command.
  makeWay() {
    const before = /^(.*\s)\/$/s.exec(this.text.value)?.[1];
    if (!before || !isBare(before)) return;
    this.kept.set(state.channel, before);
    this.text.value = "/";
  }

  get isEmpty() {
    return this.text.value === "" || isBare(this.text.value);
  }

  // ↑ brings back what was sent, the latest first; before anything was sent, the latest prompt here.
  recall(event, step) {
    const last = groupOf(rootGroups(state.channel).at(-1))[0];
    const texts = this.sent.length ? this.sent : last ? [last.prompt] : [];
    const to = Math.min(this.back + step, texts.length);
    if (!texts.length || to === this.back) return;
    event.preventDefault();
    this.back = to;
    this.text.value = to ? texts.at(-to) : (this.kept.get(state.channel) ?? "");
    this.text.selectionStart = this.text.selectionEnd = this.text.value.length;
    this.edited(false, true);
  }

  edited(suggest = true, isRecall = false) {
    if (!isRecall) this.back = 0;
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, innerHeight * 0.36)}px`;
    this.sendButton.disabled = this.busy || !this.text.value.trim();
    if (!this.busy) this.complain(null);
    this.options.read();
    this.showValues();
    saveDraft(this.text.value);
    if (suggest) this.suggest.refresh();
  }

  showValues() {
    const values = valuesOf(this.text.value);
    this.preset.value = values.get("preset") ?? "";
    this.model.value = values.get("model") ?? "";
    const summary = this.options.summary();
    this.resetButton.hidden = !values.size;
    this.optionsSummary.textContent = "Options";
    this.optionsButton.title = summary || "Temperature, length and the rest";
    this.optionsButton.classList.toggle("is-set", summary !== "");
    if (summary) this.optionsSummary.append(h("i", {}, ` · ${summary}`));
  }

  async submit(text = this.text.value) {
    if (this.busy || !text.trim()) return;
    if (this.attempt?.text !== text) this.attempt = { text, id: uuid() };
    this.busy = true;
    this.sendButton.disabled = true;
    this.suggest.close();
    this.complain(null);
    try {
      const sent = send(state.channel, text, this.attempt.id, this.private.getAttribute("aria-pressed") === "true");
      const answer = await (/^\/explain\s/i.test(text) ? noticed(sent, text.length - 9) : sent);
      this.attempt = null;
      this.remember(text);
      if (this.text.value === text) this.goOn(text);
      this.busy = false;
      this.onSent(answer, text);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code !== "offline") this.attempt = null;
      this.complain(error.message);
      if (!this.text.value) this.text.value = text;
    } finally {
      this.busy = false;
      this.sendButton.disabled = !this.text.value.trim();
    }
  }

  remember(text) {
    if (text.length < 20000 && this.sent.at(-1) !== text) this.sent.push(text);
    this.sent = this.sent.slice(-50);
  }

  // The next text begins with the options of this one; other commands leave them as they were.
  goOn(text) {
    if (parse(text).isComplete || !/^\/[a-z]/i.test(text)) this.kept.set(state.channel, beginningOf(text));
    this.text.value = this.kept.get(state.channel) ?? "";
    this.edited(false);
  }

  // A text chosen instead of written, with the options that are set.
  begin(text) {
    if (isBare(this.text.value)) text = this.text.value + text;
    this.text.value = text;
    return this.submit();
  }

  complain(sentence) {
    this.error.hidden = !sentence;
    this.error.textContent = sentence ?? "";
    this.text.setAttribute("aria-invalid", String(Boolean(sentence)));
  }

  restoreDraft() {
    this.text.value = savedDraft();
    if (state.session) this.edited(false);
  }
}

function savedDraft() {
  try {
    return sessionStorage.getItem(DRAFT + state.channel) ?? "";
  } catch {
    return ""; // Storage is forbidden here.
  }
}

function saveDraft(text) {
  try {
    if (text && text.length < 200000) sessionStorage.setItem(DRAFT + state.channel, text);
    else sessionStorage.removeItem(DRAFT + state.channel);
  } catch {
    // Storage is full or forbidden: the draft then lives as long as the page.
  }
}
