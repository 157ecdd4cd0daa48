// The card after this one, held ready: asked for while the current one is read, with its pictures, and shown at the key
// press; the answer goes on its way behind it. A refusal or a lost connection brings the answered card back as it was left,
// and the one that was shown waits again. Without this file every answer waits for its card.
"use strict";

(() => {
  const GOOD_FOR = 120_000; // shorter than the server holds the card ahead (annotation.judging.queue.AHEAD_SECONDS)
  const PATIENCE = 15_000;
  const GLANCE = 250; // nobody has read a card sooner: such a press is the last key bouncing, or pressed twice
  const HEADERS = { "HX-Request": "true" };
  const card = () => document.getElementById("card");
  const tell = (name, detail = {}) => document.dispatchEvent(new CustomEvent(`card:${name}`, { detail }));

  let ready = null; // the card ahead: {node, since}
  let sending = null; // the answer on its way: {node, form, submitter, body, shown}
  let waiting = null; // what was pressed meanwhile: {form, submitter}
  let shownAt = -GLANCE;
  let asked = 0; // how often a card ahead was asked for, or no longer wanted: an answer to an older asking is not taken
  let putting = false;

  function fragment(html) {
    return new DOMParser().parseFromString(html, "text/html").body;
  }

  function read(html) {
    const node = fragment(html).querySelector("#card");
    return node && document.importNode(node, true); // of this document, so that pictures begin to load
  }

  // What a newer card knows better than the one on the screen: counts, the last judgments, messages.
  function refresh(from, keepsMessages) {
    for (const newer of from.querySelectorAll("[data-fresh]")) {
      const older = card().querySelector(`[data-fresh="${newer.dataset.fresh}"]`);
      older?.replaceWith(newer.cloneNode(true));
    }
    const messages = from.querySelector("#messages");
    messages?.remove();
    if (messages?.childElementCount || !keepsMessages) document.getElementById("messages").replaceChildren(...(messages?.childNodes ?? []));
  }

  function keep(node, { keepsMessages }) {
    refresh(node, keepsMessages);
    if (!node.querySelector("#answer")) return; // nothing follows
    ready = { node, since: Date.now() };
    for (const picture of node.querySelectorAll("img[data-photo]")) picture.decode().catch(() => {});
  }

  function forget() {
    ready = null;
    return ++asked;
  }

  async function askAhead() {
    const asking = forget();
    if (!card()?.dataset.asksAhead) return;
    try {
      const response = await fetch(card().dataset.asksAhead, { headers: HEADERS, signal: AbortSignal.timeout(PATIENCE) });
      const node = response.status === 200 ? read(await response.text()) : null;
      if (node && asking === asked && !sending) keep(node, { keepsMessages: true });
    } catch {
      // Without a card ahead the next answer waits for its card.
    }
  }

  function put(node) {
    putting = true;
    card().replaceWith(node);
    window.htmx.process(node, true);
    putting = false;
    delete node.dataset.ahead;
  }

  // Capturing, so that htmx does not see what is sent from here.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.closest("#card")) return;
    const mine = { form, submitter: event.submitter };
    if ("goesOn" in form.dataset && performance.now() - shownAt < GLANCE) {
      // not meant for this card
    } else if (sending) {
      waiting = mine; // one after the other: what comes next may depend on what is on its way
      tell("sending", { waits: true });
    } else if ("goesOn" in form.dataset && ready && Date.now() - ready.since < GOOD_FOR) send(mine);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  async function send({ form, submitter }) {
    const { node } = ready;
    const body = new URLSearchParams(new FormData(form, submitter));
    body.set("shown", node.dataset.token);
    sending = { node: card(), form, submitter, shown: node };
    forget();
    put(node);
    shownAt = performance.now();
    tell("shown");
    tell("sending", { waits: false });
    let response = null;
    let told = "";
    try {
      response = await fetch(form.action, { method: "POST", body, headers: HEADERS, signal: AbortSignal.timeout(PATIENCE) });
      told = await response.text();
    } catch {
      response = null; // it may have arrived: the same key makes sending it again harmless
    }
    const next = response?.ok ? read(told) : null;
    if (next) arrive(next);
    else bringBack(response, told);
  }

  function arrive(next) {
    const pressed = waiting;
    sending = waiting = null;
    if ("ahead" in next.dataset) {
      keep(next, { keepsMessages: false });
      tell("saved");
      if (pressed?.form.isConnected) pressed.form.requestSubmit(pressed.submitter);
      return;
    }
    // The card that was shown is somebody else's by now: its time had run out.
    put(next);
    tell("shown");
    tell("saved");
    askAhead();
  }

  function bringBack(response, told) {
    const { node, form, submitter, shown } = sending;
    sending = waiting = null;
    for (const button of shown.querySelectorAll(".verdict button:not([hidden])")) button.disabled = false;
    put(node);
    const refused = response && response.status < 500 && response.status !== 404;
    if (refused) node.querySelector("#refused").replaceChildren(...fragment(told).childNodes); // as hx-status:4xx does
    // What found no server goes again by itself; until it has arrived nothing else is shown.
    ready = refused ? { node: shown, since: Date.now() } : null;
    tell("shown");
    tell("failed", { form, submitter, response });
  }

  window.addEventListener("beforeunload", (event) => { if (sending) event.preventDefault(); });

  // A card that htmx brought has another one after it; a renewed one is held longer, and so is the one ahead.
  document.addEventListener("htmx:after:process", (event) => { if (event.target.id === "card" && !putting) askAhead(); });
  document.addEventListener("htmx:before:request", (event) => { if (event.detail.ctx.sourceElement.matches("[data-sends]")) forget(); });
  document.addEventListener("htmx:after:request", ({ detail }) => {
    if (!detail.ctx.sourceElement.matches("[data-renews]")) return;
    if (detail.ctx.response.status === 409) forget();
    else if (ready) ready.since = Date.now();
  });
  document.addEventListener("DOMContentLoaded", askAhead);
})();
