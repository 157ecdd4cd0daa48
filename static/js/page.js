// What every page does with JavaScript: the key sheet, the lost connection, pictures. All of it works less well, but works, without.
"use strict";

(() => {
  const typing = (target) => Boolean(target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]"));
  const asksForKeys = (event) => event.key === "?" || event.key === "？" || (event.code === "Slash" && event.shiftKey);

  function openKeys() {
    const sheet = document.getElementById("keys");
    if (sheet && !sheet.open) sheet.showModal();
    return Boolean(sheet);
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (asksForKeys(event) && openKeys()) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens=keys]");
    if (opener && openKeys()) event.preventDefault();
    if (event.target instanceof HTMLDialogElement) event.target.close(); // a click beside the sheet
  });

  // Signing in again in another tab changes the security token. What is sent from here takes the new one from its cookie, so
  // a page that was open all the while can go on.
  const freshToken = () => /(?:^|; )(?:__Host-)?csrftoken=([^;]+)/.exec(document.cookie)?.[1];

  document.addEventListener("submit", ({ target }) => {
    const field = target.querySelector("[name=csrfmiddlewaretoken]");
    if (field && freshToken()) field.value = freshToken();
  }, true);
  document.addEventListener("htmx:config:request", (event) => {
    const { request } = event.detail.ctx;
    if (!freshToken()) return;
    request.headers["X-CSRFToken"] = freshToken();
    if (request.body?.has?.("csrfmiddlewaretoken")) request.body.set("csrfmiddlewaretoken", freshToken());
  });

  // A poll that fails says so; the next one that succeeds takes it back.
  const connection = document.getElementById("connection");
  const connected = (is) => { if (connection && connection.hidden !== is) connection.hidden = is; };
  document.addEventListener("htmx:error", (event) => { if (event.detail.ctx?.request && !event.detail.ctx.response) connected(false); });
  document.addEventListener("htmx:after:request", (event) => connected(event.detail.ctx.response.status < 500));

  // Pictures: the strip chooses, Z or a click enlarges, a broken one says so.
  const photo = () => document.querySelector("[data-photo]");

  function choose(link) {
    const shown = photo();
    for (const other of document.querySelectorAll("[data-strip]")) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    shown.src = link.href;
    shown.closest("a").href = link.href;
    const large = document.querySelector(".zoom img");
    if (large) large.src = link.href;
  }

  function step(by) {
    const links = [...document.querySelectorAll("[data-strip]")];
    const at = links.findIndex((link) => link.hasAttribute("aria-current"));
    if (at < 0) return false;
    choose(links[(at + by + links.length) % links.length]);
    return true;
  }

  function zoom() {
    const open = document.querySelector(".zoom");
    if (open) return open.close();
    const shown = photo();
    if (!shown || shown.hidden) return;
    const dialog = document.createElement("dialog");
    const large = document.createElement("img");
    dialog.className = "zoom";
    large.src = shown.closest("a").href;
    large.alt = shown.alt;
    dialog.setAttribute("aria-label", shown.alt);
    dialog.append(large);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", () => dialog.close());
    document.body.append(dialog);
    dialog.showModal();
  }

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const strip = event.target.closest("[data-strip]");
    if (strip) choose(strip);
    else if (event.target.closest("[data-zoom]")) zoom();
    else return;
    event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("details.panel[open], dialog[open]:not(.zoom)")) return;
    const moves = { ArrowLeft: -1, ArrowRight: 1 }[event.code];
    if (moves && !event.target.matches("[type=radio], .scroll")) {
      if (step(moves)) event.preventDefault();
    } else if (event.code === "KeyZ" && !event.repeat && photo()) {
      zoom();
      event.preventDefault();
    }
  });

  const missing = (image) => {
    image.hidden = true;
    image.parentElement.querySelector(".photo-missing").hidden = false;
  };
  document.addEventListener("error", (event) => { if (event.target.matches?.("[data-photo]")) missing(event.target); }, true);
  for (const image of document.querySelectorAll("[data-photo]")) if (image.complete && !image.naturalWidth && image.src) missing(image);
})();
