// What is wrong with what was entered, beside the fields of the form that is open.
import { byId } from "./dom.js";

// fieldErrors shows errors by field, without redrawing the form.
export function fieldErrors(errors) {
  for (const el of byId("shade").querySelectorAll(".field")) {
    const text = errors[el.dataset.block] || "";
    el.classList.toggle("bad", text !== "");
    const line = el.querySelector(".field-error");
    if (line.textContent !== text) line.textContent = text;
  }
}
