import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_MEMORY, readMemory } from '../../src/alerting/alert-memory.js';
import { currentTargets, targetsOf } from '../../src/alerting/alert-target.js';
import { createAlerting } from '../../src/alerting/alerting.js';
import { CHANNEL_KINDS, createChannel, MESSAGE_CHANNELS } from '../../src/alerting/all-channels.js';
import { describeTargets } from '../../src/alerting/test-notification.js';
import { configSchema } from '../../src/config/schema.js';
import { systemClock } from '../../src/lib/clock.js';
import { createLogger } from '../../src/lib/logger.js';

const ALERTS = {
  email: { smtp_url: 'smtp://127.0.0.1:1', from: 'stagewatch@example.com', to: ['ops@example.com'] },
  webhook: { url: 'http://127.0.0.1:1/' },
};
const ON = configSchema.parse({ alerts: ALERTS });
const OFF = configSchema.parse({});
const FINDING = { kind: 'WorkerStuck', severity: 'critical', subject: {} } as const;

describe('each channel that is told in messages', () => {
  for (const name of MESSAGE_CHANNELS) {
    it(`${name}: is told of a finding where it is configured, and by a route that names it`, () => {
      assert.ok(targetsOf(FINDING, ON).some(({ channel }) => channel === name));
      assert.ok(!targetsOf(FINDING, OFF).some(({ channel }) => channel === name));
      const routed = configSchema.parse({ alerts: { ...ALERTS, routes: [{ channels: [name] }] } });
      assert.deepEqual(
        targetsOf(FINDING, routed).map(({ channel }) => channel),
        [name],
      );
    });

    it(`${name}: keeps what it has not sent over a restart of the daemon`, () => {
      const target = currentTargets(ON).find(({ channel }) => channel === name);
      const notification = {
        ...{ id: 'a', threadId: 'a', group: 'a', kind: 'WorkerStuck', target, createdAtMs: 1 },
        ...{ findings: [], newIds: [], ended: [], consequences: [] },
      };
      const saved: unknown = JSON.parse(JSON.stringify({ ...NO_MEMORY, outbox: [notification] }));
      assert.deepEqual(readMemory(saved).outbox, [notification]);
    });

    it(`${name}: has counts, health and a test by hand`, async () => {
      const alerting = createAlerting({
        settings: ON,
        state: {
          section: () => ({
            load: () => undefined,
            save: () => undefined,
            note: () => undefined,
            loadNotes: () => [],
          }),
          flush: () => Promise.resolve(true),
        },
        journal: { append: () => undefined, newest: () => [] },
        clock: systemClock,
        log: createLogger({ level: 'silent', format: 'json', write: () => undefined }),
      });
      assert.deepEqual(alerting.counts[name], { sent: 0, failed: 0 });
      assert.ok(alerting.channels.has(name));
      await alerting.stop();
      const titles = describeTargets(ON).filter(
        ({ target }) => 'channel' in target && target.channel === name,
      );
      assert.equal(titles.length, 1);
    });

    it(`${name}: rejects what waits for it once it is off`, async () => {
      assert.ok(CHANNEL_KINDS[name].isOn(ON.alerts) && !CHANNEL_KINDS[name].isOn(OFF.alerts));
      const message = { id: 'a', threadId: 'a', to: [], view: {} as never, createdAtMs: 1 };
      const result = await createChannel(name, OFF, systemClock).deliver(
        message,
        new AbortController().signal,
      );
      assert.equal(result.kind, 'rejected');
    });
  }
});
