/** Draws a chart as SVG without script or inline style: lines over time, a grid, a legend. */

import { escapeHtml } from '../lib/escape-html.js';
import type { Chart } from './report-shape.js';
import type { SeriesPoint, TimeRange } from './run-facts.js';
import { sayCount } from './words.js';

const WIDTH = 880;
const HEIGHT = 240;
const LEFT = 56;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 28;
const LEGEND_HEIGHT = 22;
const ROWS = 4;
const COLUMNS = 6;

export function drawChart({ description, lines }: Chart, range: TimeRange): string {
  const top = niceTop(Math.max(0, ...lines.flatMap(({ points }) => points.map(({ value }) => value ?? 0))));
  const hasLegend = lines.length > 1;
  const height = HEIGHT + (hasLegend ? LEGEND_HEIGHT : 0);
  const x = (atMs: number): number =>
    LEFT + ((atMs - range.fromMs) / Math.max(1, range.toMs - range.fromMs)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const parts = [
    ...gridLines(top, y),
    ...timeLabels(range, x),
    ...lines.map(({ points }, index) => `<path class="line s${index}" d="${pathOf(points, x, y)}"/>`),
    ...(hasLegend ? legend(lines.map(({ name }) => name)) : []),
  ];
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(description)}">${parts.join('')}</svg>`;
}

function gridLines(top: number, y: (value: number) => number): readonly string[] {
  return Array.from({ length: ROWS + 1 }, (_, row) => {
    const value = (top * row) / ROWS;
    const at = y(value).toFixed(1);
    const label = top < ROWS ? value.toFixed(2).replace(/\.?0+$/, '') : sayCount(value);
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/><text class="axis" x="${LEFT - 8}" y="${at}" dy="4" text-anchor="end">${label}</text>`;
  });
}

function timeLabels({ fromMs, toMs }: TimeRange, x: (atMs: number) => number): readonly string[] {
  const isLong = toMs - fromMs > 36 * 3_600_000;
  return Array.from({ length: COLUMNS + 1 }, (_, column) => {
    const atMs = fromMs + ((toMs - fromMs) * column) / COLUMNS;
    const iso = new Date(atMs).toISOString();
    const label = isLong ? `${iso.slice(5, 10)} ${iso.slice(11, 16)}` : iso.slice(11, 16);
    const anchor = column === 0 ? 'start' : column === COLUMNS ? 'end' : 'middle';
    return `<text class="axis" x="${x(atMs).toFixed(1)}" y="${HEIGHT - 8}" text-anchor="${anchor}">${label}</text>`;
  });
}

/** A gap where nothing is known. */
function pathOf(
  points: readonly SeriesPoint[],
  x: (atMs: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let isDown = false;
  for (const { atMs, value } of points) {
    if (value === null) {
      isDown = false;
      continue;
    }
    path += `${isDown ? 'L' : 'M'}${x(atMs).toFixed(1)} ${y(value).toFixed(1)}`;
    isDown = true;
  }
  return path;
}

function legend(names: readonly string[]): readonly string[] {
  const step = (WIDTH - LEFT - RIGHT) / names.length;
  return names.map((name, index) => {
    const at = LEFT + index * step;
    const middle = HEIGHT + LEGEND_HEIGHT / 2;
    return `<line class="line s${index}" x1="${at.toFixed(1)}" x2="${(at + 18).toFixed(1)}" y1="${middle}" y2="${middle}"/><text class="axis" x="${(at + 24).toFixed(1)}" y="${middle}" dy="4">${escapeHtml(name)}</text>`;
  });
}

/** The next of 1, 2, 4, 5, 8 and 10 times a power of ten. */
function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const nice = [1, 2, 4, 5, 8, 10].find((one) => one * power >= value) ?? 10;
  return nice * power;
}
