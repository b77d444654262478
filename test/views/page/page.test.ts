import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Browser, type OpenPage, type PageOptions, startBrowser } from '../../support/browser.js';
import { findProgram } from '../../support/machine.js';
import { type SimulatedPage, serveSimulatedPage } from '../../support/simulated-page.js';

const isMissing = findProgram('chromium') === undefined && 'chromium is not installed';

describe('the page in a browser', { skip: isMissing }, () => {
  let served: SimulatedPage;
  let browser: Browser;

  before(async () => {
    served = await serveSimulatedPage({ seed: 3, faults: [{ kind: 'hang', atMinute: 20 }] });
    await served.pass(32 * 60);
    browser = await startBrowser();
  });
  after(async () => {
    await browser.close();
    await served.stop();
  });

  async function open(hash = '', options: PageOptions = {}): Promise<OpenPage> {
    const opened = await browser.open(`${served.url}/${hash}`, options);
    await opened.page.locator('body:not(.is-empty)').waitFor();
    return opened;
  }

  const stuck = (): string => {
    const found = served.simulation.truth.find(({ kind }) => kind === 'hang');
    return found?.container ?? '';
  };

  it('says what is wrong, why and what to type, and complains of nothing', async () => {
    const { page, complaints } = await open();
    assert.match(
      (await page.locator('h1').textContent()) ?? '',
      new RegExp(`^1 problem: ${stuck()} stuck for \\d+m`),
    );
    const problem = page.locator('.problem').first();
    assert.match((await problem.textContent()) ?? '', /critical · WorkerStuck/);
    assert.match(
      (await problem.locator('.command code').first().textContent()) ?? '',
      /^docker logs --tail 200 /,
    );
    assert.equal(await page.locator('.tile').count(), 58);
    assert.equal(await page.locator('.tile.is-stuck').count(), 1);
    assert.equal(await page.locator('.stage').count(), 10);
    assert.ok((await page.locator('.spark canvas').count()) >= 10, 'sparklines are drawn');
    assert.deepEqual(complaints, []);
    await page.close();
  });
});
