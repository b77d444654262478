/** A part of the daemon's durable state that belongs to one owner. */

export interface DurableSection {
  /** What the last life saved, as parsed JSON of unknown shape; undefined: nothing. */
  load(): unknown;
  /**
   * Asks for a save soon; several asks become one. `produce` is called when it is written,
   * so it tells the state of then and costs nothing in between.
   */
  save(produce: () => unknown): void;
}
