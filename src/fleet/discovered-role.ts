/** What a service is to the pipeline, as who uses the broker tells. */

export interface DiscoveredRole {
  readonly role: 'worker' | 'orchestrator' | 'infrastructure';
  /** Of a worker. */
  readonly stage?: string;
  /** Work queues that the service consumes, sorted. */
  readonly queues?: readonly string[];
  /** Of infrastructure. */
  readonly title?: string;
}
