// Shows, for each step, only the fields of its kind.
(() => {
  "use strict";
  const kinds = ["elapsed", "wall_time"];

  const show = (select) => {
    const step = select.closest(".form-group");
    if (!step) return;
    kinds.forEach((kind) => {
      step.querySelectorAll(`.kind-${kind}`).forEach((part) => {
        part.hidden = select.value !== kind;
      });
    });
  };
  const selects = (root) => root.querySelectorAll("select[name$='-kind']");

  // A new step gets the number after the highest.
  const numberNew = (row) => {
    const own = row.querySelector("input[name^='steps-'][name$='-number']");
    if (!own || own.value) return;
    const others = [...document.querySelectorAll("input[name^='steps-'][name$='-number']")];
    own.value = Math.max(0, ...others.map((input) => Number(input.value))) + 1;
  };

  selects(document).forEach(show);
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("select[name$='-kind']")) show(event.target);
  });
  document.addEventListener("formset:added", (event) => {
    selects(event.target).forEach(show);
    numberNew(event.target);
    // A new row comes closed; its heading opens it as soon as the page's own scripts have taken it up.
    setTimeout(() => event.target.querySelector("h3")?.click(), 50);
  });
})();
