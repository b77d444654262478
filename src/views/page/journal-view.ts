/** What happened, newest first, of what is selected. */

import { formatAgo, parseTime } from '../picture/format.js';
import { button, byId, el, setAttribute, setClass, setHidden, setText } from './dom.js';
import { sayEntry } from './journal-words.js';
import { createKeyedList, type ItemView } from './keyed-list.js';
import type { JournalJson } from './page-json.js';
import { holdsEntry } from './scope.js';
import { createShape, setShape } from './shapes.js';
import type { PageContext, Shown, View } from './shown.js';

interface EntryItem {
  readonly entry: JournalJson;
  readonly key: string;
  readonly nowMs: number;
}

const SHOWN_AT_FIRST = 15;

export function createJournalView(context: PageContext): View {
  const empty = el('p', 'calm');
  const list = el('ol', 'journal');
  let count = SHOWN_AT_FIRST;
  let last: Shown | undefined;
  const more = button('more', 'Show more', () => {
    count += 50;
    if (last) update(last);
  });
  byId('journal').replaceChildren(empty, list, more);
  const items = createKeyedList({
    parent: list,
    keyOf: ({ key }: EntryItem) => key,
    create: ({ entry }) => createEntry(entry, context),
  });

  function update(shown: Shown): void {
    last = shown;
    const { journal, scope, picture } = shown;
    // Summaries are for the report: nothing happened in them.
    const held = journal.filter((entry) => entry.type !== 'run_summary' && holdsEntry(scope, entry));
    setHidden(empty, held.length > 0);
    setText(
      empty,
      journal.length === 0 ? 'Nothing has happened yet.' : 'Nothing has happened to what is selected.',
    );
    items.update(held.slice(0, count).map((entry) => ({ entry, key: keyOf(entry), nowMs: picture.nowMs })));
    setHidden(more, held.length <= count);
  }

  return { update };
}

/** Two entries that say the same at the same moment are one to the eye. */
function keyOf({ at, type, id, container, path }: JournalJson): string {
  return [at, type, id, container, path].map(String).join(' ');
}

function createEntry(entry: JournalJson, context: PageContext): ItemView<EntryItem> {
  const { tone, what, subject, detail } = sayEntry(entry);
  const shape = createShape(tone);
  setShape(shape, tone);
  const time = el('time');
  time.dateTime = entry.at;
  time.title = entry.at;
  const container = typeof entry['container'] === 'string' ? entry['container'] : null;
  const who = container
    ? button('link', subject, () => context.select({ worker: container, finding: null }))
    : el('strong', '', subject);
  const element = el(
    'li',
    'entry',
    time,
    shape,
    el('span', 'entry-what', what),
    who,
    el('span', 'entry-detail', detail),
  );
  setClass(element, 'entry');
  setAttribute(element, 'data-type', entry.type);
  return {
    element,
    update({ nowMs }) {
      const atMs = parseTime(entry.at);
      setText(time, atMs === null ? entry.at : formatAgo(nowMs - atMs));
    },
  };
}
