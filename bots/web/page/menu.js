// Small menus that open at a button. Arrow keys move, Enter picks, Esc closes and gives the focus back.

import { emoji, h, icon } from "./dom.js";

let open = null;

export function closeMenu(giveBackFocus = false) {
  if (!open) return false;
  const { menu, anchor } = open;
  open = null;
  menu.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (giveBackFocus) anchor.focus();
  return true;
}

// items: [{ icon | sign, label, title, run, danger }]; `inRow` shows signs side by side.
export function openMenu(anchor, items, inRow = false) {
  if (open?.anchor === anchor) return closeMenu(true);
  closeMenu();
  const choose = (item) => {
    closeMenu(true);
    item.run();
  };
  const menu = h(
    "div",
    { class: inRow ? "menu row" : "menu", role: "menu", onkeydown: (event) => move(event, menu) },
    items.map((item) =>
      h(
        "button",
        {
          type: "button",
          role: "menuitem",
          class: item.danger ? "danger" : "",
          tabIndex: -1,
          "aria-label": item.label,
          title: inRow ? item.label : item.title,
          onclick: () => choose(item),
        },
        item.sign ? emoji(item.sign) : icon(item.icon),
        inRow ? null : h("span", {}, item.label),
      ),
    ),
  );
  document.body.append(menu);
  place(menu, anchor);
  anchor.setAttribute("aria-expanded", "true");
  open = { menu, anchor };
  menu.firstChild.focus();
}

function place(menu, anchor) {
  const at = anchor.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const below = at.bottom + 6 + size.height < innerHeight;
  menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
  menu.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - size.height - 6)}px`;
}

function move(event, menu) {
  const items = [...menu.children];
  const index = items.indexOf(document.activeElement);
  const to = {
    ArrowDown: index + 1,
    ArrowRight: index + 1,
    ArrowUp: index - 1,
    ArrowLeft: index - 1,
    Home: 0,
    End: items.length - 1,
  }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    items.at(to % items.length).focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    closeMenu(true);
  }
}

addEventListener("pointerdown", (event) => {
  if (open && !open.menu.contains(event.target) && !open.anchor.contains(event.target)) closeMenu();
});
addEventListener("resize", () => closeMenu());
addEventListener("scroll", (event) => open && !open.menu.contains(event.target) && closeMenu(), true);
