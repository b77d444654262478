/** Maps the simulation's virtual time to the wall's: it runs `speed` times as fast from one moment on, which both share. */

export interface WallTime {
  readonly speed: number;
  toWallMs(virtualMs: number): number;
  toVirtualMs(wallMs: number): number;
  /** How long something of the simulation takes here. */
  lasts(virtualMs: number): number;
}

export interface SharedMoment {
  readonly virtualMs: number;
  readonly wallMs: number;
  readonly speed: number;
}

export function createWallTime({ virtualMs, wallMs, speed }: SharedMoment): WallTime {
  return {
    speed,
    toWallMs: (atMs) => wallMs + (atMs - virtualMs) / speed,
    toVirtualMs: (atMs) => virtualMs + (atMs - wallMs) * speed,
    lasts: (durationMs) => durationMs / speed,
  };
}

/** As the engine writes times: `2026-11-23T12:13:20.123456789Z`. */
export function toNanoIso(wallMs: number): string {
  const nanos = toNanos(wallMs);
  const fraction = String(nanos % 1_000_000_000n).padStart(9, '0');
  return `${new Date(Math.floor(wallMs)).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** Since the Unix epoch; a double holds wall times of today to about a quarter of a microsecond. */
export function toNanos(wallMs: number): bigint {
  const wholeMs = Math.floor(wallMs);
  return BigInt(wholeMs) * 1_000_000n + BigInt(Math.floor((wallMs - wholeMs) * 1e6));
}
