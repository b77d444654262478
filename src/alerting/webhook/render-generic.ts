/** A message as JSON with all facts, for receivers that make their own of them. */

import type { Finding } from '../../detectors/finding.js';
import type { OutgoingMessage } from '../delivery.js';
import type { EndedFinding } from '../notification.js';

/** Fields are added, never renamed; `version` counts what is not. */
export function renderGeneric({ id, threadId, view, notification, createdAtMs }: OutgoingMessage) {
  return {
    version: 1,
    id,
    threadId,
    status:
      notification === undefined ? 'information' : notification.reason === 'resolved' ? 'resolved' : 'firing',
    reason: notification?.reason ?? null,
    kind: notification?.kind ?? null,
    severity: notification?.severity ?? null,
    stage: notification?.stage ?? null,
    subject: view.subject,
    createdAt: toIso(createdAtMs),
    findings: notification?.findings.map(renderFinding) ?? [],
    findingCount: notification?.findingCount ?? 0,
    newIds: notification?.newIds ?? [],
    ended: notification?.ended.map(renderEnded) ?? [],
    endedCount: notification?.endedCount ?? 0,
    consequences: notification?.consequences.map(renderFinding) ?? [],
    consequenceCount: notification?.consequenceCount ?? 0,
    lead: view.lead,
    sections: view.sections,
    links: view.links,
  };
}

function renderFinding(finding: Finding) {
  const { id, kind, severity, subject, summary, evidence, clearsWhen, beganAtMs, isUnconfirmed } = finding;
  const { identity: _ours, ...labels } = subject;
  const unconfirmed = isUnconfirmed ?? false;
  return {
    id,
    kind,
    severity,
    ...labels,
    summary,
    evidence,
    clearsWhen,
    beganAt: toIso(beganAtMs),
    unconfirmed,
  };
}

function renderEnded({ id, subject, summary, beganAtMs, endedAtMs }: EndedFinding) {
  const { identity: _ours, ...labels } = subject;
  return { id, ...labels, summary, beganAt: toIso(beganAtMs), endedAt: toIso(endedAtMs) };
}

function toIso(atMs: number): string {
  return new Date(atMs).toISOString();
}
