/** The connections of a container on the host's network, by their ports. */

export interface PortPair {
  readonly localPort: number;
  readonly remotePort: number;
}

export interface OwnedPorts {
  /** Of the container. */
  readonly id: string;
  readonly pairs: readonly PortPair[];
}
