/** Which connections a container has; known only of those that detection asked about. */

export interface SocketReading {
  readonly id: string;
  /** Remote ports of established TCP connections, one for each. */
  readonly remotePorts: readonly number[];
}

export interface ContainerSockets {
  readonly atMs: number;
  readonly remotePorts: readonly number[];
}
