// Small things that both pages show.

export const byId = (id) => document.getElementById(id);

// Texts of people are only ever set as text, never as markup.
export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export function textOf(message) {
  return (message.parts ?? []).map((part) => part.text?.text ?? "").join("\n");
}

export function languageName(tag) {
  if (!tag || tag === "und") return "";
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(tag);
  } catch {
    return tag;
  }
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
export const timeOf = (timestamp) => (timestamp ? clock.format(new Date(timestamp)) : "");

// One message of a conversation as a list item.
export function bubble({ author, text, time, mine, note, isSystem, language }) {
  const item = element("li", isSystem ? "message system" : mine ? "message mine" : "message theirs");
  const words = element("p", "words", text);
  if (language) words.lang = language;
  item.append(element("span", "author", author), words, element("span", "meta", note ?? time ?? ""));
  return item;
}

// Shows `items` as the children of `list`: a keyed child is made once and kept, so that a screen reader reads only what
// is new and the reader's place does not jump.
export function showList(list, items, keyOf, make) {
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const present = new Map(Array.from(list.children, (child) => [child.dataset.key, child]));
  let place = null;
  for (const item of items) {
    const key = keyOf(item);
    let child = present.get(key);
    present.delete(key);
    if (!child) {
      child = make(item);
      child.dataset.key = key;
    }
    const next = place ? place.nextSibling : list.firstChild;
    if (child !== next) list.insertBefore(child, next);
    place = child;
  }
  for (const gone of present.values()) gone.remove();
  if (wasAtEnd) list.scrollTop = list.scrollHeight;
}

// Enter sends, Shift+Enter makes a new line; an input method's own Enter does neither.
export function sendOnEnter(textarea, form) {
  textarea.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
}
