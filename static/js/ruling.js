// The adjudicator's keys: 1-4 choose a label; the mismatch list is needed only with the label that asks for it.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("[data-ruling]");
  if (!form) return;
  const mismatch = form.querySelector("[data-only-with]");

  function follow() {
    if (!mismatch) return;
    const chosen = form.querySelector("input[name=label]:checked");
    const asked = Boolean(chosen) && chosen.value === mismatch.dataset.onlyWith;
    mismatch.disabled = !asked;
    mismatch.required = asked;
    if (asked && !mismatch.value) mismatch.selectedIndex = 1;
  }

  form.addEventListener("change", follow);
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input:not([type=radio]), textarea, select")) return;
    const digit = /^(?:Digit|Numpad)([1-4])$/.exec(event.code);
    const radio = digit && form.querySelector(`[data-key="${digit[1]}"]`);
    if (!radio) return;
    event.preventDefault();
    radio.checked = true; // a key sets, it never toggles
    radio.focus();
    follow();
  });
  follow();
});
