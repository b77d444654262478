/** Options of detection: the limits beyond which something is called wrong. */

import { z } from 'zod';
import { duration, flag, globs, optionalDuration, share, wholeNumber } from './option-types.js';

export const detectionSection = z
  .strictObject({
    interval: duration('5s', { atLeast: '1s', atMost: '1m' }).meta({
      description: 'How often everything is judged anew.',
    }),
    stale_after: duration('45s', { atLeast: '5s', atMost: '10m' }).meta({
      description:
        'A source that is down, and was last read longer ago than this, is stale: nothing is judged by it.',
    }),
    stall_after: duration('5m', { atLeast: '10s', atMost: '12h' }).meta({
      description:
        'A job without progress for longer than this, whose worker uses neither CPU nor GPU, is stuck. ' +
        'Holds for stages with no `stall_after` of their own until their pace is learned.',
    }),
    livelock_after: optionalDuration({ atLeast: '1m', atMost: '48h' }).meta({
      description:
        'A job that counts its units and is without progress for longer than this is stuck although its worker is busy. ' +
        'Null: five times the limit of its stage, at least 15 minutes; 2 hours while nothing is known of the stage.',
    }),
    max_job: optionalDuration({ atLeast: '1m', atMost: '30d' }).meta({
      description:
        'A job that takes longer is stuck whatever moves. Null: no job is too long. Stages may have their own.',
    }),
    learn_limits: flag(true).meta({
      description:
        'Whether each stage’s own pace sets its limit where `stall_after` is not set for the stage.',
    }),
    learned_floor: duration('1m', { atLeast: '10s', atMost: '1h' }).meta({
      description: 'The shortest limit that is learned.',
    }),
    learned_ceiling: duration('30m', { atLeast: '1m', atMost: '12h' }).meta({
      description: 'The longest limit that is learned.',
    }),
    learned_factor: wholeNumber(3, 2, 20).meta({
      description:
        'A learned limit is this many times the 99th percentile of the time between progress steps.',
    }),
    learn_from: wholeNumber(50, 10, 10_000).meta({
      description: 'How many progress steps of a stage must have been seen before its limit is learned.',
    }),
    learn_from_jobs: wholeNumber(20, 1, 10_000).meta({
      description:
        'How many jobs of a stage must have ended, beside `learn_from`, before its limit is learned.',
    }),
    learned_proof: wholeNumber(300, 0, 100_000).meta({
      description:
        'In how many jobs in a row no step may have gone beyond the learned limit before it is in force where it is shorter than `stall_after`.',
    }),
    start_grace: duration('10m', { atLeast: '10s', atMost: '6h' }).meta({
      description:
        'How long a container may take from its start to its first progress and still be starting.',
    }),
    starved_after: duration('1m', { atLeast: '10s', atMost: '1h' }).meta({
      description:
        'A worker without a job is starved when its consumer has been missing, or its connection gone, for this long.',
    }),
    orchestrator_stall_after: duration('15m', { atLeast: '1m', atMost: '12h' }).meta({
      description:
        'An orchestrator without progress for this long, whose document no worker has and no queue holds, is stuck.',
    }),
    down_after: duration('30s', { atLeast: '5s', atMost: '1h' }).meta({
      description: 'How long a container that ended by itself may be down before it is told.',
    }),
    source_down_after: duration('30s', { atLeast: '5s', atMost: '1h' }).meta({
      description: 'How long a source may fail before it is told.',
    }),
    crash_loop_ends: wholeNumber(3, 2, 100).meta({
      description: 'So many ends nobody asked for within `crash_loop_window` are a crash loop.',
    }),
    crash_loop_window: duration('10m', { atLeast: '1m', atMost: '6h' }).meta({
      description: 'The time in which the ends of a crash loop are counted.',
    }),
    orphaned_after: duration('30s', { atLeast: '2s', atMost: '1h' }).meta({
      description:
        'How long a job whose container died may be without a sentinel, and without another worker on it, before it is told.',
    }),
    ack_limit_share: share(0.8).meta({
      description: 'A job that has used this share of the broker’s consumer timeout is near it.',
    }),
    poison_workers: wholeNumber(2, 2, 20).meta({
      description: 'A document that failed, stalled or crashed so many workers is poison.',
    }),
    queue_window: duration('10m', { atLeast: '30s', atMost: '1h' }).meta({
      description: 'How long a queue must have been rising to be growing.',
    }),
    queue_min_rise: wholeNumber(20, 1, 1_000_000).meta({
      description: 'A queue that rose by fewer messages within `queue_window` is not growing.',
    }),
    dead_letters_min: wholeNumber(3, 1, 1_000_000).meta({
      description: 'So many messages within `dead_letters_window` make a queue of dead letters grow.',
    }),
    dead_letters_window: duration('1h', { atLeast: '1m', atMost: '1d' }).meta({
      description: 'The time in which the messages are counted that came to a queue of dead letters.',
    }),
    no_consumers_after: duration('1m', { atLeast: '10s', atMost: '1h' }).meta({
      description: 'How long a work queue with messages may be without consumers before it is told.',
    }),
    failures_window: duration('10m', { atLeast: '1m', atMost: '1h' }).meta({
      description: 'The time in which failures of a stage are counted.',
    }),
    failures_min: wholeNumber(5, 1, 100_000).meta({
      description:
        'So many failures within `failures_window` are a spike, if they are also three times as many as before.',
    }),
    gpu_memory_high: share(0.95).meta({
      description: 'A GPU whose memory is used beyond this share is nearly full.',
    }),
    gpu_memory_for: duration('5m', { atLeast: '10s', atMost: '2h' }).meta({
      description: 'How long a GPU’s memory must be nearly full to be told.',
    }),
    gpu_leak_window: duration('1h', { atLeast: '10m', atMost: '6h' }).meta({
      description: 'A GPU whose memory in use only rose for this long, by a twentieth of all, leaks.',
    }),
    backup: globs().prefault('*backup*').meta({
      description:
        'Containers or compose services that copy results away, as name patterns. They are infrastructure, also where they are not listed there.',
    }),
    backup_stale_after: duration('24h', { atLeast: '1m', atMost: '30d' }).meta({
      description: 'How long the backup may be without a sign of work.',
    }),
    common_cause_share: share(0.5).meta({
      description:
        'When this share of the workers of a stage, a GPU or the host turns bad together, there is one cause behind it.',
    }),
    common_cause_min: wholeNumber(3, 2, 1000).meta({
      description: 'Fewer workers than this turning bad together have no cause in common.',
    }),
  })
  .prefault({});

export type DetectionConfig = z.output<typeof detectionSection>;
