/** What is selected and how it is shown, as it stands in the address: a link to it can be sent to somebody. */

export interface Selection {
  readonly stage: string | null;
  readonly worker: string | null;
  readonly finding: string | null;
  readonly gpu: string | null;
  /** Part of a name or document that is looked for; empty: everything. */
  readonly text: string;
  readonly groupBy: 'stage' | 'gpu';
}

export const NOTHING_SELECTED: Selection = {
  stage: null,
  worker: null,
  finding: null,
  gpu: null,
  text: '',
  groupBy: 'stage',
};

const NAMES = ['stage', 'worker', 'finding', 'gpu'] as const;

/** Undefined for a fragment that is no selection, as that of a link within the page. */
export function parseSelection(hash: string): Selection | undefined {
  const body = hash.replace(/^#/, '');
  if (body === '') return NOTHING_SELECTED;
  if (!body.includes('=')) return undefined;
  const told = new URLSearchParams(body);
  const read = (name: (typeof NAMES)[number]): string | null => told.get(name) || null;
  return {
    stage: read('stage'),
    worker: read('worker'),
    finding: read('finding'),
    gpu: read('gpu'),
    text: told.get('q') ?? '',
    groupBy: told.get('by') === 'gpu' ? 'gpu' : 'stage',
  };
}

/** With the `#`; empty for nothing. */
export function formatSelection(selection: Selection): string {
  const parts = NAMES.flatMap((name) => {
    const value = selection[name];
    return value === null ? [] : [`${name}=${readable(value)}`];
  });
  if (selection.text !== '') parts.push(`q=${readable(selection.text)}`);
  if (selection.groupBy === 'gpu') parts.push('by=gpu');
  return parts.length === 0 ? '' : `#${parts.join('&')}`;
}

/** Names of containers, findings and queues keep their `:` and `/`. */
function readable(value: string): string {
  return encodeURIComponent(value).replaceAll('%3A', ':').replaceAll('%2F', '/');
}

/** It narrows what is shown. */
export function isNarrowing({ stage, worker, finding, gpu, text }: Selection): boolean {
  return stage !== null || worker !== null || finding !== null || gpu !== null || text !== '';
}
