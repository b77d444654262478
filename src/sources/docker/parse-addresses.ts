/** Understands which addresses a container has on the engine's networks, from its inspect. */

import { asRecord } from '../../lib/shape.js';

const MAX_ADDRESSES = 32;

/** Empty where it has none, or shares the host's. */
export function parseAddresses(answer: unknown): readonly string[] {
  const settings = recordOf(asRecord(answer, 'inspect')['NetworkSettings']);
  return Object.values(recordOf(settings['Networks']))
    .flatMap((network) => [recordOf(network)['IPAddress'], recordOf(network)['GlobalIPv6Address']])
    .filter((address): address is string => typeof address === 'string' && address !== '')
    .slice(0, MAX_ADDRESSES);
}

/** Id of the container whose network it shares; undefined where it has one of its own, or the host's. */
export function parseNetworkOf(answer: unknown): string | undefined {
  const mode = recordOf(asRecord(answer, 'inspect')['HostConfig'])['NetworkMode'];
  return typeof mode === 'string' ? /^container:([0-9a-f]{1,128})$/.exec(mode)?.[1] : undefined;
}

export function isOnHostNetwork(answer: unknown): boolean {
  return recordOf(asRecord(answer, 'inspect')['HostConfig'])['NetworkMode'] === 'host';
}

/** An address adds a name to an explanation: one that cannot be read spoils nothing else. */
function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? asRecord(value, 'network')
    : {};
}
