/** Makes findings of containers: all of them can be judged while the engine is read, and none while it is not. */

import type { Container } from '../fleet/model.js';
import type { Detection, FindingKind, FindingSubject } from './finding.js';
import type { Judgement, Scene } from './scene.js';

type Words = Pick<Detection, 'summary' | 'evidence' | 'clearsWhen' | 'beganAtMs'>;

export interface ContainerCheck {
  readonly kind: FindingKind;
  /** Those with which it may be. */
  among(scene: Scene): Iterable<Container>;
  /** Undefined for a container with which nothing is wrong. */
  describe(container: Container, scene: Scene): Words | undefined;
}

export function detectContainers(scene: Scene, { kind, among, describe }: ContainerCheck): Judgement {
  if (!scene.isFresh('docker')) return { found: [], unsure: 'all' };
  const found: Detection[] = [];
  for (const container of among(scene)) {
    const words = describe(container, scene);
    if (words) found.push({ kind, key: container.identity, subject: containerSubject(container), ...words });
  }
  return { found, unsure: [] };
}

function containerSubject({ identity, name, stage, gpu }: Container): FindingSubject {
  return {
    container: name,
    identity,
    ...(stage !== undefined && { stage }),
    ...(gpu !== undefined && { gpu }),
  };
}

/** How the last life ended, in words. */
export function describeLastEnd({ lastEnd, state }: Container): string {
  if (!lastEnd) return `container is ${state}`;
  const { reason, exitCode, isAskedFor, isOurs } = lastEnd;
  const how = {
    ok: 'ended with exit code 0',
    error: `ended with exit code ${exitCode}`,
    signal: `was ended by signal ${exitCode - 128}`,
    oom: 'was killed for want of memory',
  }[reason];
  if (isOurs) return `${how} by a restart by stagewatch, which failed to start it again`;
  return isAskedFor ? `${how}, on somebody's request` : how;
}
