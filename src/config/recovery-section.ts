/** Options of recovery: whether stuck workers are restarted, and everything that holds it back. */

import { z } from 'zod';
import { duration, flag, share, wholeNumber } from './option-types.js';

export const recoverySection = z
  .strictObject({
    enabled: flag(false).meta({
      description: 'Whether the daemon plans restarts of stuck workers by itself.',
    }),
    dry_run: flag(true).meta({
      description:
        'With true, planned restarts are told, counted and their evidence kept, but nothing is restarted. ' +
        'Restarts that a person asks for are not affected.',
    }),
    stop_timeout: duration('10s', { atLeast: '0s', atMost: '10m' }).meta({
      description:
        'How long a worker may take to end by itself before the engine kills it, in whole seconds.',
    }),
    start_grace: duration('2m', { atLeast: '0s', atMost: '6h' }).meta({
      description: 'A container that was started, by whomever, is not restarted for so long.',
    }),
    hands_off: duration('5m', { atLeast: '0s', atMost: '6h' }).meta({
      description:
        'When somebody else starts, stops or creates a container of a compose service (or of a stage), ' +
        'none of it is restarted for so long: a deployment may be under way.',
    }),
    backoff: duration('10s', { atLeast: '1s', atMost: '1h' }).meta({
      description:
        'How long after the end of its restart, or of an attempt that failed, a container is not restarted again; doubled with each further one.',
    }),
    backoff_max: duration('5m', { atLeast: '1s', atMost: '6h' }).meta({
      description: 'The longest that doubling makes of it.',
    }),
    backoff_reset: duration('10m', { atLeast: '1m', atMost: '24h' }).meta({
      description: 'A container that has been well for so long starts with the shortest back-off again.',
    }),
    container_budget: wholeNumber(3, 1, 100).meta({
      description:
        'So many restarts of one container within `container_window`; then none until all of them have left it, or a person acts.',
    }),
    container_window: duration('30m', { atLeast: '1m', atMost: '7d' }).meta({
      description: 'The time in which the restarts of one container are counted.',
    }),
    stage_share: share(0.1).meta({
      description:
        'At most this share of the workers of a stage is being restarted or not back at work yet, but always one may be.',
    }),
    fleet_budget: wholeNumber(20, 1, 1000).meta({
      description: 'So many restarts of all containers together within `fleet_window`.',
    }),
    fleet_window: duration('1h', { atLeast: '1m', atMost: '7d' }).meta({
      description: 'The time in which the restarts of all containers are counted.',
    }),
    max_lost_work: duration('1h', { atLeast: '1s', atMost: '7d' }).meta({
      description:
        'A job that had made progress for longer than this before it stuck is not thrown away by a program: people are told.',
    }),
    restart_busy: flag(false).meta({
      description:
        'Whether a worker that is stuck by its time alone, and uses CPU or GPU all the same, is restarted as well.',
    }),
    probe_common_cause: flag(true).meta({
      description:
        'Whether one worker of a stage that hangs as a whole is restarted as a probe, where no GPU, broker or infrastructure ' +
        'is known to be the cause. The others follow only when it has finished a job.',
    }),
    verify_within: duration('15m', { atLeast: '10s', atMost: '6h' }).meta({
      description: 'How long a restarted worker may take to load its model and be at work again.',
    }),
    evidence_lines: wholeNumber(200, 1, 100_000).meta({
      description: 'How many of the last lines of its log are kept of a worker that is restarted.',
    }),
    evidence_log_bytes: wholeNumber(262_144, 1024, 67_108_864).meta({
      description: 'How many bytes of its log are kept at most.',
    }),
    evidence_incidents: wholeNumber(200, 1, 100_000).meta({
      description: 'How many folders of evidence are kept; the oldest go first.',
    }),
    evidence_age: duration('30d', { atLeast: '1h', atMost: '365d' }).meta({
      description: 'How long a folder of evidence is kept.',
    }),
    evidence_bytes: wholeNumber(104_857_600, 1_048_576, 1_000_000_000_000).meta({
      description: 'How many bytes all folders of evidence may hold; the oldest go first.',
    }),
    write_failure_sentinels: flag(false).meta({
      description:
        'Whether a failure sentinel is written for a job whose worker died and that has no sentinel 2 s later, and for the ' +
        'job of a stuck worker just before its restart, where its message is surely gone. On its own, whatever `enabled` and `dry_run` say.',
    }),
    failure_sentinels_per_minute: wholeNumber(60, 1, 10_000).meta({
      description:
        'So many failure sentinels are written within a minute at most: when more workers die, the host is at fault.',
    }),
  })
  .prefault({});

export type RecoveryConfig = z.output<typeof recoverySection>;
