/** Finds the container that a client of the broker runs in: by its address, else by what it calls its connection. */

import type { ChannelReading } from './client-model.js';
import { type Nameable, replicaNames } from './identity.js';
import type { PortPair } from './port-model.js';

/** A container whose processes may be clients. */
export interface ClientContainer extends Nameable {
  readonly identity: string;
  readonly id: string;
  readonly image: string;
  readonly addresses: readonly string[];
  /** Id of the container whose network it shares. */
  readonly networkOf?: string;
  readonly startedAtMs?: number;
  /** Of its connections, where it is on the host's network and they could be read. */
  readonly portPairs?: readonly PortPair[];
}

type ClientPlace = Pick<
  ChannelReading,
  'peerHost' | 'peerPort' | 'connection' | 'connectedAtMs' | 'clientName'
>;

export interface ClientIndex {
  /** Undefined: not a container of this host, or several could be meant. */
  find(channel: ClientPlace): ClientContainer | undefined;
  at(address: string): ClientContainer | undefined;
}

const SHORT_ID = 12;
/** The broker's clock and ours. */
const CLOCK_TOLERANCE_MS = 30_000;
/** Clients on the broker's own host, which share its network. */
const LOOPBACK = /^(127\.|\[?::1\]?$)/;
/** `127.0.0.1:41234 -> 127.0.0.1:5672`. */
const BROKER_PORT = /-> \S+:(\d+)$/;
const WORD = /[\w.-]+/g;

export function createClientIndex(containers: readonly ClientContainer[]): ClientIndex {
  /** Null: several have it. */
  const byAddress = new Map<string, ClientContainer | null>();
  const byName = new Map<string, ClientContainer | null>();
  const byPorts = new Map<string, ClientContainer | null>();
  const byId = new Map(containers.map((container) => [container.id, container]));
  for (const container of containers) {
    const shared = container.networkOf === undefined ? [] : (byId.get(container.networkOf)?.addresses ?? []);
    for (const address of [...container.addresses, ...shared]) {
      add(byAddress, canonicalAddress(address), container);
    }
    for (const { localPort, remotePort } of container.portPairs ?? []) {
      add(byPorts, `${localPort} ${remotePort}`, container);
    }
    for (const name of [container.name, container.id.slice(0, SHORT_ID), ...replicaNames(container)]) {
      add(byName, name, container);
    }
  }

  function named(clientName: string | undefined): ClientContainer | undefined {
    const found = new Set((clientName?.match(WORD) ?? []).flatMap((word) => byName.get(word) ?? []));
    return found.size === 1 ? [...found][0] : undefined;
  }

  const at = (address: string): ClientContainer | undefined =>
    byAddress.get(canonicalAddress(address)) ?? undefined;

  return {
    at,
    find({ peerHost, peerPort, connection, connectedAtMs, clientName }) {
      const isLoopback = LOOPBACK.test(canonicalAddress(peerHost ?? ''));
      const ports = `${peerPort} ${BROKER_PORT.exec(connection)?.[1]}`;
      const found = isLoopback ? (byPorts.get(ports) ?? undefined) : at(peerHost ?? '');
      // A connection that is older than the container was that of another one, which had the address before.
      const isOlder =
        connectedAtMs !== undefined && connectedAtMs < (found?.startedAtMs ?? 0) - CLOCK_TOLERANCE_MS;
      return found && !isOlder ? found : named(clientName);
    },
  };
}

/** One spelling of each: IPv4 in IPv6 as IPv4, the groups of IPv6 as a URL has them. */
export function canonicalAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const url = `http://[${address}]`;
  return address.includes(':') && URL.canParse(url) ? new URL(url).hostname : address;
}

function add(index: Map<string, ClientContainer | null>, key: string, container: ClientContainer): void {
  const known = index.get(key);
  index.set(key, known === undefined || known === container ? container : null);
}
