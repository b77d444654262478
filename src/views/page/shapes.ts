/** Draws the shape of each status and severity, the same on every system whatever fonts it has. */

import type { SeverityName, StatusName } from '../picture/vocabulary.js';
import { setAttribute, setClass } from './dom.js';

export type ShapeName = StatusName | SeverityName;

const disc = (radius: number, x = 8, y = 8): string =>
  `M${x - radius} ${y}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0z`;
const RING = disc(6.5) + disc(4.6);
const DOTS = Array.from({ length: 8 }, (_, index) => {
  const angle = (index / 8) * 2 * Math.PI;
  const round = (value: number): number => Math.round(value * 10) / 10;
  return disc(1.3, round(8 + 5.4 * Math.cos(angle)), round(8 + 5.4 * Math.sin(angle)));
}).join('');

/** One path each in a box of 16, filled by the even-odd rule: a disc within a disc is a ring. */
const PATHS: Readonly<Record<ShapeName, string>> = {
  active: disc(5.2),
  idle: RING,
  starting: DOTS,
  waiting: `${RING}M5 5h1.6v6h-1.6zM7.3 4.2h1.5v7.6h-1.5zM9.5 5h1.6v6h-1.6z`,
  done: 'M2.2 8.4l1.7-1.7 2.8 2.8 5.6-6 1.7 1.7-7.3 7.8z',
  slow: `${RING}M8 3.4v9.2a4.6 4.6 0 0 1 0-9.2z`,
  starved: RING + disc(2),
  stuck: 'M2 4.1l2.1-2.1 3.9 3.9 3.9-3.9 2.1 2.1-3.9 3.9 3.9 3.9-2.1 2.1-3.9-3.9-3.9 3.9-2.1-2.1 3.9-3.9z',
  down: 'M2.5 2.5h11v11h-11z',
  unknown:
    'M4.6 5.8c0-2.2 1.5-3.6 3.6-3.6s3.5 1.3 3.5 3.100c0 2.7-2.7 2.6-2.7 4.700h-1.900c0-3.1 2.5-3.1 2.5-4.6 0-.8-.6-1.3-1.5-1.3-.9 0-1.5.6-1.5 1.700zM7 11.400h2.100v2.200h-2.100z',
  critical: 'M8 1.800l7 12.400h-14z',
  warning: 'M8 1l7 7-7 7-7-7z',
  info: 'M4.5 4.500h7v7h-7z',
};

const SVG = 'http://www.w3.org/2000/svg';

/** Decorative: the word beside it, or the name of what it stands in, says the same. */
export function createShape(name: ShapeName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS(SVG, 'path'));
  setShape(svg, name);
  return svg;
}

export function setShape(svg: SVGSVGElement, name: ShapeName): void {
  setClass(svg, `shape is-${name}`);
  if (svg.firstElementChild) setAttribute(svg.firstElementChild, 'd', PATHS[name]);
}
