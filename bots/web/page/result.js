// One place of a story: the shown alternative with its samples, buttons and reactions.

import { act } from "./api.js";
import { button, emoji, h, iconButton, icon, lockTag } from "./dom.js";
import { openMenu } from "./menu.js";
import { choose, isEnded, isPicked, originOf, state } from "./store.js";
import { noticed } from "./toast.js";

const TAIL = 260;

export class ResultCard {
  // `tools`: { follow(id), vary(view), why(insight, view, sample), edit(view), story(view), remove(view, card), undone(view), copy(text, card) }
  constructor(groupId, tools) {
    this.groupId = groupId;
    this.tools = tools;
    this.samples = [];
    this.head = h("div", { class: "result-head" });
    this.body = h("div", { class: "samples" });
    this.notice = h("p", { class: "notice" });
    this.notes = h("ul", { class: "notes" });
    this.error = h("p", { class: "result-error" });
    this.actions = h("div", { class: "actions" });
    this.complaint = h("p", { class: "complaint", role: "alert", hidden: true });
    this.reactions = h("div", { class: "reactions" });
    this.el = h(
      "article",
      { class: "result" },
      this.head, this.notice, this.body, this.notes, this.error, this.actions, this.complaint, this.reactions,
    );
  }

  update(place) {
    const { view, alternatives } = place;
    this.view = view;
    this.alternatives = alternatives;
    this.el.dataset.id = view.request_id;
    this.el.dataset.status = view.status;
    this.el.classList.toggle("half", Boolean(place.isHalf));
    this.el.setAttribute("aria-busy", String(!isEnded(view)));
    this.updateHead(view, alternatives);
    this.notice.hidden = view.status !== "waiting";
    if (!this.notice.hidden) setText(this.notice, view.notice ?? "Writing …");
    this.updateSamples(view);
    this.updateNotes(view);
    this.updateActions(view, alternatives);
  }

  updateHead(view, alternatives) {
    const index = alternatives.findIndex((each) => each.request_id === view.request_id);
    const origin = view.parent_id ? originOf(view) : null;
    const key = `${view.request_id} ${index} ${alternatives.length} ${JSON.stringify(origin)}`;
    if (key === this.headKey) return;
    this.headKey = key;
    const from = origin?.count > 1 ? ` from ${origin.index + 1}/${origin.count}` : "";
    const label = `Continued${from}${origin?.isEdited ? ", then edited" : ""}`;
    this.head.replaceChildren(
      ...(view.parent_id ? [h("span", { class: "tag" }, icon("continue"), label)] : []),
      ...(view.private ? [lockTag()] : []),
      h("span", { class: "heading" }, view.heading),
      ...(alternatives.length > 1 ? [this.pager(alternatives, index)] : []),
    );
  }

  pager(alternatives, index) {
    const go = (step) => {
      choose(this.groupId, alternatives[index + step].request_id);
      requestAnimationFrame(() => this.head.querySelector(`[data-step="${step}"]`)?.focus());
    };
    const step = (by, name, label) =>
      iconButton(name, label, () => go(by), { disabled: !alternatives[index + by], "data-step": by });
    return h(
      "span",
      { class: "pager", role: "group", "aria-label": "Versions" },
      step(-1, "left", "Earlier version"),
      h("span", { class: "pager-count" }, `${index + 1} of ${alternatives.length}`),
      step(1, "right", "Later version"),
    );
  }

  updateSamples(view) {
    if (this.samplesOf !== view.request_id || this.samples.length !== view.samples.length) {
      this.samplesOf = view.request_id;
      this.samples = view.samples.map((sample) => new SampleBlock(this, view, sample));
      this.body.replaceChildren(...this.samples.map((each) => each.el));
    }
    view.samples.forEach((sample, index) => this.samples[index].update(view, sample));
  }

