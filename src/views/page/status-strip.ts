/** How many have each status, as a strip of shapes, one each; many healthy ones are summed as a number. */

import type { StatusCount } from '../picture/flow-model.js';
import { STATUS_LOOKS } from '../picture/vocabulary.js';
import { el, setAttribute } from './dom.js';
import { createShape } from './shapes.js';

export interface Strip {
  readonly element: HTMLElement;
  update(counts: readonly StatusCount[]): void;
}

/** More shapes of one status are a count: nobody counts thirty dots. */
const MAX_SHAPES = 16;

export function createStrip(): Strip {
  const element = el('div', 'strip');
  element.setAttribute('role', 'img');
  let drawn = '';
  return {
    element,
    update(counts) {
      const words = counts.map(({ status, count }) => `${count} ${STATUS_LOOKS[status].word}`).join(', ');
      if (words === drawn && element.hasAttribute('aria-label')) return;
      drawn = words;
      setAttribute(element, 'aria-label', `workers: ${words || 'none'}`);
      setAttribute(element, 'title', words || null);
      element.replaceChildren(
        ...counts.flatMap(({ status, count }) =>
          count > MAX_SHAPES
            ? [createShape(status), el('span', 'times', `×${count}`)]
            : Array.from({ length: count }, () => createShape(status)),
        ),
        ...(counts.length === 0 ? ['no workers'] : []),
      );
    },
  };
}
