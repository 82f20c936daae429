// Dialogs: vary, edit, confirm. The browser's own <dialog> keeps the focus inside and gives it back.

import { byId, h, iconButton, isNarrow } from "./dom.js";
import { OptionField, valuesFrom } from "./options.js";
import { state } from "./store.js";
import { modelNames } from "./suggest.js";

// `submit` resolves when the dialog may close; what it throws is shown inside.
export function openDialog({ title, body, action, submit, danger = false, wide = false }) {
  const error = h("p", { class: "complaint", role: "alert", hidden: true });
  const ok = h("button", { class: danger ? "primary danger" : "primary" }, action);
  const close = () => dialog.close();
  const form = h(
    "form",
    { class: "dialog-form", method: "dialog" },
    h("header", { class: "dialog-head" }, h("h2", {}, title), iconButton("close", "Close", close)),
    h("div", { class: "dialog-body" }, body, error),
    h("footer", { class: "dialog-end" }, h("button", { type: "button", class: "quiet", onclick: close }, action ? "Cancel" : "Close"), action ? ok : null),
  );
  const opener = document.activeElement;
  const place = opener?.closest(".result");
  const leave = () => {
    dialog.remove();
    if (!opener?.isConnected) (place?.querySelector(".actions button") ?? byId("text")).focus();
  };
  const dialog = h("dialog", { class: wide ? "wide" : "", "aria-label": title, onclose: leave }, form);
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!action || ok.disabled) return;
    ok.disabled = true;
    error.hidden = true;
    try {
      await submit();
      close();
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    } finally {
      ok.disabled = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  if (!isNarrow()) focusFirst(dialog, danger);
  return dialog;
}

// What one came to do, not the button that closes; where something is lost for good, the way out.
function focusFirst(dialog, danger) {
  dialog.querySelector(danger ? ".dialog-end button" : ".dialog-body :is(input, select, textarea)")?.focus();
}

export function confirmDelete(submit) {
  openDialog({
    title: "Delete this result?",
    body: h("p", {}, "Its text is erased for good. What was continued from it stays."),
    action: "Delete",
    danger: true,
    submit,
  });
}

export function editPrompt(view, submit) {
  const text = h("textarea", { class: "field prose", rows: 6, "aria-label": "Prompt", value: view.prompt });
  openDialog({ title: "Edit the prompt", body: text, action: "Write again", submit: () => submit(text.value), wide: true });
  text.setSelectionRange(text.value.length, text.value.length);
  text.focus();
}

// Every option as it was; only what is changed goes along. The seed stays unless it is changed.
export function varyResult(view, options, model, submit) {
  const changes = new Map();
  const fields = state.session.options.map((spec) => {
    const usual = spec.kind === "strings" ? options.stop.map((each) => each.replaceAll("\n", "\\n").replaceAll("\t", "\\t")) : options[spec.name];
    const field = new OptionField(spec, (value) => {
      if (value === null) changes.delete(spec.name);
      else changes.set(spec.name, value);
      field.show(changes.get(spec.name) ?? null, usual);
    });
    field.show(null, usual);
    if (spec.name === "seed") field.field.value = options.seed;
    return field.el;
  });
  const models = h("select", { class: "field", "aria-label": "Model" }, new Option(model ?? "The same model", ""));
  models.append(...modelNames().filter((name) => name !== model).map((name) => new Option(name, name)));
  const overrides = () =>
    Object.fromEntries([...changes].map(([name, value]) => [name, name === "stop" ? valuesFrom(name, value) : value]));
  openDialog({
    title: "Vary",
    body: [
      h("p", { class: "muted" }, "The same prompt and seed, with what you change here."),
      h("div", { class: "option-grid two" }, fields),
      modelNames().length > 1 ? h("label", { class: "labelled" }, "Model", models) : null,
    ].filter(Boolean),
    action: "Write again",
    wide: true,
    submit: () => submit(overrides(), models.value || null),
  });
}

export function openHelp(commands, options) {
  openDialog({
    title: "Help",
    wide: true,
    body: [
      h("h3", {}, "Commands"),
      h("dl", { class: "help" }, commands.map((each) => [h("dt", {}, `/${each.name}`), h("dd", {}, each.summary, each.usage ? h("code", {}, `/${each.name} ${each.usage}`) : null)])),
      h("h3", {}, "Options"),
      h("dl", { class: "help" }, options.map((each) => [h("dt", {}, each.name), h("dd", {}, each.help, h("span", { class: "muted" }, ` ${each.range}`))])),
      h("h3", {}, "Keys"),
      h(
        "dl",
        { class: "help" },
        [
          ["Enter", "sends; Shift+Enter begins a new line."],
          ["/", "opens the commands; ↑ ↓ choose, Tab takes one."],
          ["Esc", "stops what is being written, or closes what is open."],
          ["↑", "in an empty field brings back what you sent."],
        ].map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)]),
      ),
    ],
  });
}
