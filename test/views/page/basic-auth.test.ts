import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashSync } from 'bcryptjs';
import { OPEN_ACCESS } from '../../../src/config/read-web-file.js';
import { systemClock } from '../../../src/lib/clock.js';
import { createDoor } from '../../../src/views/door/door.js';
import { startBrowser } from '../../support/browser.js';
import { findProgram } from '../../support/machine.js';
import { OPEN_SETTINGS } from '../../support/open-door.js';
import { serveSimulatedPage } from '../../support/simulated-page.js';
import { waitFor } from '../../support/wait-for.js';

const TOKEN = 'sesame';
const CREDENTIALS = { username: 'ann', password: 'secret' };
const isMissing = findProgram('chromium') === undefined && 'chromium is not installed';

describe('the page behind basic authentication', { skip: isMissing }, () => {
  it('opens with user and password, stays live by its stream of events, and acts with the token beside them', async (test) => {
    let unauthorized = 0;
    const access = { ...OPEN_ACCESS, users: new Map([['ann', hashSync('secret', 4)]]) };
    const door = createDoor({
      settings: () => ({ ...OPEN_SETTINGS, bearerToken: TOKEN, access }),
      clock: systemClock,
      onUnauthorized: () => void unauthorized++,
      onForeignHost: () => undefined,
    });
    const served = await serveSimulatedPage({ seed: 3, token: TOKEN, more: { door } });
    test.after(() => served.stop());
    await served.pass(60);
    const browser = await startBrowser({ credentials: CREDENTIALS });
    test.after(() => browser.close());
    const asked: string[] = [];
    const { page, complaints } = await browser.open('about:blank');
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(served.url);
    await page.locator('body:not(.is-empty)').waitFor();
    await served.pass(60);
    await waitFor('the page to be live', async () =>
      (await page.locator('#age').textContent())?.startsWith('live · '),
    );
    assert.ok(asked.includes('/api/v1/events'));
    assert.ok(!asked.includes('/api/v1/picture'), 'it asks again and again for want of events');
    const right = await page.evaluate<number>(showing(TOKEN));
    const wrong = await page.evaluate<number>(showing('guess'));
    assert.deepEqual([right, wrong], [200, 401]);
    const errors = complaints.filter((complaint) => !complaint.includes('401'));
    assert.deepEqual(errors, []);
    assert.ok(unauthorized >= 1);
  });

  it('shows nothing to a browser without them', async (test) => {
    const access = { ...OPEN_ACCESS, users: new Map([['ann', hashSync('secret', 4)]]) };
    const door = createDoor({
      settings: () => ({ ...OPEN_SETTINGS, access }),
      clock: systemClock,
      onUnauthorized: () => undefined,
      onForeignHost: () => undefined,
    });
    const served = await serveSimulatedPage({ more: { door } });
    test.after(() => served.stop());
    for (const path of ['/', '/api/v1/events', '/api/v1/picture', '/page/main.js', '/metrics']) {
      const answer = await fetch(`${served.url}${path}`);
      assert.equal(answer.status, 401, path);
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic /);
      assert.doesNotMatch(await answer.text(), /worker/);
    }
  });
});

/** As the page shows the token: beside what the browser shows of itself. */
function showing(token: string): string {
  const options = { method: 'POST', headers: { 'x-stagewatch-token': token }, body: '{}' };
  return `fetch('/api/v1/token', ${JSON.stringify(options)}).then(({ status }) => status)`;
}
