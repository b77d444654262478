/** One problem: its line, and below it the evidence, commands, consequences and what can be done from here. */

import type { Problem } from '../picture/problems.js';
import { createCommand } from './copy-button.js';
import { button, el, setAttribute, setClass, setHidden, setText } from './dom.js';
import { createKeyedList, type ItemView } from './keyed-list.js';
import { createShape, setShape } from './shapes.js';
import type { PageContext, Shown } from './shown.js';
import { silenceOf } from './silences.js';

export interface ProblemItem {
  readonly problem: Problem;
  readonly shown: Shown;
}

export interface ProblemView extends ItemView<ProblemItem> {
  open(): void;
}

export function createProblem(context: PageContext): ProblemView {
  const shape = createShape('warning');
  const who = el('strong', 'who');
  const phrase = el('span', 'phrase');
  const where = el('span', 'where');
  const kind = el('span', 'kind');
  const first = el('span', 'first-evidence');
  const title = el('span', 'problem-title', shape, who, phrase, where);
  const summary = el('summary', '', title, kind, first);
  const evidence = el('ul', 'evidence');
  const recovery = el('p', 'recovery');
  const silence = el('p', 'silence');
  const commands = el('div', 'commands');
  const consequences = el('ul', 'consequences');
  const under = el('div', 'under', el('h4', '', 'Follows from it'), consequences);
  const links = el('div', 'links');
  const body = el(
    'div',
    'problem-body',
    el('div', 'why', evidence, recovery, silence, under),
    commands,
    links,
  );
  const details = el('details', '', summary, body);
  const element = el('li', 'problem', details);
  const evidenceList = createTextList(evidence);
  const commandList = createKeyedList({
    parent: commands,
    keyOf: ({ text }: Problem['commands'][number]) => text,
    create: ({ text, purpose }) => ({ element: createCommand(text, purpose), update: () => undefined }),
  });
  const consequenceList = createKeyedList({
    parent: consequences,
    keyOf: ({ id }: Problem) => id,
    create: createConsequence,
  });
  let current: ProblemItem | undefined;
  links.append(
    button('link', 'Link to this', () => current && context.select({ finding: current.problem.id })),
  );
  const showWorker = button('link', 'Show the worker', () => {
    const container = current?.problem.container;
    if (container) context.select({ worker: container, finding: null });
  });
  const restart = button('act', 'Restart…', () => {
    const container = current?.problem.container;
    if (container) context.actions.restart(container);
  });
  const mute = button('act', 'Silence…', () => {
    if (current) context.actions.silence(current.problem);
  });
  links.append(showWorker, restart, mute);

  return {
    element,
    open() {
      details.open = true;
    },
    update(item) {
      const isNew = current === undefined;
      current = item;
      const { problem, shown } = item;
      if (isNew) details.open = shown.picture.problems.indexOf(problem) < OPEN_AT_FIRST;
      setClass(
        element,
        `problem is-${problem.severity}${problem.id === shown.selection.finding ? ' is-selected' : ''}`,
      );
      setShape(shape, problem.severity);
      setText(who, problem.who);
      setText(phrase, `${problem.phrase}${problem.howLong}`);
      setText(where, problem.where === null ? '' : `at ${problem.where}`);
      setText(
        kind,
        `${problem.severity} · ${problem.kind}${problem.doubt === null ? '' : ` · ${problem.doubt}`}`,
      );
      setAttribute(
        kind,
        'title',
        problem.sinceMs === null ? null : `since ${new Date(problem.sinceMs).toISOString()}`,
      );
      setText(first, problem.summary);
      evidenceList.update([
        ...problem.evidence,
        ...(problem.clearsWhen ? [`Clears when: ${problem.clearsWhen}`] : []),
      ]);
      const told = problem.recovery;
      setHidden(recovery, told === null);
      setText(recovery, told ? `Recovery: ${told.text}` : '');
      const silenced = silenceOf(problem, shown.page.silences ?? []);
      setHidden(silence, silenced === null);
      setText(silence, silenced ?? '');
      commandList.update(problem.commands);
      setHidden(under, problem.consequences.length === 0);
      consequenceList.update(problem.consequences);
      const isWorker = shown.picture.workers.some(({ container }) => container === problem.container);
      setHidden(showWorker, !isWorker);
      setHidden(restart, !(shown.hasToken && shown.page.recovery && isWorker));
      setHidden(mute, !(shown.hasToken && shown.page.silences));
    },
  };
}

/** The others show their line and their summary. */
const OPEN_AT_FIRST = 2;

function createTextList(parent: Element) {
  return createKeyedList({
    parent,
    keyOf: (text: string) => text,
    create: (text): ItemView<string> => ({ element: el('li', '', text), update: () => undefined }),
  });
}

function createConsequence(): ItemView<Problem> {
  const shape = createShape('warning');
  const text = el('span');
  return {
    element: el('li', '', shape, text),
    update(problem) {
      setShape(shape, problem.severity);
      setText(text, `${problem.who} ${problem.phrase}${problem.howLong}`);
    },
  };
}
