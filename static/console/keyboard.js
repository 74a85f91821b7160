// What the theme opens by a click on something that no keyboard reaches becomes a button.
"use strict";

(() => {
  const OPENERS = "[x-on\\:click]:not(a[href], button, input, select, textarea, summary, label)";
  const REACHED = "a[href], button, input, select, textarea, [tabindex]";

  function reachable(opener) {
    if (opener.hasAttribute("tabindex") || opener.querySelector(REACHED) || !opener.textContent.trim()) return;
    opener.tabIndex = 0;
    opener.setAttribute("role", "button");
  }

  function press(event) {
    const opener = event.target.closest?.(`${OPENERS}[role=button]`);
    if (opener !== event.target || !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    opener.click();
  }

  document.addEventListener("keydown", press);
  document.addEventListener("DOMContentLoaded", () => {
    const all = () => document.querySelectorAll(OPENERS).forEach(reachable);
    all();
    new MutationObserver(all).observe(document.body, { childList: true, subtree: true });
  });
})();
