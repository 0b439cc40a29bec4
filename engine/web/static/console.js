// The little that HTML cannot say. Pages read without it.
"use strict";
document.documentElement.classList.add("scripted");
document.addEventListener("htmx:config:request", (event) => {
  const headers = event.detail.ctx.request.headers;
  if (document.body.dataset.csrf) headers["X-CSRF"] = document.body.dataset.csrf;
});
document.addEventListener("change", (event) => {
  const field = event.target.closest("[data-submits]");
  if (field) field.form.requestSubmit();
});
document.addEventListener("click", (event) => {
  const copier = event.target.closest("[data-copies]");
  if (!copier) return;
  navigator.clipboard.writeText(copier.dataset.copies || location.href).then(() => {
    document.getElementById("told").textContent = copier.dataset.told || "";
  });
});
document.addEventListener("change", (event) => {
  const field = event.target.closest("[data-goes]");
  if (field) location.assign(field.dataset.goes + encodeURIComponent(field.value));
});
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-picks-all]");
  const form = event.target.closest("form.rows");
  if (!form) return;
  const boxes = [...form.querySelectorAll("input[name=item]")];
  if (all) boxes.forEach((box) => { box.checked = all.checked; });
  const told = form.querySelector("[data-picked]");
  if (!told) return;
  told.dataset.none ||= told.textContent;
  const count = boxes.filter((box) => box.checked).length;
  const word = document.documentElement.lang === "ru" ? "Отмечено" : "Ticked";
  told.textContent = count ? `${word}: ${count}` : told.dataset.none;
});
