/** The bar that looks for text and says what is selected, with a way back to everything. */

import { button, byId, el, setHidden, setText } from './dom.js';
import { createKeyedList, type ItemView } from './keyed-list.js';
import { isNarrowing, type Selection } from './selection.js';
import type { PageContext, Shown, View } from './shown.js';

type Chosen = 'stage' | 'gpu' | 'worker' | 'finding';

interface ChoiceItem {
  readonly name: Chosen;
  readonly text: string;
}

const TYPING_MS = 200;

export function createFilterView(context: PageContext): View {
  const input = el('input');
  input.type = 'search';
  input.placeholder = 'Find worker, document, kind…';
  input.setAttribute('aria-label', 'Find a worker, document or kind of problem');
  let timer = 0;
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => context.select({ text: input.value }), TYPING_MS);
  });
  const list = el('ul', 'choices');
  const clear = button('link', 'Show everything', () =>
    context.select({ stage: null, gpu: null, worker: null, finding: null, text: '' }),
  );
  byId('filter').replaceChildren(input, list, clear);
  const choices = createKeyedList({
    parent: list,
    keyOf: ({ name }: ChoiceItem) => name,
    create: ({ name }) => createChoice(name, context),
  });
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    input.focus();
  });
  return {
    update({ selection, picture }: Shown) {
      if (document.activeElement !== input && input.value !== selection.text) input.value = selection.text;
      choices.update(choicesOf(selection, picture.flow.stages));
      setHidden(clear, !isNarrowing(selection));
    },
  };
}

function choicesOf(
  { stage, gpu, worker, finding }: Selection,
  stages: readonly { readonly id: string; readonly label: string }[],
): readonly ChoiceItem[] {
  const label = stages.find(({ id }) => id === stage)?.label ?? stage;
  return (
    [
      ['stage', label],
      ['gpu', gpu === null ? null : `GPU ${gpu}`],
      ['worker', worker],
      ['finding', finding],
    ] as const
  ).flatMap(([name, text]) => (text === null ? [] : [{ name, text }]));
}

function createChoice(name: Chosen, context: PageContext): ItemView<ChoiceItem> {
  const text = el('span');
  const remove = button('close', '×', () => context.select({ [name]: null }));
  return {
    element: el('li', 'choice', text, remove),
    update(item) {
      setText(text, item.text);
      remove.setAttribute('aria-label', `Do not filter by ${item.text}`);
    },
  };
}
