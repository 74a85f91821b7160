// The timeline above a protocol's steps: drawn anew while they are edited, and the way to each step's form.
(() => {
  "use strict";
  const section = document.querySelector("[data-timeline]");
  const form = document.getElementById("protocol_form");
  if (!section || !form) return;
  const picture = section.querySelector("[data-picture]");
  const WAIT = 400;
  let timer = 0, asking = null;

  const draw = async () => {
    asking?.abort();
    asking = new AbortController();
    const data = new FormData(form);
    section.querySelectorAll("input").forEach((input) => data.set(input.name, input.value));
    try {
      const answer = await fetch(section.dataset.timeline, { method: "POST", body: data, signal: asking.signal });
      if (answer.ok) picture.innerHTML = await answer.text();
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(draw, WAIT); };

  section.addEventListener("input", soon);
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);

  picture.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    const id = step && form.querySelector(`input[name^="steps-"][name$="-id"][value="${step.dataset.step}"]`);
    const row = id?.closest(".form-group");
    if (!row) return;
    const first = row.querySelector("input[name$='-number']");
    if (first.offsetParent === null) row.querySelector("h3")?.click();
    row.scrollIntoView({ block: "start" });
    setTimeout(() => first.focus(), 50);
  });
})();
