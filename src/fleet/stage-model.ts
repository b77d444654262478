/** A stage of the pipeline as the configuration describes it. */

export interface Stage {
  readonly id: string;
  readonly name?: string;
  readonly branch?: string;
  /** The queue that its jobs wait in. */
  readonly queue?: string;
  /** Place in the DAG, from 1. */
  readonly order: number;
}
