/** The last hour of a queue's waiting messages as a small line, with its words for who cannot see it. */

import type uPlot from 'uplot';
import { formatCount } from '../picture/format.js';
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
const HOUR_SECONDS = 3600;

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
      draw([times.map((atMs) => atMs / 1000), [...values]], isBad);
      const words = `${formatCount(known[0] ?? 0)} to ${formatCount(known.at(-1) ?? 0)}`;
      setAttribute(
        element,
        'aria-label',
        `waiting in the last hour: ${words}, at most ${formatCount(Math.max(...known))}`,
      );
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
      // Always the whole hour, so that a short history looks short.
      x: { time: false, range: (_plot, _min, max) => [max - HOUR_SECONDS, max] },
      y: { range: (_plot, _min, max) => [0, Math.max(max, 4)] },
    },
    series: [{}, { stroke, fill: `${stroke}2e`, width: 1.5, spanGaps: false, points: { show: false } }],
  };
}
