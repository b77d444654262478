/** Makes findings of containers: all of them can be judged while the engine is read, and none while it is not. */

import type { Container, ContainerEnd } from '../fleet/model.js';
import type { Detection, FindingKind, FindingSubject } from './finding.js';
import type { Judgement, Scene } from './scene.js';

export type Words = Pick<Detection, 'summary' | 'evidence' | 'clearsWhen' | 'beganAtMs'>;

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
  const how = describeHow(lastEnd);
  if (lastEnd.isOurs) return `${how} by a restart by stagewatch, which failed to start it again`;
  if (lastEnd.isHeldDown) return `${how}, and was kept down on request`;
  return lastEnd.isAskedFor ? `${how}, on somebody's request` : how;
}

function describeHow({ reason, exitCode }: ContainerEnd): string {
  if (reason === 'oom') return 'was killed for want of memory';
  if (exitCode === undefined) return 'ended, its exit code is not known';
  return reason === 'signal' ? `was ended by signal ${exitCode - 128}` : `ended with exit code ${exitCode}`;
}
