/** One bar a GPU: its memory in use, by container where that is known, the free part empty. */

import {
  formatCount,
  formatDuration,
  formatGib,
  formatMemory,
  formatNumbered,
  formatShare,
} from '../picture/format.js';
import type { GpuUser, GpuView } from '../picture/surroundings.js';
import { button, byId, el, setAttribute, setClass, setHidden, setProperty, setText } from './dom.js';
import { createKeyedList, type ItemView } from './keyed-list.js';
import type { PageContext, Shown, View } from './shown.js';
import { createStrip } from './status-strip.js';

interface GpuItem {
  readonly gpu: GpuView;
  readonly shown: Shown;
}

export function createGpusView(context: PageContext): View {
  const section = byId('gpus-section');
  const list = el('ul', 'gpus');
  byId('gpus').replaceChildren(list);
  const items = createKeyedList({
    parent: list,
    keyOf: ({ gpu }: GpuItem) => `${gpu.uuid ?? ''} ${gpu.name}`,
    create: () => createGpu(context),
  });
  return {
    update(shown) {
      const { gpus } = shown.picture;
      setHidden(section, gpus.length === 0);
      items.update(gpus.map((gpu) => ({ gpu, shown })));
    },
  };
}

function createGpu(context: PageContext): ItemView<GpuItem> {
  let name = '';
  let isSelected = false;
  const title = button('gpu-title', '', () =>
    context.select({ gpu: isSelected ? null : name, groupBy: 'gpu' }),
  );
  const bar = el('div', 'bar');
  bar.setAttribute('role', 'img');
  const memory = el('span', 'gpu-memory');
  const facts = el('span', 'gpu-facts');
  const trouble = el('span', 'gpu-trouble');
  const strip = createStrip();
  const element = el('li', 'gpu', title, bar, el('div', 'gpu-line', memory, facts, trouble), strip.element);
  const segments = createSegments(bar);
  return {
    element,
    update({ gpu, shown }) {
      name = gpu.name;
      isSelected = shown.selection.gpu === gpu.name;
      const trouble_ = troubleOf(gpu);
      setClass(
        element,
        `gpu${gpu.severity ? ` has-${gpu.severity}` : ''}${gpu.isPresent ? '' : ' is-lost'}${isSelected ? ' is-selected' : ''}`,
      );
      setText(title, `GPU ${gpu.name}`);
      setAttribute(title, 'title', [gpu.model, gpu.uuid].filter((text) => text !== null).join(', '));
      setAttribute(title, 'aria-pressed', String(isSelected));
      segments(gpu);
      setText(memory, sayMemory(gpu));
      setText(facts, sayFacts(gpu));
      setText(trouble, trouble_);
      setHidden(trouble, trouble_ === '');
      setAttribute(bar, 'aria-label', `GPU ${gpu.name}: ${sayMemory(gpu)}, ${sayFacts(gpu)}`);
      strip.update(gpu.counts);
    },
  };
}

function sayMemory({ usedBytes, totalBytes }: GpuView): string {
  if (usedBytes === null) return 'memory not known';
  return totalBytes === null ? formatGib(usedBytes) : formatMemory(usedBytes, totalBytes);
}

function sayFacts({ utilization, temperature, powerWatts }: GpuView): string {
  return [
    utilization === null ? '' : `${formatShare(utilization)} busy`,
    temperature === null ? '' : `${Math.round(temperature)} °C`,
    powerWatts === null ? '' : `${formatCount(powerWatts)} W`,
  ]
    .filter((text) => text !== '')
    .join(' · ');
}

function troubleOf({ isPresent, lostForMs, xids }: GpuView): string {
  if (!isPresent) return `gone${lostForMs === null ? '' : ` for ${formatDuration(lostForMs)}`}`;
  return xids.map(({ xid, count }) => `XID ${xid} ×${count}`).join(', ');
}

interface Segment {
  readonly key: string;
  readonly share: number;
  readonly title: string;
  readonly className: string;
}

function createSegments(bar: HTMLElement): (gpu: GpuView) => void {
  const list = createKeyedList({
    parent: bar,
    keyOf: ({ key }: Segment) => key,
    create: (): ItemView<Segment> => {
      const element = el('span');
      return {
        element,
        update({ share, title, className }) {
          setClass(element, className);
          setProperty(element, 'flex-basis', `${(share * 100).toFixed(2)}%`);
          setAttribute(element, 'title', title);
        },
      };
    },
  });
  return (gpu) => list.update(segmentsOf(gpu));
}

/** What the containers are not known to hold is one segment; where nothing tells who holds what, the whole is. */
function segmentsOf({ usedBytes, totalBytes, containers }: GpuView): readonly Segment[] {
  if (usedBytes === null || !totalBytes) return [];
  const known = containers.filter(
    (user): user is GpuUser & { memoryBytes: number } => user.memoryBytes !== null,
  );
  const rest = usedBytes - known.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const shared =
    known.length === 0 ? `shared by ${formatNumbered(containers.length, 'container')}` : 'others';
  return [
    ...known.map(({ container, stage, status, memoryBytes }) => ({
      key: container,
      share: memoryBytes / totalBytes,
      title: `${container}${stage ? ` (${stage})` : ''}: ${formatGib(memoryBytes)}`,
      className: `segment is-${status}`,
    })),
    ...(rest > 0
      ? [
          {
            key: ' rest',
            share: rest / totalBytes,
            title: `${formatGib(rest)} ${shared}`,
            className: `segment ${rest / totalBytes > 0.95 ? 'is-full' : 'is-shared'}`,
          },
        ]
      : []),
  ];
}
