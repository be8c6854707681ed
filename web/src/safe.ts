// HTML that comes from where student code runs. Ours makes nothing but what is let through here;
// who changes ours there gets nothing else onto the page.

const ELEMENTS = new Set(
  "a b br code dd details div dl dt em h3 h4 li ol p pre span strong summary table tbody td th thead tr ul"
    .split(" ")
    .filter((name) => name !== "a"),
);
const ATTRIBUTES = new Set(["aria-hidden", "colspan", "lang", "open", "role", "rowspan", "title"]);
const ROLES = new Set(["alert", "group", "img", "note", "status"]);
const STYLE =
  /^(background|border|border-collapse|border-left|border-radius|color|display|flex-wrap|font-family|font-size|font-weight|gap|line-height|list-style|margin|margin-left|margin-top|max-width|min-width|opacity|overflow-wrap|overflow-x|padding|padding-left|text-align|white-space)$/;

export function safeHtml(source: string): DocumentFragment {
  const read = new DOMParser().parseFromString(source, "text/html");
  const made = document.createDocumentFragment();
  made.append(...[...read.body.childNodes].flatMap(copied));
  return made;
}

function copied(node: Node): Node[] {
  if (node instanceof Text) return [document.createTextNode(node.data)];
  if (!(node instanceof HTMLElement)) return [];
  const children = [...node.childNodes].flatMap(copied);
  const name = node.localName;
  if (!ELEMENTS.has(name)) return children;
  const element = document.createElement(name);
  for (const { name: key, value } of node.attributes) {
    if (key === "style") copyStyle(node.style, element.style);
    else if (key === "role" && ROLES.has(value)) element.setAttribute(key, value);
    else if (key !== "role" && ATTRIBUTES.has(key)) element.setAttribute(key, value);
  }
  element.append(...children);
  return [element];
}

function copyStyle(from: CSSStyleDeclaration, to: CSSStyleDeclaration): void {
  for (const declaration of from.cssText.split(";")) {
    const [name = "", value = ""] = declaration.split(/:(.*)/s).map((part) => part.trim());
    if (STYLE.test(name) && !/url\(|image|expression/i.test(value)) to.setProperty(name, value);
  }
}