  updateNotes(view) {
    const key = JSON.stringify([view.request_id, view.notes, view.error]);
    if (key === this.notesKey) return;
    this.notesKey = key;
    this.notes.replaceChildren(...view.notes.map((note) => h("li", {}, note)));
    this.notes.hidden = !view.notes.length;
    this.error.hidden = !view.error;
    setText(this.error, view.error ?? "");
  }

  updateActions(view, alternatives) {
    const key = `${view.request_id} ${view.actions} ${view.votes} ${alternatives.length} ${state.session?.regenerate_emoji}`;
    if (key === this.actionsKey) return;
    this.actionsKey = key;
    replaceButtons(this.actions, this.buttons(view));
    replaceButtons(this.reactions, this.reactionButtons(view, alternatives));
  }

  buttons(view) {
    const has = (action) => view.actions.includes(action);
    if (has("stop")) return [button("stop", "Stop", () => this.run("stop"), { class: "button stop" })];
    return [
      has("again") && button("again", "Again", () => this.run("again")),
      has("continue") && view.samples.length === 1 && button("continue", "Continue", () => this.run("continue")),
      has("vary") && button("vary", "Vary", () => this.tools.vary(view)),
      has("why") && view.samples.length === 1 && button("why", "Why", () => this.why(0)),
      button("more", "More", (event) => openMenu(event.currentTarget, this.moreItems(view)), {
        "aria-haspopup": "menu",
        "aria-expanded": "false",
      }),
    ].filter(Boolean);
  }

  moreItems(view) {
    const has = (action) => view.actions.includes(action);
    const text = view.samples.map((sample) => view.prompt + sample.text).join("\n\n---\n\n");
    return [
      has("same_seed") && { icon: "seed", label: "Again with the same seed", run: () => this.run("same_seed") },
      has("edit") && { icon: "edit", label: "Edit the prompt", run: () => this.tools.edit(view) },
      has("story") && { icon: "tree", label: "Story and its tree", run: () => this.tools.story(view).catch((error) => this.complain(error.message)) },
      { icon: "copy", label: "Copy the text", run: () => this.tools.copy(text, this) },
      has("undo") && { icon: "undo", ...this.undoing(view), run: () => this.undo(view) },
      has("delete") && { icon: "delete", label: "Delete", danger: true, run: () => this.tools.remove(view, this) },
    ].filter(Boolean);
  }

  // What undoing takes away here, and what is there then.
  undoing(view) {
    if (this.alternatives.length > 1) return { label: "Undo this version", title: "The other versions stay." };
    if (view.parent_id) return { label: "Undo this continuation", title: "The story ends before it again." };
    return { label: "Undo this request", title: "It leaves the channel; you can put it back." };
  }

  async undo(view) {
    if (await this.run("undo")) this.tools.undone(view);
  }

  reactionButtons(view, alternatives) {
    const sign = state.session?.regenerate_emoji ?? "🔁";
    const again = alternatives.length - 1;
    const react = (action) => () => this.run(action);
    const legend = isEnded(view)
      ? [
          { sign, label: "Again", run: react("again") },
          { sign: "▶️", label: "Continue", run: react("continue"), hidden: !view.actions.includes("continue") },
          { sign: "🗑️", label: "Delete", run: () => this.tools.remove(view, this) },
        ]
      : [{ sign: "⏹️", label: "Stop", run: react("stop") }];
    const add = iconButton("react", "Add a reaction", (event) => openMenu(event.currentTarget, legend.filter((each) => !each.hidden), true), {
      class: "reaction add",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
    });
    const votes = view.actions.includes("vote") ? [this.voteButton(view)] : [];
    if (!again) return [...votes, add];
    const label = `${sign} ${again}: try again`;
    const chip = h(
      "button",
      { type: "button", class: "reaction mine", title: "Try again", "aria-label": label, disabled: !isEnded(view), onclick: react("again") },
      emoji(sign),
      h("span", {}, String(again)),
    );
    return [...votes, chip, add];
  }

