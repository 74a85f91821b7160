// The editor of a draft: puts placeholders where the cursor stands, and the cursor where a problem is.
(() => {
  "use strict";
  const fields = ["id_subject", "id_preheader", "id_body"].map((id) => document.getElementById(id)).filter(Boolean);
  if (!fields.length) return;
  let current = fields[fields.length - 1];
  fields.forEach((field) => field.addEventListener("focus", () => { current = field; }));

  const insert = (snippet) => {
    const start = current.selectionStart;
    current.focus();
    current.setRangeText(snippet, start, current.selectionEnd, "end");
    const gap = snippet.indexOf("…");
    if (gap >= 0) current.setSelectionRange(start + gap, start + gap + 1);
    current.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const goTo = (field, line, column) => {
    const before = field.value.split("\n").slice(0, line - 1);
    const offset = before.reduce((length, words) => length + words.length + 1, 0) + column - 1;
    field.focus();
    field.setSelectionRange(offset, offset + 1);
    const lineHeight = parseFloat(getComputedStyle(field).lineHeight) || 20;
    field.scrollTop = Math.max(0, (line - 4) * lineHeight);
  };

  document.querySelectorAll("[data-insert]").forEach((button) => {
    button.addEventListener("click", () => insert(button.dataset.insert));
  });
  document.querySelectorAll(".problems").forEach((list) => {
    const field = document.getElementById(list.dataset.target);
    list.querySelectorAll("[data-line]").forEach((button) => {
      button.addEventListener("click", () => goTo(field, Number(button.dataset.line), Number(button.dataset.column)));
    });
  });
})();
