// Checking the evidence by keys: R, W and M mark the cell that has the focus and go on to the next one that has no mark.
// Every key does what the mouse could do; without this file the radio buttons and the Save button do it.
"use strict";

(() => {
  const form = document.querySelector("[data-marks]");
  if (!form) return;
  const cells = [...form.querySelectorAll("[data-cell]")];
  const spoken = cells.filter((cell) => !("silent" in cell.dataset));
  const open = () => spoken.filter((cell) => !cell.querySelector("input:checked"));
  const typing = (target) => Boolean(target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select"));
  const here = () => cells.indexOf(document.activeElement?.closest?.("[data-cell]"));
  const left = document.querySelector("[data-left]");
  const rest = document.querySelector("[data-all-right]");

  function count() {
    const number = open().length;
    left.textContent = number === 0 ? left.dataset.none : number === 1 ? left.dataset.one : left.dataset.several.replace("#", number);
    rest.hidden = number === 0;
  }

  function onward() {
    const at = here();
    const next = open().find((cell) => cells.indexOf(cell) > at) ?? open()[0];
    (next ?? document.querySelector("[data-save]")).focus();
  }

  function mark(value) {
    const cell = cells[here()];
    const input = cell?.querySelector(`input[value=${value}]`);
    if (!input) return false;
    input.checked = true; // a key sets: the mouse or Space takes "missing" away
    count();
    if (value !== "missing") onward();
    return true;
  }

  function move(right, down) {
    const width = form.querySelector("tbody tr")?.querySelectorAll("[data-cell]").length ?? 1;
    const at = here();
    const cell = at < 0 ? cells[0] : cells[at + right + down * width];
    cell?.focus();
    return Boolean(cell);
  }

  function allRight() {
    for (const cell of open()) cell.querySelector("input[value=right]").checked = true;
    count();
    document.querySelector("[data-save]").focus();
    return true;
  }

  const KEYS = {
    KeyR: () => mark("right"),
    KeyW: () => mark("wrong"),
    KeyM: () => mark("missing"),
    KeyA: allRight,
    ArrowLeft: () => move(-1, 0),
    ArrowRight: () => move(1, 0),
    ArrowUp: () => move(0, -1),
    ArrowDown: () => move(0, 1),
    Digit0: () => { document.querySelector("[data-skip]").click(); return true; },
    KeyX: () => { const all = document.querySelector("details[data-key=x]"); if (all) all.open = !all.open; return Boolean(all); },
    KeyU: () => { document.querySelector("[data-undo]").requestSubmit(); return true; },
    Enter: () => { form.requestSubmit(); return true; },
  };

  // In the first phase, before the arrow keys turn the pictures.
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.code === "Enter" && event.target.closest("a, button, summary")) return;
    if (!KEYS[event.code]?.()) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  rest.addEventListener("click", allRight);
  form.addEventListener("change", count);
  count();
  onward();
})();
