import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { FINDING_KINDS, FINDING_SEVERITIES } from '../../../src/detectors/finding.js';
import { ORCHESTRATOR_STATUSES, WORKER_STATUSES } from '../../../src/detectors/verdicts.js';
import {
  kindPhrase,
  SEVERITY_LOOKS,
  STATUS_LOOKS,
  severityName,
  statusName,
} from '../../../src/views/picture/vocabulary.js';

const WHITE = '#ffffff';
const NEAR_BLACK = '#14181f';

/** Relative luminance as WCAG 2 defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

describe('the vocabulary', () => {
  it('has every status of workers and orchestrators, and every severity', () => {
    for (const status of [...WORKER_STATUSES, ...ORCHESTRATOR_STATUSES])
      assert.equal(statusName(status), status);
    for (const severity of Object.values(FINDING_SEVERITIES)) assert.equal(severityName(severity), severity);
  });

  it('has a phrase for every kind of finding, and spells out kinds of a newer daemon', () => {
    for (const kind of FINDING_KINDS)
      assert.notEqual(kindPhrase(kind), kindPhrase(`${kind}X`).slice(0, -2), kind);
    assert.equal(kindPhrase('NewKindOfThing'), 'new kind of thing');
  });

  it('takes what it does not know for unknown, and an unknown severity for a warning', () => {
    for (const text of ['sleeping', 'toString', '', null, undefined])
      assert.equal(statusName(text), 'unknown');
    assert.equal(severityName('fatal'), 'warning');
  });

  it('tells statuses and severities apart by shape alone, in ASCII too', () => {
    for (const looks of [Object.values(STATUS_LOOKS), Object.values(SEVERITY_LOOKS)]) {
      assert.equal(new Set(looks.map(({ shape }) => shape)).size, looks.length);
      assert.equal(new Set(looks.map(({ ascii }) => ascii)).size, looks.length);
      for (const { ascii } of looks) assert.match(ascii, /^[!-~]$/);
    }
  });

  it('has colours with a contrast of 4.5 at least in both themes', () => {
    for (const { word, light, dark } of [...Object.values(STATUS_LOOKS), ...Object.values(SEVERITY_LOOKS)]) {
      assert.ok(contrast(light, WHITE) >= 4.5, `${word} ${light} on white: ${contrast(light, WHITE)}`);
      assert.ok(contrast(dark, NEAR_BLACK) >= 4.5, `${word} ${dark}: ${contrast(dark, NEAR_BLACK)}`);
    }
  });
});

describe('the picture', () => {
  it('can be served to a browser: it imports its own folder, and of lib only what the page is served', () => {
    const folder = 'src/views/picture';
    for (const file of readdirSync(folder)) {
      const text = readFileSync(`${folder}/${file}`, 'utf8');
      for (const [, specifier = ''] of text.matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
        assert.match(specifier, /^(?:\.|\.\.\/\.\.\/lib)\/[\w-]+\.js$/, `${file} imports ${specifier}`);
      }
      assert.doesNotMatch(text, /\b(?:process|Buffer|console|globalThis|document\.|window\.)\b/, file);
    }
  });
});
