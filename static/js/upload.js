// Shows how far an upload has come. Without this file the form is sent as any other form.
"use strict";

function upload(form) {
  const part = (name) => form.querySelector(`[data-upload-${name}]`);
  const bar = part("progress").querySelector("progress");
  const button = form.querySelector("button");
  const request = new XMLHttpRequest();

  const broken = () => {
    part("progress").hidden = true;
    part("failed").hidden = false;
    button.disabled = false;
  };
  const answered = () => {
    const next = request.getResponseHeader("X-Location");
    if (next) return location.assign(next);
    // A refusal is the same page with its reasons.
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const refusal = page.querySelector("[data-refusal]");
    if (refusal) part("failed").textContent = refusal.textContent;
    const fresh = request.status === 422 ? page.querySelector("form[data-upload]") : null;
    if (!fresh) return broken();
    form.replaceChildren(...fresh.childNodes);
    form.querySelector(".error")?.scrollIntoView({ block: "center" });
  };

  request.upload.addEventListener("progress", (sent) => {
    if (!sent.lengthComputable) return;
    bar.value = Math.floor((100 * sent.loaded) / sent.total);
    part("share").textContent = `${bar.value} %`;
  });
  request.addEventListener("load", answered);
  request.addEventListener("error", broken);
  request.addEventListener("abort", broken);
  request.open("POST", location.href);
  request.setRequestHeader("X-Upload", "1");
  request.send(new FormData(form));
  part("failed").hidden = true;
  part("progress").hidden = false;
  button.disabled = true;
  bar.value = 0;
}

for (const form of document.querySelectorAll("form[data-upload]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    upload(form);
  });
}
