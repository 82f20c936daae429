// The rules of this place, as a form, and what is kept about you.

import { get, post } from "./api.js";
import { h } from "./dom.js";
import { openDialog } from "./dialogs.js";
import { escaped, labelOf } from "./options.js";
import { state } from "./store.js";

const GROUPS = [
  { title: "Usual options", has: (name) => state.session.options.some((spec) => spec.name === name) },
  { title: "Ceilings", has: (name) => ["max_length", "max_samples", "max_temperature"].includes(name) },
  { title: "Rules", has: () => true },
];
const CHOICES = { regenerate_by: ["requester", "anyone", "admins"] };

export async function openSettings() {
  let config = await get("/api/config");
  const inputs = new Map();
  const audit = h("ol", { class: "audit" });
  const showAudit = () =>
    audit.replaceChildren(...config.audit.map((entry) => h("li", {}, h("time", {}, new Date(entry.at).toLocaleString()), ` ${entry.action}`)));
  const whole = h("textarea", { class: "field mono", rows: 8, spellcheck: false, "aria-label": "Settings as JSON", value: config.export });
  showAudit();
  const rest = [...config.rows];
  const sections = GROUPS.map(({ title, has }) => {
    const rows = rest.filter((row) => has(row.name));
    for (const row of rows) rest.splice(rest.indexOf(row), 1);
    return h("fieldset", {}, h("legend", {}, title), h("div", { class: "settings-grid" }, rows.map((row) => settingRow(row, inputs))));
  });
  openDialog({
    title: "Settings",
    wide: true,
    action: "Save",
    body: [
      h("p", { class: "muted" }, "What holds here from the next request on. An empty field means: as built in."),
      sections,
      h("details", {}, h("summary", {}, "Export and import"), whole),
      h("details", {}, h("summary", {}, "Changes so far"), audit),
      forgetMe(),
    ].flat(),
    submit: async () => {
      if (whole.value.trim() !== config.export.trim()) {
        await post("/api/config", { action: "import", value: whole.value });
        return;
      }
      for (const row of config.rows) {
        const input = inputs.get(row.name);
        const value = input.value.trim();
        if (value === input.dataset.saved) continue;
        config = value === "" ? await reset(row.name) : await post("/api/config", { action: "set", name: row.name, value });
        input.dataset.saved = value;
        whole.value = config.export;
        showAudit();
      }
    },
  });
}

const reset = (name) => post("/api/config", { action: "reset", name });

// Line breaks as they are typed: a field of one line can't hold them.
const textOf = (value) => (value === null ? "" : Array.isArray(value) ? value.map(escaped).join(", ") : String(value));

function settingRow(row, inputs) {
  const usual = state.session.defaults[row.name];
  const placeholder = usual === undefined || usual === null ? "as built in" : textOf(usual) || "none";
  const input = CHOICES[row.name]
    ? h("select", { class: "field", id: `setting-${row.name}` }, new Option("as built in", ""), ...CHOICES[row.name].map((each) => new Option(each, each)))
    : h("input", { class: "field", id: `setting-${row.name}`, placeholder, spellcheck: false });
  input.value = textOf(row.value);
  input.dataset.saved = input.value.trim();
  inputs.set(row.name, input);
  return h("div", { class: "setting" }, h("label", { for: input.id }, labelOf(row.name), h("small", {}, row.help)), input);
}

function forgetMe() {
  const sentence = h("p", { class: "muted" }, "Erases every request, result and preset of yours for good.");
  const erase = h("button", { type: "button", class: "quiet danger" }, "Erase everything about me");
  erase.addEventListener("click", async () => {
    const { requests } = await get("/api/forget-me");
    openDialog({
      title: "Erase everything?",
      body: h("p", {}, `That is ${requests} of your requests with their results, and your presets. It can't be brought back.`),
      action: "Erase",
      danger: true,
      submit: () => post("/api/forget-me", { confirm: true }),
    });
  });
  return h("details", {}, h("summary", {}, "What is kept about you"), sentence, erase);
}
