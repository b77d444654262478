/** What a click on Silence does: nothing without the right token, and with it people are left in peace. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createSilences, type Silences } from '../../../src/alerting/silences.js';
import type { AlertingView } from '../../../src/views/silence-routes.js';
import { type Browser, startBrowser } from '../../support/browser.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { findProgram } from '../../support/machine.js';
import { type SimulatedPage, serveSimulatedPage } from '../../support/simulated-page.js';

const isMissing = findProgram('chromium') === undefined && 'chromium is not installed';

function startSilences(atMs: number): Silences {
  return createSilences({
    section: { load: () => null, save: () => undefined },
    journal: { append: () => undefined },
    clock: createFakeClock(atMs),
  });
}

describe('the button that silences', { skip: isMissing }, () => {
  let served: SimulatedPage;
  let browser: Browser;
  const silences = startSilences(1_763_900_000_000 + 32 * 60_000);

  before(async () => {
    served = await serveSimulatedPage({
      seed: 3,
      faults: [{ kind: 'hang', atMinute: 20 }],
      token: 'sesame',
      more: { alerting: { silences } as unknown as AlertingView },
    });
    await served.pass(32 * 60);
    browser = await startBrowser();
  });
  after(async () => {
    await browser.close();
    await served.stop();
  });

  it('is there with a token only, is refused with a wrong one, and shows what it did', async () => {
    const { page } = await browser.open(`${served.url}/`);
    await page.locator('body:not(.is-empty)').waitFor();
    const problem = page.locator('.problem').first();
    const silence = problem.locator('.act', { hasText: 'Silence' });
    const giveToken = async (token: string): Promise<void> => {
      await page.locator('#unlock').click();
      await page.locator('#dialog input').fill(token);
      await page.keyboard.press('Enter');
      await silence.click();
      await page.locator('#dialog input').fill('new model');
      await page.locator('.main-action').click();
    };
    assert.equal(await silence.isVisible(), false);
    assert.equal((await fetch(`${served.url}/api/v1/silences`, { method: 'POST' })).status, 401);

    await giveToken('wrong');
    await page.locator('.refusal', { hasText: 'The token was refused' }).waitFor();
    await page.locator('#dialog button').click();
    assert.deepEqual(silences.list(), []);
    assert.equal(await silence.isVisible(), false, 'a refused token is forgotten');

    await giveToken('sesame');
    await page.locator('#dialog').waitFor({ state: 'hidden' });
    const [finding] = served.verdicts().findings.values();
    assert.ok(finding?.kind === 'WorkerStuck' && silences.isSilenced(finding), 'nobody is told of it');
    assert.deepEqual(
      silences.list().map(({ matchers, by, comment }) => ({ matchers, by, comment })),
      [
        {
          matchers: { kind: 'WorkerStuck', container: finding.subject.container },
          by: 'page',
          comment: 'new model',
        },
      ],
    );
    await served.pass(5);
    await problem.locator('.silence', { hasText: /^Silenced until .* by page: new model$/ }).waitFor();
    assert.equal(await page.locator('.problem').count(), 1, 'it stays on the page');
    await page.close();
  });
});
