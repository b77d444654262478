import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { COLOURS, renderHtml } from '../../src/alerting/email/render-html.js';
import { renderText } from '../../src/alerting/email/render-text.js';
import { findingOf, settingsWith, T0 } from '../support/alert-findings.js';
import { firstMessage, notificationsOf, outgoing } from '../support/alert-messages.js';
import { sampleMail } from '../support/sample-mail.js';

const settings = settingsWith({ timezone: 'Europe/Berlin', group_interval: '0s' });
const stuck = (number: number) =>
  findingOf('WorkerStuck', `paddle-worker-gpu1-${number}`, { beganAtMs: T0 - 432_000 + number * 1000 });

/** Subjects of all that is decided, with what is open at each minute. */
function subjects(...minutes: (readonly ReturnType<typeof findingOf>[])[]): readonly string[] {
  return notificationsOf({ settings, minutes }).map((one) => outgoing(one, { settings }).view.subject);
}

describe('the subject', () => {
  it('says it all of one', () => {
    assert.deepEqual(subjects([stuck(0)], []), [
      '[critical] WorkerStuck: paddle-worker-gpu1-0 (G3_02 Witnesses), 7m12s without progress',
      '[resolved] WorkerStuck: paddle-worker-gpu1-0 (G3_02 Witnesses), lasted 8m12s',
    ]);
  });

  it('says how many of several, who joined, and that all have ended', () => {
    assert.deepEqual(subjects([stuck(0), stuck(1)], [stuck(0), stuck(1), stuck(2)], []), [
      '[critical] WorkerStuck: 2 at G3_02 Witnesses, the first paddle-worker-gpu1-0, 7m12s without progress',
      '[critical] WorkerStuck: 1 more, 3 now: paddle-worker-gpu1-2 (G3_02 Witnesses), 7m12s without progress',
      '[resolved] WorkerStuck: all 3 at G3_02 Witnesses, lasted 9m12s',
    ]);
  });

  it('names queues, GPUs, sources and the pipeline as people do', () => {
    const cases = [
      [{ queue: 'g3_02', stage: 'G3_02' }, 'queue g3_02 (G3_02 Witnesses)'],
      [{ gpu: '1' }, 'GPU 1'],
      [{ source: 'rabbitmq' }, 'rabbitmq'],
      [{ document: 'PMC1', stage: 'X9' }, 'document PMC1 (X9)'],
      [{ stage: 'G5_00' }, 'G5_00 Tables'],
      [{}, 'the pipeline'],
    ] as const;
    for (const [subject, words] of cases) {
      const message = firstMessage([findingOf('CommonCause', 'x', { subject, summary: 'it is so' })], {
        settings,
      });
      assert.equal(message.view.subject, `[critical] CommonCause: ${words}, it is so`);
    }
  });

  it('has one line and a bounded length', () => {
    const long = findingOf('WorkerStuck', 'w'.repeat(500), { summary: `a\n${'b'.repeat(5000)}` });
    const { subject } = firstMessage([long], { settings }).view;
    assert.ok(subject.length <= 200 && !subject.includes('\n'), subject);
  });
});

describe('the text', () => {
  for (const [doubt, evidence, words] of [
    [
      'stale_source',
      ['last seen so 1m25s ago; it cannot be judged since'],
      /cannot be judged since|could not be read since/g,
    ],
    [
      'not_found',
      ['when it was last found: x', 'it clears when this has lasted 2m00s'],
      /last found|not found again/g,
    ],
    ['restart', [], /not seen since .* CET, before stagewatch was restarted: it may have changed/g],
  ] as const) {
    it(`says once that a finding is in doubt, and why: ${doubt}`, () => {
      const doubtful = { ...stuck(0), evidence, isUnconfirmed: true, doubt } as const;
      const [first] = notificationsOf({ settings, minutes: [[stuck(0)]] });
      assert.ok(first);
      const repeat = { ...first, findings: [doubtful] };
      const text = renderText(outgoing(repeat, { settings }).view);
      assert.equal(text.match(words)?.length, 1, text);
    });
  }

  it('stands in the documents as it is sent', () => {
    const text = `Subject: ${sampleMail.view.subject}\n\n${renderText(sampleMail.view)}`.trimEnd();
    const docs = readFileSync('docs/alerting.md', 'utf8');
    assert.ok(docs.includes(`\`\`\`\n${text}\n\`\`\`\n`), `docs/alerting.md does not show:\n${text}`);
  });

  it('lists the ten workers of a stage with who is new, in short', () => {
    const [, grew] = notificationsOf({ settings, minutes: [[stuck(0)], [stuck(0), stuck(1)]] });
    assert.ok(grew);
    const text = renderText(outgoing(grew, { settings }).view);
    assert.match(
      text,
      /WHO: 2\n {2}▲ paddle-worker-gpu1-0\n {4}7m12s without progress, since 13:06:08\n {2}▲ paddle-worker-gpu1-1 \(new\)/,
    );
    assert.match(text, /WHY WE SAY SO: paddle-worker-gpu1-1\n/);
  });
});

describe('the HTML', () => {
  it('has no image, no script and nothing to load', () => {
    const page = renderHtml(sampleMail.view);
    assert.doesNotMatch(page, /<img|<script|<link|url\(|@import|<iframe|<form/i);
    assert.match(page, /color-scheme" content="light dark"/);
  });

  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one: string, other: string): number => {
    const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  for (const scheme of ['light', 'dark'] as const) {
    it(`can be read in ${scheme}: contrast of at least 4.5`, () => {
      const { card, block, page, line: _line, ...inks } = COLOURS;
      for (const [name, ink] of Object.entries(inks)) {
        assert.ok(contrast(ink[scheme], card[scheme]) >= 4.5, `${name} on the card`);
      }
      assert.ok(contrast(COLOURS.text[scheme], block[scheme]) >= 4.5);
      assert.ok(contrast(COLOURS.text[scheme], page[scheme]) >= 4.5);
    });
  }
});
