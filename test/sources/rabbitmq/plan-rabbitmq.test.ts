import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { planSources } from '../../../src/sources/all-sources.js';

function planOf(config: Readonly<Record<string, unknown>>) {
  return planSources(configSchema.parse(config), {}).find(({ name }) => name === 'rabbitmq');
}

describe('the plan of the RabbitMQ source', () => {
  it('is none without a URL, and says which keys would add it', () => {
    const plan = planOf({});
    assert.equal(plan?.kind, 'absent');
    assert.match(
      plan?.kind === 'absent' ? plan.remedy : '',
      /rabbitmq.amqp_url.*metrics_url.*management_url/,
    );
  });

  for (const [key, url] of [
    ['amqp_url', 'amqp://h'],
    ['metrics_url', 'http://h:15692'],
    ['management_url', 'http://h:15672'],
  ] as const) {
    it(`is to watch with ${key} alone, anew when the stages change`, () => {
      const plan = planOf({ rabbitmq: { [key]: url } });
      assert.equal(plan?.kind, 'watched');
      assert.deepEqual(plan?.kind === 'watched' && plan.alsoReads, ['stages']);
    });
  }
});
