import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createSilences } from '../../../src/alerting/silences.js';
import type { HandAnswer, HandRequest } from '../../../src/recovery/recovery.js';
import { type Browser, type OpenPage, type PageOptions, startBrowser } from '../../support/browser.js';
import { containerFacts } from '../../support/build-fleet.js';
import { findProgram } from '../../support/machine.js';
import { NO_RECOVERY } from '../../support/no-recovery.js';
import { type SimulatedPage, serveSimulatedPage } from '../../support/simulated-page.js';
import { waitFor } from '../../support/wait-for.js';

const isMissing = findProgram('chromium') === undefined && 'chromium is not installed';

describe('the page in a browser', { skip: isMissing }, () => {
  let served: SimulatedPage;
  let browser: Browser;
  const asked: HandRequest[] = [];

  /** Of the served page's own time, which there is only once it is served. */
  const silences = createSilences({
    section: { load: () => undefined, save: () => undefined },
    journal: { append: () => undefined },
    clock: {
      nowMs: () => served.clock.nowMs(),
      monotonicMs: () => served.clock.monotonicMs(),
      after: (delayMs, task) => served.clock.after(delayMs, task),
    },
  });

  function restartByHand(request: HandRequest): Promise<HandAnswer> {
    asked.push(request);
    const text = request.isDryRun ? 'It would be restarted.' : 'It was restarted.';
    return Promise.resolve({
      plan: {
        name: request.container,
        decision: 'restart',
        reason: 'by_hand',
        cost: { runningMs: 60_000, lostMs: 60_000, text: '1m00s of work on PMC1' },
      },
      text,
      result: request.isDryRun ? 'dry_run' : 'started',
    } as unknown as HandAnswer);
  }

  before(async () => {
    served = await serveSimulatedPage({
      seed: 3,
      faults: [{ kind: 'hang', atMinute: 20 }],
      token: 'sesame',
      more: {
        recovery: { ...NO_RECOVERY, restartByHand },
        alerting: { silences, standings: [], outbox: [], channels: new Map() },
      },
    });
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

  it('shows containers that are no part of the pipeline by project, and hides them with a stage', async () => {
    const labels = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' };
    const facts = containerFacts('shop-web-1', { labels, health: 'unhealthy' });
    served.apply({ kind: 'container-inspected', atMs: served.clock.nowMs(), facts });
    await served.clock.advance(2000);
    const { page } = await open();
    const group = page.locator('.other-group');
    assert.match((await group.first().textContent()) ?? '', /shop1 slowshop-web-1running, unhealthy/);
    await page.locator('.stage-title', { hasText: 'Witnesses' }).click();
    await waitFor('no group', async () => (await group.count()) === 0);
    served.apply({ kind: 'container-vanished', id: facts.id });
    await page.close();
  });

  it('shows what changes while it is open', async () => {
    const { page, complaints } = await open();
    const documents = (): Promise<string> => page.evaluate(TILE_NAMES);
    const before = await documents();
    await served.pass(60);
    await waitFor('other jobs', async () => (await documents()) !== before);
    assert.match((await page.locator('#age').textContent()) ?? '', /^live · /);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('narrows to a stage by a click, keeps that in the address, and opens such an address so', async () => {
    const { page } = await open();
    await page.locator('.stage-title', { hasText: 'Witnesses' }).click();
    await waitFor('14 tiles', async () => (await page.locator('.tile').count()) === 14);
    assert.match(page.url(), /#stage=G3_02$/);
    await page.keyboard.press('Escape');
    await page.locator('#filter .link').click();
    await waitFor('all tiles', async () => (await page.locator('.tile').count()) === 58);
    assert.doesNotMatch(page.url(), /#/);
    await page.close();

    const linked = await open(`#worker=${stuck()}`);
    await linked.page.locator('.worker-card').waitFor();
    assert.match((await linked.page.locator('.worker-card').textContent()) ?? '', /stuck for/);
    await linked.page.close();
    const finding = await open(`#finding=WorkerStuck:${stuck()}`);
    await finding.page.locator('.problem.is-selected details[open]').waitFor();
    await finding.page.close();
  });

  it('is worked by the keyboard: one stop for all tiles, arrows among them, Enter and Escape', async () => {
    const { page } = await open();
    await page.locator('.tile').first().focus();
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.locator('.tile[tabindex="0"]').count(), 1);
    const container = await page.locator('.tile[tabindex="0"]').getAttribute('data-container');
    await page.locator('.worker-card').waitFor();
    assert.match((await page.locator('.worker-card h3').textContent()) ?? '', new RegExp(`^${container}$`));
    await page.keyboard.press('Enter');
    await waitFor('the address', () => page.url().endsWith(`#worker=${container}`));
    await page.keyboard.press('Escape');
    await page.locator('.worker-card').waitFor({ state: 'hidden' });
    const focused = await page.locator('.tile:focus').getAttribute('data-container');
    assert.equal(focused, container, 'the focus stays where it was');
    await page.close();
  });

  it('joins the cards of a branch that follow each other in the DAG, and no others', async () => {
    const { page } = await open('', { width: 700 });
    const joined = await page.locator('.stage.is-joined .stage-id').allTextContents();
    assert.deepEqual(joined, ['G2_01', 'G9_02', 'G3_02', 'G5_02']);
    const stubs = await page.evaluate(`[...document.querySelectorAll('.stage.is-joined')].filter((card) => {
      const row = card.parentElement.getBoundingClientRect();
      const before = card.previousElementSibling?.getBoundingClientRect();
      const isAlone = card.getBoundingClientRect().left - row.left < 1;
      return before === undefined || (isAlone && getComputedStyle(card.parentElement).overflowX !== 'clip');
    }).length`);
    assert.equal(stubs, 0);
    await page.close();
  });

  it('restarts with a token after showing the cost, and not without one', async () => {
    const { page } = await open(`#worker=${stuck()}`);
    const restart = page.locator('.worker-card .act');
    await page.locator('.worker-card').waitFor();
    assert.equal(await restart.isVisible(), false);
    await page.locator('#unlock').click();
    await page.locator('#dialog input').fill('wrong');
    await page.keyboard.press('Enter');
    await page.locator('.refusal', { hasText: 'The token was refused' }).waitFor();
    assert.equal(await restart.isVisible(), false, 'a wrong token allows nothing');
    assert.deepEqual(asked, []);

    await page.locator('#dialog input').fill('sesame');
    await page.keyboard.press('Enter');
    await restart.click();
    await page.locator('.cost', { hasText: '1m00s of work on PMC1' }).waitFor();
    const now = page.locator('#dialog .now', { hasText: /^Now: ✖ stuck for / });
    await now.waitFor();
    const before = await now.textContent();
    await served.pass(65);
    await waitFor('the dialog to go on', async () => (await now.textContent()) !== before);
    assert.deepEqual(
      asked.map(({ container, isDryRun }) => [container, isDryRun]),
      [[stuck(), true]],
    );
    await page.locator('.main-action').click();
    await page.locator('.result', { hasText: 'started' }).waitFor();
    assert.deepEqual(
      asked.map(({ isDryRun, isForced }) => [isDryRun, isForced]),
      [
        [true, false],
        [false, false],
      ],
    );
    assert.equal(await page.evaluate('localStorage.length'), 0, 'the token stays in this tab');
    await page.close();
  });

  it('silences a problem with a token, says so beside it, and not without one', async () => {
    const { page } = await open();
    const problem = page.locator('.problem', { hasText: stuck() }).first();
    const mute = problem.getByRole('button', { name: 'Silence…' });
    assert.equal(await mute.isVisible(), false);
    await page.locator('#unlock').click();
    await page.locator('#dialog input').fill('sesame');
    await page.keyboard.press('Enter');
    await mute.click();
    await page.locator('#dialog select').selectOption('8h');
    await page.locator('#dialog input').fill('a new disk comes');
    await page.locator('#dialog').getByRole('button', { name: 'Silence' }).click();
    await waitFor('the silence', () => silences.list().length === 1);
    await served.pass(5);
    await problem.locator('.silence', { hasText: /^Silenced until .* by page: a new disk comes$/ }).waitFor();
    const [silence] = silences.list();
    assert.deepEqual(silence?.matchers, { kind: 'WorkerStuck', container: stuck() });
    assert.equal((silence?.endsAtMs ?? 0) - (silence?.startsAtMs ?? 0), 8 * 3_600_000);
    await page.close();
  });

  it('answers a new silence with how many open findings it keeps quiet', async () => {
    const ask = async (container: string) => {
      const response = await fetch(`${served.url}/api/v1/silences`, {
        method: 'POST',
        headers: { authorization: 'Bearer sesame', 'content-type': 'application/json' },
        body: JSON.stringify({ matchers: { kind: 'WorkerStuck', container }, duration: '1h' }),
      });
      return ((await response.json()) as { data: { fitsOpen: number } }).data.fitsOpen;
    };
    assert.equal(await ask(stuck()), 1);
    assert.equal(await ask('nobody-is-called-so'), 0);
  });

  it('keeps old data with its age while the daemon is away, and comes back by itself', async () => {
    const { page } = await open();
    await waitFor('the stream', async () =>
      ((await page.locator('#age').textContent()) ?? '').startsWith('live'),
    );
    await served.stop();
    const age = page.locator('#age.is-aging');
    await age.waitFor({ timeout: 30_000 });
    assert.match((await age.textContent()) ?? '', /^data is .* old · stagewatch does not answer$/);
    assert.equal(await page.locator('.tile').count(), 58);
    await served.start();
    await page.locator('#age.is-fresh', { hasText: 'live' }).waitFor({ timeout: 60_000 });
    await page.close();
  });

  for (const width of [1440, 900, 390]) {
    for (const scheme of ['light', 'dark'] as const) {
      it(`fits a window of ${width} in ${scheme}, with nothing cut off at the side`, async () => {
        const { page, complaints } = await open('', { width, scheme, isReduced: true });
        assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
        const isDark = await page.evaluate(
          "getComputedStyle(document.body).backgroundColor === 'rgb(13, 16, 21)'",
        );
        assert.equal(isDark, scheme === 'dark');
        const folded = await page.locator('.fold:not([open])').count();
        assert.equal(folded, width === 390 ? 6 : 0);
        assert.deepEqual(complaints, []);
        await page.close();
      });
    }
  }
});

/** Runs in the page: what each tile is called, which names its document. */
const TILE_NAMES = `[...document.querySelectorAll('.tile')].map((tile) => tile.getAttribute('aria-label')).join()`;
