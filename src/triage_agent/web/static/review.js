// The keys of the review queue. They work only while the list has the focus, so that they are in
// nobody's way; without this file the buttons do the same.
"use strict";
const queue = document.querySelector(".queue");
const undo = document.querySelector('button[data-key="u"]');

function go(step) {
  const all = [...queue.querySelectorAll("article")];
  const at = all.indexOf(document.activeElement.closest("article"));
  const next = all[Math.min(all.length - 1, Math.max(0, at + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

if (queue) {
  document.querySelector(".keys").hidden = false;
  queue.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.matches("textarea, input")) return; // a note is typed
    const article = event.target.closest("article");
    if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else if (event.key === "u" && undo) undo.click();
    else if (["1", "2", "3"].includes(event.key)) {
      const button = article && article.querySelector(`button[data-key="${event.key}"]`);
      if (button) button.click();
    } else return;
    event.preventDefault();
  });
  queue.querySelector("article").focus({ preventScroll: true });
}
