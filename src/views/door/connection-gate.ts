/** Bounds how many connections there are at once, so that no client takes all descriptors and memory. */

import type { Socket } from 'node:net';
import { keyOf } from './address-key.js';

/** False: the connection is one too many, and is to be cut off. */
export type ConnectionGate = (socket: Pick<Socket, 'remoteAddress' | 'once'>) => boolean;

export interface ConnectionLimits {
  readonly all: number;
  readonly perAddress: number;
}

const LIMITS: ConnectionLimits = { all: 4096, perAddress: 1024 };

export function createConnectionGate({ all, perAddress }: ConnectionLimits = LIMITS): ConnectionGate {
  const countByAddress = new Map<string, number>();
  let count = 0;
  return (socket) => {
    const address = keyOf(socket.remoteAddress ?? '');
    const ofAddress = countByAddress.get(address) ?? 0;
    if (count >= all || ofAddress >= perAddress) return false;
    count++;
    countByAddress.set(address, ofAddress + 1);
    socket.once('close', () => {
      count--;
      const left = (countByAddress.get(address) ?? 1) - 1;
      if (left > 0) countByAddress.set(address, left);
      else countByAddress.delete(address);
    });
    return true;
  };
}
