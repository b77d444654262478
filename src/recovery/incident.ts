/** Names incidents, and with them their folders of evidence: when, and which container. */

const MAX_NAME = 80;

/** `20251123T121320.123Z-paddle-worker-gpu1-0`: sorts by time, and is safe as a name of a folder whatever the container is called. */
export function incidentId(container: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]/g, '');
  const name = container.replaceAll(/[^A-Za-z0-9_.-]/g, '_').slice(0, MAX_NAME);
  return `${time}-${name}`;
}

const INCIDENT = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z-/;

/** When the incident was; undefined: the name is none of ours. */
export function incidentTimeMs(name: string): number | undefined {
  const [, year, month, day, hour, minute, second] = INCIDENT.exec(name) ?? [];
  if (year === undefined) return undefined;
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(atMs) ? undefined : atMs;
}
