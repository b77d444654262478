/** The last hour of a queue's waiting messages as a small line, with its words for who cannot see it. */

import type uPlot from 'uplot';
import { formatCount, formatDuration } from '../picture/format.js';
import { el, setAttribute, setHidden } from './dom.js';

declare global {
  interface Window {
    /** Its own script, which is loaded before this one, puts it there. */
    readonly uPlot?: typeof uPlot;
  }
}

export interface Sparkline {
  readonly element: HTMLElement;
  /** `times` in Unix milliseconds, as long as `values`. */
  update(times: readonly number[], values: readonly (number | null)[], isBad: boolean): void;
}

const WIDTH = 132;
const HEIGHT = 34;

export function createSparkline(): Sparkline {
  const element = el('div', 'spark');
  element.setAttribute('role', 'img');
  let plot: uPlot | undefined;
  let drawn = '';
  let styledAs = '';

  function draw(data: uPlot.AlignedData, isBad: boolean): void {
    const style = `${isBad}${matchMedia('(prefers-color-scheme: dark)').matches}`;
    if (plot && style === styledAs) {
      plot.setData(data);
      return;
    }
    plot?.destroy();
    styledAs = style;
    plot = window.uPlot && new window.uPlot(optionsFor(element, isBad), data, element);
  }

  return {
    element,
    update(times, values, isBad) {
      const known = values.filter((value) => value !== null);
      setHidden(element, known.length < 2);
      if (known.length < 2) return;
      const key = `${times.at(-1)} ${values.length} ${known.at(-1)} ${isBad} ${matchMedia('(prefers-color-scheme: dark)').matches}`;
      if (key === drawn) return;
      drawn = key;
      const from = values.findIndex((value) => value !== null);
      draw([times.slice(from).map((atMs) => atMs / 1000), values.slice(from)], isBad);
      const [first, last] = [
        values.findIndex((value) => value !== null),
        values.findLastIndex((value) => value !== null),
      ];
      const lastsMs = (times[last] ?? 0) - (times[first] ?? 0);
      const words = `${formatCount(known[0] ?? 0)} to ${formatCount(known.at(-1) ?? 0)}`;
      const label = `waiting in the last ${formatDuration(lastsMs)}: ${words}, at most ${formatCount(Math.max(...known))}`;
      setAttribute(element, 'aria-label', label);
      setAttribute(element, 'title', label);
    },
  };
}

function optionsFor(element: HTMLElement, isBad: boolean): uPlot.Options {
  const style = getComputedStyle(element);
  const stroke = style.getPropertyValue(isBad ? '--warning' : '--muted').trim();
  return {
    width: WIDTH,
    height: HEIGHT,
    padding: [3, 2, 2, 0],
    legend: { show: false },
    cursor: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: {
      // What there is fills it, from the first reading to the last; the words beside it say how long that is.
      x: { time: false },
      y: { range: (_plot, _min, max) => [0, Math.max(max, 1)] },
    },
    series: [{}, { stroke, fill: `${stroke}2e`, width: 1.5, spanGaps: false, points: { show: false } }],
  };
}
