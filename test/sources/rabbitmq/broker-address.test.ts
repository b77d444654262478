import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configSchema } from '../../../src/config/schema.js';
import { brokerAddress } from '../../../src/sources/rabbitmq/broker-address.js';

function addressOf(rabbitmq: Readonly<Record<string, unknown>>) {
  return brokerAddress(configSchema.parse({ rabbitmq }).rabbitmq);
}

describe('brokerAddress', () => {
  const vhosts: readonly (readonly [Record<string, string>, string])[] = [
    [{ amqp_url: 'amqp://h' }, '/'],
    [{ amqp_url: 'amqp://h/' }, '/'],
    [{ amqp_url: 'amqp://h/%2F' }, '/'],
    [{ amqp_url: 'amqp://h/jobs' }, 'jobs'],
    [{ amqp_url: 'amqp://h/a%2Fb' }, 'a/b'],
    [{ amqp_url: 'amqp://h/jobs', vhost: 'other' }, 'other'],
    [{ metrics_url: 'http://h:15692' }, '/'],
    [{ metrics_url: 'http://h:15692', vhost: 'jobs' }, 'jobs'],
  ];
  for (const [rabbitmq, vhost] of vhosts) {
    it(`watches vhost ${vhost} for ${JSON.stringify(rabbitmq)}`, () => {
      const address = addressOf(rabbitmq);
      assert.equal(address.vhost, vhost);
      if (address.amqp) assert.ok(address.amqp.url.endsWith(`/${encodeURIComponent(vhost)}`));
    });
  }

  it('keeps credentials out of everything that is shown', () => {
    const { amqp, metrics, management } = addressOf({
      amqp_url: 'amqps://bob:p%40ss@h/v',
      metrics_url: 'https://bob:p%40ss@h:15692/',
      management_url: 'http://bob:p%40ss@h:15672/rabbit/',
    });
    assert.equal(amqp?.target, 'amqps://h:5671/v');
    assert.equal(amqp?.user, 'bob');
    assert.equal(metrics?.base, 'https://h:15692');
    assert.equal(management?.base, 'http://h:15672/rabbit');
    assert.equal(management?.authorization, `Basic ${Buffer.from('bob:p@ss').toString('base64')}`);
  });

  for (const key of ['amqp_url', 'metrics_url', 'management_url']) {
    for (const mark of ['/', '?', '#']) {
      it(`refuses ${key} with a ${mark} in its password, and does not repeat it`, () => {
        const scheme = key === 'amqp_url' ? 'amqp' : 'http';
        const rabbitmq = { [key]: `${scheme}://u:1234${mark}x9secret@host` };
        const issues = JSON.stringify(configSchema.safeParse({ rabbitmq }).error?.issues);
        assert.match(issues, /percent-encode the password/);
        assert.doesNotMatch(issues, /1234|x9secret/);
      });
    }
  }

  it('refuses a progress exchange without an AMQP URL', () => {
    const result = configSchema.safeParse({ rabbitmq: { progress_exchange: 'p', metrics_url: 'http://h' } });
    assert.match(JSON.stringify(result.error?.issues), /needs rabbitmq.amqp_url/);
  });
});
