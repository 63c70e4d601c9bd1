type Attributes = Readonly<Record<string, string | number | boolean | ((event: Event) => void)>>;

/** An element with its attributes, listeners (functions) and children. Text is text: nothing is ever parsed as HTML. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name, value);
    else if (typeof value === 'boolean') made.toggleAttribute(name, value);
    else made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/** A button that says what it does, and by which key. */
export function button(
  label: string,
  { key, press, name }: { readonly key?: string; readonly press: () => void; readonly name?: string },
): HTMLButtonElement {
  const said = name ?? label;
  const title = key === undefined ? said : `${said} (${key})`;
  return element('button', { type: 'button', title, 'aria-label': said, click: press }, label);
}
