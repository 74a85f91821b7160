// The button that stores a file waits for what must be ticked or previewed first, and says so beside it. Without
// this file the browser asks for the tick, and the server for the preview.
(() => {
  "use strict";

  document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector("form.importing");
    const store = form && form.querySelector("[name=_store]");
    if (!store) return;
    const waits = [...form.querySelectorAll("[data-until]")].map((said) => {
      const box = form.elements.namedItem(said.dataset.until);
      const wanted = said.dataset.ticked === "yes" || (said.dataset.ticked === "same" && box.defaultChecked);
      return { said, box, wanted };
    });
    const show = () => {
      for (const { said, box, wanted } of waits) said.hidden = box.checked === wanted;
      store.disabled = waits.some(({ said }) => !said.hidden);
    };
    for (const { box } of waits) box.addEventListener("change", show);
    window.addEventListener("pageshow", show);
    show();
  });
})();
