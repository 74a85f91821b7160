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

  // The lists of problems come anew while somebody types, so the document listens for them.
  document.addEventListener("click", (event) => {
    const inserted = event.target.closest?.("[data-insert]");
    if (inserted) insert(inserted.dataset.insert);
    const place = event.target.closest?.(".problems [data-line]");
    const field = place && document.getElementById(place.closest(".problems").dataset.target);
    if (field) goTo(field, Number(place.dataset.line), Number(place.dataset.column));
  });
})();
