/** The first line: how it is in one sentence, how old that is, and how each source fares. */

import { formatAgo, formatDuration, formatNumbered } from '../picture/format.js';
import { chipStatus, type Freshness, freshnessOf, type SourceChip } from '../picture/surroundings.js';
import { byId, el, setAttribute, setClass, setText } from './dom.js';
import type { FeedState } from './feed.js';
import { createKeyedList, type ItemView } from './keyed-list.js';
import { createShape, setShape } from './shapes.js';
import type { Shown, View } from './shown.js';

const FEED_WORDS: Readonly<Record<FeedState, string>> = {
  connecting: 'connecting',
  live: 'live',
  polling: 'asking every 5 s',
  lost: 'stagewatch does not answer',
};

export function createHeaderView(): View {
  const sentence = byId('sentence');
  const mark = createShape('active');
  const text = el('span');
  sentence.replaceChildren(mark, text);
  const age = byId('age');
  const announcer = byId('announcer');
  const chips = createKeyedList({
    parent: byId('sources'),
    keyOf: ({ source }: SourceChip) => source,
    create: createChip,
  });
  let announced = '';

  /** Said once when it changes, not at each second that a duration grows. */
  function announce({ picture, feed }: Shown): void {
    const worst = picture.problems.find(({ severity }) => severity !== 'info');
    const state = worst
      ? `${formatNumbered(picture.problemCount, 'problem')}, worst: ${worst.who} ${worst.phrase}`
      : picture.sentence.isWell
        ? 'All well'
        : picture.sentence.text;
    const said = feed === 'lost' ? 'stagewatch does not answer; what is shown is old' : state;
    if (said === announced) return;
    announced = said;
    setText(announcer, said);
  }

  return {
    update(shown) {
      const { picture, feed, ageMs } = shown;
      const { severity, isWell } = picture.sentence;
      const freshness = feed === 'lost' && freshnessOf(ageMs) === 'fresh' ? 'aging' : freshnessOf(ageMs);
      setText(text, picture.sentence.text);
      setShape(mark, severity ?? (isWell ? 'active' : 'unknown'));
      setClass(byId('top'), `top is-${severity ?? (isWell ? 'well' : 'unknown')} is-${freshness}`);
      setClass(age, `age is-${freshness}`);
      setText(age, sayAge(freshness, feed, ageMs));
      setAttribute(age, 'title', picture.atMs === null ? null : new Date(picture.atMs).toISOString());
      chips.update(picture.sources);
      const count = picture.problemCount > 0 ? `(${picture.problemCount}) ` : '';
      const title = `${freshness === 'stale' ? '? ' : count}stagewatch`;
      if (document.title !== title) document.title = title;
      announce(shown);
    },
  };
}

function sayAge(freshness: Freshness, feed: FeedState, ageMs: number): string {
  if (freshness === 'fresh') return `${FEED_WORDS[feed]} · ${formatAgo(ageMs)}`;
  const old = `data is ${formatDuration(ageMs)} old`;
  return feed === 'live' ? old : `${old} · ${FEED_WORDS[feed]}`;
}

function sayRead(isUp: boolean | null, isPartial: boolean, problem: string | null): string {
  if (isUp === null) return 'not read yet';
  if (!isUp) return `cannot be read: ${problem ?? ''}`;
  return isPartial ? `is read in part: ${problem ?? ''}` : 'is read';
}

function createChip(): ItemView<SourceChip> {
  const shape = createShape('active');
  const name = el('span', 'chip-name');
  const age = el('span', 'chip-age');
  const element = el('li', 'chip', shape, name, age);
  return {
    element,
    update(chip) {
      const { source, isUp, isPartial, ageMs, problem, target } = chip;
      setShape(shape, chipStatus(chip));
      setClass(element, `chip is-${isUp === false ? 'down' : 'up'}`);
      setText(name, source);
      setText(age, isUp === null ? 'not read yet' : ageMs === null ? 'never read' : formatDuration(ageMs));
      setAttribute(element, 'title', `${target}${problem ? `: ${problem}` : ''}`);
      const state = sayRead(isUp, isPartial, problem);
      setAttribute(element, 'aria-label', `${source} ${state}`);
    },
  };
}
