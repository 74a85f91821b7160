// Shows, for each step, only the fields of its kind.
(() => {
  "use strict";
  const kinds = ["elapsed", "wall_time"];

  const show = (select) => {
    const step = select.closest(".form-row, .form-group")?.closest(".form-group") ?? select.closest(".form-group");
    if (!step) return;
    kinds.forEach((kind) => {
      step.querySelectorAll(`.kind-${kind}`).forEach((part) => {
        part.hidden = select.value !== kind;
      });
    });
  };
  const selects = (root) => root.querySelectorAll("select[name$='-kind']");

  selects(document).forEach(show);
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("select[name$='-kind']")) show(event.target);
  });
  document.addEventListener("formset:added", (event) => selects(event.target).forEach(show));
})();
