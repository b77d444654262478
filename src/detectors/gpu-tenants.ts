/**
 * Follows who is at work on each GPU. A container that was restarted is no newcomer: what it loads again, it had loaded
 * before. One that is there, or at work, for the first time is: its models are an honest rise.
 */

import type { GpuLink } from '../fleet/gpu-model.js';
import type { Fleet } from '../fleet/model.js';
import type { WorkerVerdict } from './verdicts.js';

export interface GpuTenants {
  note(moment: TenantMoment): PresentTenants;
}

export interface TenantMoment {
  readonly fleet: Pick<Fleet, 'containers' | 'gpuLinks'>;
  readonly workers: ReadonlyMap<string, WorkerVerdict>;
  readonly nowMs: number;
}

/** By identity of the GPU. */
export interface PresentTenants {
  readonly newcomers: ReadonlySet<string>;
  /** No container may use it any more, and one did. */
  readonly left: ReadonlySet<string>;
}

/** Whoever is away for longer may have been replaced by something else meanwhile. */
const AWAY_MS = 15 * 60_000;

interface Tenant {
  seenAtMs: number;
  /** It has had a job, and with it has loaded what it needs. */
  hasWorked: boolean;
}

export function createGpuTenants(): GpuTenants {
  /** By GPU, and in it by container. */
  const tenants = new Map<string, Map<string, Tenant>>();
  /** Others on the host may use a GPU that the pipeline never did. */
  const everUsed = new Set<string>();

  function tenantsOf(gpu: string): Map<string, Tenant> {
    const known = tenants.get(gpu);
    if (known) return known;
    const none = new Map<string, Tenant>();
    tenants.set(gpu, none);
    return none;
  }

  /** True if it comes, or works for the first time. */
  function see({ identity, container }: GpuLink, isAtWork: boolean, nowMs: number): boolean {
    const onGpu = tenantsOf(identity);
    const known = onGpu.get(container);
    if (!known) {
      onGpu.set(container, { seenAtMs: nowMs, hasWorked: isAtWork });
      return true;
    }
    const isFirstWork = isAtWork && !known.hasWorked;
    known.seenAtMs = nowMs;
    known.hasWorked ||= isAtWork;
    return isFirstWork;
  }

  function forgetAway(nowMs: number): void {
    for (const onGpu of tenants.values()) {
      for (const [container, { seenAtMs }] of onGpu) {
        if (nowMs - seenAtMs > AWAY_MS) onGpu.delete(container);
      }
    }
  }

  return {
    note({ fleet: { containers, gpuLinks }, workers, nowMs }) {
      const newcomers = new Set<string>();
      const left = new Set(everUsed);
      // Links are those of containers that hold their memory: paused ones do, ended ones do not.
      const working = gpuLinks.length === 0 ? new Set<string>() : namesAtWork(containers, workers);
      for (const link of gpuLinks) {
        const { identity, container } = link;
        left.delete(identity);
        everUsed.add(identity);
        if (see(link, working.has(container), nowMs)) newcomers.add(identity);
      }
      forgetAway(nowMs);
      return { newcomers, left };
    },
  };
}

function namesAtWork(containers: Fleet['containers'], workers: TenantMoment['workers']): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { name, identity } of containers.values()) {
    const status = workers.get(identity)?.status;
    if (status === 'active' || status === 'slow' || status === 'stuck') names.add(name);
  }
  return names;
}
