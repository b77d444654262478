import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { createConnectionGate } from '../../../src/views/door/connection-gate.js';

const from = (remoteAddress: string) => Object.assign(new EventEmitter(), { remoteAddress }) as Socket;

describe('connections', () => {
  it('are bounded for each address, of IPv6 for each network, and for all together', () => {
    const admit = createConnectionGate({ all: 4, perAddress: 2 });
    const first = from('10.0.0.1');
    assert.deepEqual([first, from('::ffff:10.0.0.1'), from('10.0.0.1')].map(admit), [true, true, false]);
    assert.deepEqual(['2001:db8::1', '2001:db8::2', '2001:db8::3'].map(from).map(admit), [true, true, false]);
    assert.equal(admit(from('10.0.0.2')), false, 'all places are taken');
    first.emit('close');
    assert.equal(admit(from('10.0.0.2')), true);
    assert.equal(admit(from('10.0.0.1')), false);
  });

  it('that were refused leave no trace when they close', () => {
    const admit = createConnectionGate({ all: 1, perAddress: 1 });
    const [held, refused] = [from('10.0.0.1'), from('10.0.0.2')];
    assert.deepEqual([held, refused].map(admit), [true, false]);
    refused.emit('close');
    assert.equal(admit(from('10.0.0.3')), false);
    held.emit('close');
    assert.equal(admit(from('10.0.0.3')), true);
  });
});
