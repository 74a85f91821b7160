// The session page: shows the plan as the form changes, answers the whole screening in one tap, and asks only
// what the chosen variant needs. Without this file the page works by its "Show the plan" button.
(() => {
  "use strict";
  const WAIT = 350; // milliseconds without a keystroke before the plan is asked for

  const countDown = (banner) => {
    const until = new Date(banner.dataset.until).getTime();
    const left = banner.querySelector("[data-left]");
    const tick = () => {
      const seconds = Math.max(0, Math.round((until - Date.now()) / 1000));
      left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (seconds === 0) {
        clearInterval(timer);
        banner.remove();
      }
    };
    const timer = setInterval(tick, 1000);
    tick();
  };

  // The bar below names the first thing to put right, out of a list of links.
  const sayFirst = (list) => {
    const bar = document.querySelector("[data-first-todo]");
    const first = list && list.querySelector("a");
    bar.hidden = !first;
    if (!first) return;
    bar.href = first.getAttribute("href");
    bar.textContent = `${bar.dataset.firstTodo}: ${first.textContent}`;
  };

  const livePlan = (panel, form) => {
    let timer = 0;
    let latest = 0;
    const summary = document.querySelector("[data-plan-summary]");
    const unplanned = summary.textContent;
    const sum = () => {
      const said = panel.querySelector("[data-plan-said]");
      summary.textContent = said ? said.textContent : unplanned;
      const missing = panel.querySelector(".plan-missing");
      // With too little for a plan, what was refused stands.
      if (said || missing) sayFirst(missing);
    };
    const ask = async () => {
      const mine = ++latest;
      panel.classList.add("plan-waiting");
      try {
        const answer = await fetch(panel.dataset.url, {
          method: "POST",
          body: new FormData(form),
          headers: { "X-Requested-With": "fetch" },
        });
        const html = await answer.text();
        if (mine === latest && answer.ok) {
          panel.innerHTML = html;
          sum();
        }
      } catch {
        // The network is away: what is shown stays, and the button still works.
      } finally {
        if (mine === latest) panel.classList.remove("plan-waiting");
      }
    };
    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT);
    };
    form.addEventListener("input", soon);
    form.addEventListener("change", soon);
    if (window.django && window.django.jQuery) {
      window.django.jQuery(form).on("change", "select", soon); // select2 tells jQuery only
      window.django.jQuery(document).on("formset:removed", soon);
    }
    document.addEventListener("formset:removed", soon);
    soon();
    return soon;
  };

  const screening = (part, form, changed) => {
    const variant = form.elements.namedItem("variant");
    const fit = () => {
      for (const ask of part.querySelectorAll(".ask")) {
        ask.hidden = !ask.dataset.askedIn.split(" ").includes(variant.value);
        ask.querySelector("[data-stop-tag]").hidden = !ask.dataset.stopsIn.split(" ").includes(variant.value);
      }
      override();
    };
    const raised = () =>
      [...part.querySelectorAll(".ask:not([hidden]) input:checked")].some((input) => input.value !== "no");
    const override = () => {
      const section = document.querySelector("[data-override]");
      const filled = [...section.querySelectorAll("select, input, textarea")].some((input) => input.value);
      section.hidden = !(raised() || filled || section.querySelector(".errorlist"));
    };
    const none = part.querySelector("[data-none]");
    none.hidden = false;
    none.addEventListener("click", () => {
      for (const input of part.querySelectorAll(".ask:not([hidden]) input[value=no]")) input.checked = true;
      override();
      changed();
    });
    if (variant) {
      variant.addEventListener("change", fit);
      fit();
    }
    part.addEventListener("change", override);
  };

  const deepNote = (form) => {
    const note = document.querySelector("[data-deep]");
    const show = () => {
      const depths = [...form.querySelectorAll("input[name^=areas-][name$=-depth_mm]")];
      const deep = depths.some((input) => Number(input.value) > 1.5);
      note.hidden = !(deep || note.querySelector("textarea").value || note.querySelector(".errorlist"));
    };
    form.addEventListener("input", show);
    show();
  };

  // What belongs to one protocol, like the steps that may be skipped, shows while that is chosen.
  const ofProtocol = (form) => {
    const protocol = form.elements.namedItem("protocol");
    if (!protocol) return;
    const show = () => {
      for (const part of document.querySelectorAll(".overrides [data-protocol]")) {
        part.hidden = part.dataset.protocol !== protocol.value;
      }
    };
    protocol.addEventListener("change", show);
    show();
  };

  // Enter is what a hand scanner presses at its end, and a slip of the hand: it saves nothing, and leads on.
  const enterLeadsOn = (form) => {
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("input, select")) return;
      event.preventDefault();
      const fields = [...form.querySelectorAll("input:not([type=hidden]), select, textarea")];
      const shown = fields.filter((field) => field.offsetParent !== null || field === event.target);
      const next = shown[shown.indexOf(event.target) + 1];
      if (next) next.focus();
    });
  };

  const startsOfPatient = (form) => {
    const piece = document.querySelector("[data-starts]");
    const patient = form.elements.namedItem("patient");
    if (!piece || !patient) return;
    let latest = 0;
    const show = async () => {
      const mine = ++latest;
      const clinic = form.querySelector("[name=clinic]");
      const asked = new URLSearchParams({ patient: patient.value, clinic: clinic ? clinic.value : "" });
      try {
        const answer = await fetch(`${piece.dataset.starts}?${asked}`);
        const html = await answer.text();
        if (mine === latest && answer.ok) piece.innerHTML = html;
      } catch {
        // The network is away: nothing to start from is shown, and the form works as it is.
      }
    };
    window.django.jQuery(patient).on("change", show); // select2 tells jQuery only
  };

  // A link to a thing to do opens what hides its field, and puts the cursor in it.
  const goToField = (event) => {
    const link = event.target.closest(".errornote a, .plan-missing a, a[data-first-todo]");
    const place = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!place) return;
    event.preventDefault();
    for (let around = place; around; around = around.parentElement) {
      if (around.tagName === "DETAILS") around.open = true;
      if (around.matches("[data-deep], [data-override]")) around.hidden = false;
    }
    const inside = "input:not([type=hidden]), select, textarea, [role=combobox]";
    const line = place.closest(".field-line");
    const other = place.classList.contains("select2-hidden-accessible") && line && line.querySelector("[role=combobox]");
    const field = other || (place.matches(inside) ? place : place.querySelector(inside)) || place;
    field.focus({ preventScroll: true });
    field.scrollIntoView({ block: "center" });
  };

  // What select2 puts in a select's place gets the field's name, and the focus when the select has it.
  const nameSelects = () => {
    for (const box of document.querySelectorAll(".field-line .select2-selection, .field-line .select2-selection__rendered")) {
      const label = box.closest(".field-line").querySelector("label");
      if (label) box.setAttribute("aria-label", label.textContent.trim());
    }
    const hidden = document.activeElement.closest(".select2-hidden-accessible");
    const shown = hidden && hidden.parentElement.querySelector(".select2-selection");
    if (shown) shown.focus();
  };

  // select2 replaces the selects before or after the page has loaded.
  window.addEventListener("load", nameSelects);
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(nameSelects).observe(document.body, { childList: true, subtree: true });
    document.querySelectorAll("[data-until]").forEach(countDown);
    const form = document.getElementById("treatmentsession_form");
    const panel = document.getElementById("plan");
    if (!form || !panel) return;
    document.addEventListener("click", goToField);
    sayFirst(document.querySelector(".errornote"));
    document.querySelectorAll("[data-show-plan]").forEach((button) => (button.hidden = true));
    const changed = livePlan(panel, form);
    const part = document.querySelector("[data-screening]");
    if (part) screening(part, form, changed);
    if (document.querySelector("[data-deep]")) deepNote(form);
    ofProtocol(form);
    enterLeadsOn(form);
    startsOfPatient(form);
  });
})();
