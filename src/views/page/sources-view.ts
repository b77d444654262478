/** How each source and each piece of infrastructure fares, as tables. */

import { brokerWords } from '../picture/broker-view.js';
import { formatAgo, formatDuration } from '../picture/format.js';
import { chipStatus, type InfrastructureView, type SourceChip } from '../picture/surroundings.js';
import { STATUS_LOOKS } from '../picture/vocabulary.js';
import { byId, el, setHidden, setText } from './dom.js';
import { createKeyedList, type ItemView } from './keyed-list.js';
import { createShape, setShape } from './shapes.js';
import type { View } from './shown.js';

export function createSourcesView(): View {
  const infrastructure = el('ul', 'infrastructure');
  const rows = el('ul', 'source-rows');
  const gaps = el('p', 'recovery-mode');
  const recovery = el('p', 'recovery-mode');
  byId('surroundings').replaceChildren(infrastructure, rows, gaps, recovery);
  const pieces = createKeyedList({
    parent: infrastructure,
    keyOf: ({ title, container }: InfrastructureView) => container ?? title,
    create: createPiece,
  });
  const sources = createKeyedList({
    parent: rows,
    keyOf: ({ source }: SourceChip) => source,
    create: createSource,
  });
  return {
    update({ picture }) {
      pieces.update(picture.infrastructure);
      sources.update(picture.sources);
      setHidden(gaps, picture.gaps.text === null);
      setText(gaps, picture.gaps.text ?? '');
      setHidden(recovery, picture.recovery === null);
      const text = picture.recovery?.text ?? '';
      setText(recovery, text === '' ? '' : `Recovery: ${text}.`);
    },
  };
}

function createPiece(): ItemView<InfrastructureView> {
  const shape = createShape('unknown');
  const name = el('strong');
  const text = el('span');
  return {
    element: el('li', 'surrounding', shape, name, text),
    update({ title, status, detail, uptimeMs, downForMs, broker }) {
      setShape(shape, status);
      setText(name, title);
      const since =
        uptimeMs !== null
          ? `up ${formatDuration(uptimeMs)}`
          : downForMs !== null
            ? `down for ${formatDuration(downForMs)}`
            : detail;
      const messages = broker
        ? `${brokerWords(broker)}${broker.alarms.length > 0 ? `, alarm: ${broker.alarms.join(', ')}` : ''}`
        : '';
      const word = status === 'active' ? '' : `${STATUS_LOOKS[status].word} (${detail})`;
      setText(text, [word, since, messages].filter((part) => part !== '').join(' · '));
    },
  };
}

function createSource(): ItemView<SourceChip> {
  const shape = createShape('unknown');
  const name = el('strong');
  const text = el('span');
  return {
    element: el('li', 'surrounding', shape, name, text),
    update(chip) {
      const { source, target, ageMs, problem, warning } = chip;
      setShape(shape, chipStatus(chip));
      setText(name, source);
      const read = ageMs === null ? 'never read' : `read ${formatAgo(ageMs)}`;
      const told = [problem, warning].filter(Boolean).join('; ');
      setText(text, [told || read, told ? read : '', target].filter((part) => part !== '').join(' · '));
    },
  };
}
