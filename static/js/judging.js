// The judging card's keys, its saving state and its clock. Every key presses what a mouse could press, and every form
// works without this file. One rendered card is sent at most once at a time, always under the same key: a second press
// or a retry cannot store a second judgment. ahead.js shows the next card while an answer is on its way; what the two
// tell each other is in the events card:shown, card:sending, card:saved and card:failed.
"use strict";

(() => {
  const IDLE = 30_000; // longer gaps are not judging time
  const card = () => document.getElementById("card");
  const find = (selector) => card()?.querySelector(selector);
  const openPanel = () => find("details.panel[open]");
  const typing = (target) => Boolean(target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select"));

  // The clock: seconds of activity since the card was painted.
  let active = 0;
  let last = performance.now();
  function tick() {
    const now = performance.now();
    active += Math.min(now - last, IDLE);
    last = now;
  }
  for (const kind of ["pointermove", "keydown", "scroll", "visibilitychange"]) document.addEventListener(kind, tick, { passive: true });

  // Which key was pressed, by its place on the keyboard.
  function keyOf(event) {
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    const letter = /^Key([A-Z])$/.exec(event.code);
    if (digit) return event.shiftKey ? "" : digit[1];
    if (letter) return letter[1].toLowerCase();
    return { Space: "space", Backspace: "u", Enter: "enter", NumpadEnter: "enter", Escape: "escape" }[event.code] ?? "";
  }

  function close(panel) {
    panel.open = false;
    panel.querySelector("summary").focus();
  }

  function enter(panel) {
    panel.querySelector("textarea[data-note], input:checked, input[type=radio]")?.focus();
  }

  function unfold(fold) {
    fold.open = !fold.open;
    if (fold.open) fold.scrollIntoView({ block: "nearest" });
  }

  function press(element) {
    if (element.matches("details.panel")) {
      element.open = true; // a key sets: pressing it again leaves the panel open
      enter(element);
    } else if (element.matches("[type=checkbox]")) {
      element.checked = true; // likewise: the mouse or Space takes it away
      element.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (element.matches("details")) unfold(element);
    else element.click();
  }

  function confirm(panel) {
    const chosen = panel.querySelector("input[type=radio]:checked");
    if (chosen) panel.querySelector("[data-confirm]").click();
    return Boolean(chosen);
  }

  // Inside a panel its own keys count first; a digit it does not know is a label, that is: a change of mind.
  function pressInPanel(panel, key) {
    if (key === "escape") {
      close(panel);
      return true;
    }
    const choice = key && panel.querySelector(`input[data-key="${key}"]`);
    if (choice) {
      choice.checked = true;
      if ("instant" in panel.dataset) confirm(panel);
      else choice.focus();
      return true;
    }
    if (key === panel.dataset.key) return "again" in panel.dataset ? confirm(panel) : true;
    if (key === "enter") return confirm(panel);
    if (/^\d$/.test(key) && "again" in panel.dataset) return pressOnCard(key);
    return false;
  }

  function pressOnCard(key) {
    const element = key && [...card().querySelectorAll(`[data-key="${key}"]`)].find((one) => !one.closest(".panel-body"));
    if (element) press(element);
    return Boolean(element);
  }

  function saveNote() {
    const note = find("[data-note]");
    note.dispatchEvent(new CustomEvent("save"));
    find("[data-has-note]").hidden = !note.value.trim();
    close(note.closest("details"));
  }

  function inField(event) {
    const panel = event.target.closest("details.panel");
    if (!panel) return;
    if (event.code === "Escape") close(panel);
    else if (event.ctrlKey && event.code === "Enter" && event.target.matches("[data-note]")) saveNote();
    else if (event.ctrlKey && event.code === "Enter") panel.querySelector("[data-confirm]")?.click();
    else return;
    event.preventDefault();
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || !card()) return;
    if (typing(event.target)) return inField(event);
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || document.querySelector("dialog[open]")) return;
    const key = keyOf(event);
    const activates = (key === "space" || key === "enter") && event.target.closest("a, button, summary, [type=radio], [type=checkbox], .scroll");
    if (activates && !(key === "enter" && event.target.matches("[type=radio]"))) return;
    const panel = openPanel();
    if (panel ? pressInPanel(panel, key) : pressOnCard(key)) event.preventDefault();
  });

  // With the mouse: choosing in an instant panel is the answer; opening one puts the focus inside.
  document.addEventListener("pointerup", (event) => {
    const choice = event.target.closest?.(".panel[data-instant] .choice");
    if (!choice) return;
    choice.querySelector("input").checked = true;
    confirm(choice.closest(".panel"));
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-save-note]")) saveNote();
    if (event.target.closest("[data-retry]")) retry();
  });
  document.addEventListener("toggle", (event) => {
    const panel = event.target;
    if (panel.matches?.("details.panel[open]") && !panel.querySelector(".panel-body").contains(document.activeElement)) enter(panel);
  }, true);

  // A rule is cited or none fits, never both: the later word counts.
  document.addEventListener("change", ({ target }) => {
    if (!target.checked || !target.matches("[name=cites], [name=no_rule_fits]")) return;
    const other = target.name === "cites" ? "no_rule_fits" : "cites";
    for (const one of card().querySelectorAll(`[name=${other}]`)) one.checked = false;
  });

  // Sending: the forms share one queue that drops what comes while another is on its way; what failed stays on the card.
  // An answer that found no server goes again by itself, with growing pauses, under the key it had.
  const PAUSES = [1, 2, 4, 8, 15]; // seconds
  const AWAY = new Set([502, 503, 504]);
  let unsent = null;
  let pause = 0;
  let tries = 0;

  function show(state, waits = state === "saving") {
    const saving = find(".saving");
    saving.dataset.state = state;
    saving.textContent = saving.dataset[state];
    for (const button of card().querySelectorAll(".verdict button:not([hidden])")) button.disabled = waits;
  }

  function retrySoon() {
    const seconds = PAUSES[Math.min(tries, PAUSES.length - 1)] * (0.75 + Math.random() / 2); // not all desks at once
    tries += 1;
    pause = setTimeout(retry, seconds * 1000);
  }

  function settled() {
    clearTimeout(pause);
    tries = 0;
    unsent = null;
  }

  function retry() {
    clearTimeout(pause);
    const { form, submitter } = unsent ?? {};
    if (form?.isConnected) form.requestSubmit(submitter?.isConnected ? submitter : null);
  }
  window.addEventListener("online", retry);
  window.addEventListener("beforeunload", (event) => { if (unsent) event.preventDefault(); });

  document.addEventListener("submit", (event) => {
    tick();
    const seconds = event.target.querySelector("[name=seconds]");
    if (seconds && !unsent) seconds.value = (active / 1000).toFixed(1);
  }, true);

  document.addEventListener("htmx:before:request", (event) => {
    const { sourceElement: form, request } = event.detail.ctx;
    if (!form.matches("[data-sends]")) return;
    clearTimeout(pause);
    unsent = { form, submitter: request.submitter };
    for (const notice of card().querySelectorAll("[data-unsaved], [data-closed]")) notice.hidden = true;
    find("#refused")?.replaceChildren();
    show("saving");
  });

  document.addEventListener("htmx:finally:request", (event) => {
    const { sourceElement: form, response } = event.detail.ctx;
    if (form.isConnected && form.matches("[data-sends]")) failed(form, response); // still the same card: it was not taken
  });

  function failed(form, response) {
    show("failed");
    const closed = response?.status === 404 && form.id === "answer";
    if (closed) find("[data-closed]").hidden = false;
    if (closed || (response && response.status < 500 && response.status !== 404)) return settled();
    const comesBack = form.id === "answer" && (!response || AWAY.has(response.status));
    find("[data-unsaved]")?.removeAttribute("hidden");
    find("[data-resends]").hidden = !comesBack;
    if (comesBack) retrySoon();
  }

  document.addEventListener("htmx:response:error", (event) => {
    const { sourceElement, response } = event.detail.ctx;
    if (sourceElement.matches("[data-renews]") && response.status === 409) find("[data-lease-over]").hidden = false;
  });

  function begin() {
    active = 0;
    last = performance.now();
    const heading = find("h1");
    if (document.activeElement === document.body) heading?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  document.addEventListener("htmx:after:process", (event) => {
    if (event.target.id !== "card" || "ahead" in event.target.dataset) return;
    document.getElementById("live").textContent = unsent?.form.id === "answer" ? card().dataset.saysSaved : "";
    settled();
    begin();
  });

  // From ahead.js: an answer is on its way behind the card that is shown, or waits until that one has arrived.
  document.addEventListener("card:sending", ({ detail }) => show("saving", detail.waits));
  document.addEventListener("card:shown", begin);
  document.addEventListener("card:saved", () => {
    settled();
    show("saved");
    document.getElementById("live").textContent = card().dataset.saysSaved;
  });
  document.addEventListener("card:failed", ({ detail }) => {
    unsent = { form: detail.form, submitter: detail.submitter };
    active = 1000 * Number(detail.form.querySelector("[name=seconds]")?.value ?? 0); // the reading goes on
    failed(detail.form, detail.response);
  });
})();
