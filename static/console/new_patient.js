// A new patient in a dialog on the session's page: nothing that was typed there is lost. Without this file the
// link opens the patient's page in another tab.
(() => {
  "use strict";

  const choose = (id, text) => {
    const patient = document.getElementById("id_patient");
    patient.append(new Option(text, id, true, true));
    window.django.jQuery(patient).val(String(id)).trigger("change");
  };

  const open = async (dialog, form) => {
    const clinic = document.querySelector("#treatmentsession_form [name=clinic]").value;
    const answer = await fetch(`${dialog.dataset.url}?clinic=${encodeURIComponent(clinic)}`);
    if (!answer.ok) throw new Error("no form");
    form.innerHTML = await answer.text();
    dialog.showModal();
    form.querySelector("[name=first_name]").focus();
  };

  const send = async (dialog, form, submitter) => {
    const answer = await fetch(dialog.dataset.url, { method: "POST", body: new FormData(form, submitter) });
    if (answer.headers.get("Content-Type").startsWith("application/json")) {
      const made = await answer.json();
      choose(made.id, made.text);
      dialog.close();
    } else {
      form.innerHTML = await answer.text();
      (form.querySelector("[role=alert] button, [aria-invalid=true]") || form).focus();
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    const dialog = document.getElementById("new-patient");
    const link = document.getElementById("add_id_patient");
    if (!dialog || !link || !dialog.showModal) return;
    const form = dialog.querySelector("form");
    let sending = false;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      open(dialog, form).catch(() => window.open(link.href, "_blank"));
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (sending) return; // a double tap makes one patient
      sending = true;
      try {
        await send(dialog, form, event.submitter);
      } finally {
        sending = false;
      }
    });
    form.addEventListener("click", (event) => {
      const known = event.target.closest("[data-known]");
      if (known) choose(known.dataset.known, known.textContent);
      if (known || event.target.closest("[data-close]")) dialog.close();
    });
  });
})();
