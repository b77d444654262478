/** Keeps the children of an element in step with a list, by key: what stays is changed in place, and keeps its focus. */

export interface ItemView<T> {
  readonly element: HTMLElement | SVGElement;
  update(item: T): void;
}

export interface KeyedList<T, V extends ItemView<T>> {
  update(items: readonly T[]): void;
  viewOf(key: string): V | undefined;
}

export interface KeyedListOptions<T, V extends ItemView<T>> {
  readonly parent: Element;
  readonly keyOf: (item: T) => string;
  readonly create: (item: T) => V;
}

export function createKeyedList<T, V extends ItemView<T>>(options: KeyedListOptions<T, V>): KeyedList<T, V> {
  const { parent, keyOf, create } = options;
  const views = new Map<string, V>();

  function removeGone(items: readonly T[]): void {
    const kept = new Set(items.map(keyOf));
    for (const [key, view] of views) {
      if (kept.has(key)) continue;
      view.element.remove();
      views.delete(key);
    }
  }

  function place(element: Element, next: Element | null): Element | null {
    if (element === next) return next.nextElementSibling;
    parent.insertBefore(element, next);
    return next;
  }

  return {
    update(items) {
      const focused = document.activeElement;
      removeGone(items);
      let next = parent.firstElementChild;
      for (const item of items) {
        const key = keyOf(item);
        let view = views.get(key);
        if (!view) {
          view = create(item);
          views.set(key, view);
        }
        view.update(item);
        next = place(view.element, next);
      }
      // An element that is moved loses the focus.
      if (focused instanceof HTMLElement && focused !== document.activeElement && parent.contains(focused)) {
        focused.focus({ preventScroll: true });
      }
    },
    viewOf: (key) => views.get(key),
  };
}
