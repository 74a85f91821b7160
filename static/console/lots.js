// The cartridge's lot: what was typed or scanned is read by the server, which knows the codes of packages and the
// clinic's lots. Without this file the code is read when the session is saved.
(() => {
  "use strict";

  const cartridge = (part, form) => {
    const lot = form.elements.namedItem("cartridge_lot");
    const expiry = form.elements.namedItem("cartridge_expires_on");
    const note = form.elements.namedItem("cartridge_note");
    const ended = form.elements.namedItem("ended_at");
    const said = part.querySelector("[data-lot-said]");
    const row = note.closest(".field-line") || note.parentElement;
    const asked = said.textContent;
    let ofLot = "";
    let latest = 0;

    const show = () => {
      const expired = expiry.value && ended.value && expiry.value < ended.value.slice(0, 10);
      row.hidden = !(expired || note.value || row.querySelector(".errorlist"));
    };
    const tell = (text, tone) => {
      said.textContent = text || asked;
      said.className = text ? `notice notice-${tone === "bad" ? "error" : "good"}` : "plan-zone";
    };
    // An expiry that came with a lot goes with it; one that was typed stays, unless a code says another.
    const fillIn = (found, text) => {
      const scanned = found.lot && found.lot !== text;
      if (!expiry.value || expiry.value === ofLot || (scanned && found.expires_on)) {
        expiry.value = ofLot = found.expires_on;
      }
    };
    const read = async () => {
      const mine = ++latest;
      const text = lot.value.trim();
      if (!text) {
        tell("");
        fillIn({ expires_on: "" }, text);
        return show();
      }
      const clinic = form.querySelector("[name=clinic]");
      const query = new URLSearchParams({ text, clinic: clinic ? clinic.value : "" });
      try {
        const answer = await fetch(`${part.dataset.cartridge}?${query}`);
        if (!answer.ok || mine !== latest) return undefined;
        const found = await answer.json();
        if (found.lot) lot.value = found.lot;
        fillIn(found, text);
        tell(found.said, found.tone);
      } catch {
        // The network is away: the code is read when the session is saved.
      }
      show();
      return expiry.dispatchEvent(new Event("change", { bubbles: true }));
    };

    // What a scanner sends between two parts of a code, as a keyboard: control and "]".
    lot.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey && event.key === "]")) return;
      event.preventDefault();
      lot.setRangeText("\u241d", lot.selectionStart, lot.selectionEnd, "end");
    });
    lot.addEventListener("change", read);
    for (const field of [expiry, ended, note]) field.addEventListener("change", show);
    show();
  };

  document.addEventListener("DOMContentLoaded", () => {
    const form = document.getElementById("treatmentsession_form");
    const part = document.querySelector("[data-cartridge]");
    if (form && part && form.elements.namedItem("cartridge_lot")) cartridge(part, form);
  });
})();
