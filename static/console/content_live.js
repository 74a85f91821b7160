// The live preview beside a draft: asks the server for it a moment after somebody has typed, and shows it.
(() => {
  "use strict";
  const editor = document.querySelector(".editor[data-live]");
  const form = editor?.closest("form");
  if (!form) return;
  const WAIT = 500;
  const WIDTHS = { phone: 390, desktop: 1000 };
  const part = (selector) => editor.querySelector(selector);
  const frame = part("iframe"), plain = part(".plain"), stage = part(".live-stage"), panel = part(".live-panel");
  const state = part(".live-state"), stale = part("[data-stale]"), session = part("#live-session");
  let view = "phone", show = "", timer = 0, asking = null, shown = null;
  let offered = editor.dataset.template || "";  // the template whose clinic's sessions are in the list

  const chosen = (name) => editor.dataset[name] || form.elements[name]?.value || "";

  const asked = () => {
    const data = new FormData();
    ["subject", "preheader", "body", "read", "csrfmiddlewaretoken"].forEach((name) => {
      data.set(name, form.elements[name]?.value || "");
    });
    data.set("template", chosen("template"));
    data.set("language", chosen("language"));
    const known = offered === chosen("template");
    data.set("session", known ? session.value : "");
    if (!known) data.set("sessions", "1");
    data.set("show", show);
    return data;
  };

  // A frame as wide as the device, made smaller to fit beside the words.
  const fit = () => {
    const width = WIDTHS[view] || WIDTHS.phone, scale = Math.min(1, stage.clientWidth / width);
    const height = Math.max(320, stage.clientHeight - 2);
    frame.style.width = `${width}px`;
    frame.style.height = `${height / scale}px`;
    frame.style.transform = `scale(${scale})`;
    frame.hidden = view === "plain";
    plain.hidden = view !== "plain";
  };

  const offer = (sessions, template) => {
    [...session.options].slice(1).forEach((option) => option.remove());
    sessions.forEach(([id, label]) => session.add(new Option(label, id)));
    offered = template;
  };

  const fill = (found) => {
    panel.innerHTML = found.panel;
    Object.entries(found.problems).forEach(([name, list]) => { part(`[data-problems="${name}"]`).innerHTML = list; });
    if (found.html && found.html !== shown) {
      shown = frame.srcdoc = found.html;
      plain.textContent = found.text;
    }
    Object.entries(found.values).forEach(([path, words]) => {
      const value = part(`[data-value="${path}"]`);
      if (value) value.textContent = words;
    });
    stale.textContent = found.stale;
    stale.hidden = !found.stale;
  };

  const ask = async () => {
    if (!chosen("template") || !chosen("language")) return;
    asking?.abort();
    asking = new AbortController();
    const template = chosen("template");
    state.textContent = state.dataset.checking;
    try {
      const answer = await fetch(editor.dataset.live, { method: "POST", body: asked(), signal: asking.signal });
      if (!answer.ok) throw new Error([400, 413].includes(answer.status) ? "refused" : "failed");
      const found = await answer.json();
      if (found.sessions) offer(found.sessions, template);
      fill(found);
      state.textContent = state.dataset.checked;
    } catch (error) {
      if (error.name === "AbortError") return;
      panel.textContent = "";  // what was found of other words says nothing of these
      state.textContent = error.message === "refused" ? state.dataset.refused : state.dataset.failed;
    }
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(ask, WAIT); };

  const showAs = (wanted) => {
    view = wanted;
    editor.querySelectorAll("[data-view]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.view === view));
    });
    fit();
  };

  editor.addEventListener("click", (event) => {
    const device = event.target.closest("[data-view]"), other = event.target.closest("[data-show]");
    if (device) showAs(device.dataset.view);
    if (other) { show = other.dataset.show; ask(); }
  });
  form.addEventListener("input", (event) => { if (event.target !== session) { show = ""; soon(); } });
  form.addEventListener("change", (event) => { if (event.target.tagName === "SELECT") ask(); });
  session.addEventListener("change", ask);
  window.addEventListener("resize", fit);
  part(".editor-live").hidden = false;
  fit();
  ask();
})();
