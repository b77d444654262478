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

export interface NotedSection extends DurableSection {
  /** Puts a small fact on disk at once, until a save that was asked for later has been written. */
  note(value: unknown): void;
  /** What was noted since the last save, oldest first, of unknown shape. */
  loadNotes(): readonly unknown[];
}