  voteButton(view) {
    return h(
      "button",
      { type: "button", class: `reaction${view.votes ? " mine" : ""}`, "aria-pressed": String(view.votes > 0), "aria-label": "This one is better", title: "This one is better", onclick: () => this.run("vote") },
      emoji("👍"),
      h("span", {}, String(view.votes)),
    );
  }

  async run(action, body = {}) {
    this.complain(null);
    if (this.isBusy) return false;
    this.isBusy = true;
    try {
      const answer = await act(this.view.request_id, action, body);
      if (answer.request_id) this.tools.follow(answer.request_id);
      return answer;
    } catch (error) {
      this.complain(error.message);
      return false;
    } finally {
      this.isBusy = false;
    }
  }

  async why(sample) {
    const view = this.view;
    const answer = await noticed(this.run("why", { sample }), view.prompt.length + view.samples[sample].text.length);
    if (answer) this.tools.why(answer.insight, view, sample);
  }

  complain(sentence) {
    this.complaint.hidden = !sentence;
    setText(this.complaint, sentence ?? "");
  }
}

// Who was at one of the buttons stays there: a focus that falls to the page is lost for the keyboard.
function replaceButtons(place, buttons) {
  const hadFocus = place.contains(document.activeElement);
  place.replaceChildren(...buttons);
  if (hadFocus) buttons.find((each) => !each.disabled)?.focus();
}

class SampleBlock {
  constructor(card, view, sample) {
    this.card = card;
    this.several = view.samples.length > 1;
    this.prompt = h("strong", { class: "prompt" });
    this.text = document.createTextNode("");
    this.cursor = h("span", { class: "cursor", "aria-hidden": "true" }, "▌");
    this.footer = h("span", { class: "footer" });
    this.picked = h("span", { class: "tag" }, icon("pick"), "Picked");
    const count = h("p", { class: "count" }, `${sample.index + 1}/${view.samples.length}`, this.picked);
    this.pick = button("continue", "Pick this and go on", () => card.run("continue", { sample: sample.index }), {
      class: "button small",
      title: "Continues the story from this sample",
    });
    this.why = button("why", "Why", () => card.why(sample.index), { class: "button small" });
    this.el = h(
      "div",
      { class: "sample" },
      this.several ? count : null,
      h("p", { class: "story" }, this.prompt, h("span", { class: "completion" }, this.text), this.cursor),
      h("div", { class: "sample-end" }, this.footer, this.several ? [this.pick, this.why] : null),
    );
    this.showPrompt(view.prompt, view.parent_id !== null);
  }

  // A long prompt shows its end, which the completion goes on from.
  showPrompt(prompt, isContinued) {
    const most = isContinued ? 90 : TAIL;
    if (prompt.length <= most * 1.5) {
      this.prompt.textContent = prompt;
      return;
    }
    const cut = prompt.slice(-most);
    const tail = cut.slice(Math.max(0, cut.search(/\s/)));
    const expand = h(
      "button",
      { type: "button", class: "expand", "aria-label": "Show the whole prompt", title: "Show the whole prompt", onclick: () => (this.prompt.textContent = prompt) },
      "…",
    );
    this.prompt.replaceChildren(expand, document.createTextNode(tail));
  }

  update(view, sample) {
    if (sample.text !== this.text.data) {
      if (sample.text.startsWith(this.text.data)) this.text.appendData(sample.text.slice(this.text.length));
      else this.text.data = sample.text;
    }
    const isOpen = !isEnded(view);
    this.cursor.hidden = !isOpen || sample.end !== null;
    this.el.hidden = isOpen && view.status === "waiting";
    setText(this.footer, sample.footer);
    const picked = this.several && isPicked(view, sample.index);
    this.picked.hidden = !picked;
    this.el.classList.toggle("picked", picked);
    this.why.hidden = isOpen || !view.actions.includes("why") || !sample.text;
    this.pick.hidden = isOpen || !view.actions.includes("pick") || !sample.text;
  }
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
