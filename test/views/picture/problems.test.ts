import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FindingJson, FleetJson, RecoveryJson } from '../../../src/views/picture/api-shapes.js';
import { listProblems } from '../../../src/views/picture/problems.js';

const NOW = Date.parse('2026-01-01T04:00:00Z');
const ago = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();

function finding(kind: string, fields: Partial<FindingJson> = {}): FindingJson {
  const severity = /Stuck|Common|Down$/.test(kind) && kind !== 'WorkerDown' ? 'critical' : 'warning';
  const id = `${kind}:${fields.container ?? fields.stage ?? fields.queue ?? ''}`;
  return { id, kind, severity, beganAt: ago(5), summary: 'so it is', evidence: ['why'], ...fields };
}

const FLEET: FleetJson = {
  stages: [{ id: 'G3_02', name: 'Witnesses' }],
  containers: [
    { container: 'rabbitmq', role: 'infrastructure', title: 'RabbitMQ', state: 'running' },
    { container: 'paddle-worker-gpu1-0', role: 'worker', state: 'running' },
    { container: 'ended', role: 'worker', state: 'exited' },
  ],
  sources: [
    { source: 'dcgm', target: 'http://dcgm:9400/metrics', up: false },
    { source: 'progress', target: '/srv/run progress', up: false },
    { source: 'sentinels', target: '/data/artifacts/{document}/{stage}/sentinel.json', up: false },
  ],
};

const list = (findings: readonly FindingJson[], recovery: RecoveryJson | null = null) =>
  listProblems({ ...FLEET, findings }, recovery, NOW);
const commandsOf = (one: FindingJson): readonly string[] =>
  list([one]).problems.flatMap(({ commands }) => commands.map(({ text }) => text));

describe('problems', () => {
  it('come worst first, the oldest of equals first, and info needs nobody', () => {
    const { problems, count } = list([
      finding('ProgressUnreadable', { container: 'i', severity: 'info', beganAt: ago(90) }),
      finding('WorkerDown', { container: 'w-young', beganAt: ago(1) }),
      finding('WorkerStuck', { container: 'c', beganAt: ago(2) }),
      finding('WorkerDown', { container: 'w-old', beganAt: ago(60) }),
    ]);
    assert.deepEqual(
      problems.map(({ who }) => who),
      ['c', 'w-old', 'w-young', 'i'],
    );
    assert.equal(count, 3);
  });

  it('have their consequences below them, those of consequences too, and no finding is lost', () => {
    const cause = finding('CommonCause', { stage: 'G3_02' });
    const { problems, count } = list([
      finding('WorkerStuck', { container: 'a', consequenceOf: cause.id }),
      finding('OrchestratorStuck', { container: 'b', consequenceOf: 'WorkerStuck:a' }),
      cause,
      finding('WorkerStuck', { container: 'orphan', consequenceOf: 'CommonCause:gone' }),
    ]);
    assert.deepEqual(
      problems.map(({ who, consequences }) => [who, consequences.map((one) => one.who).toSorted()]),
      [
        ['workers of G3_02 Witnesses', ['a', 'b']],
        ['orphan', []],
      ],
    );
    assert.equal(count, 2);
  });

  it('are as bad as the worst of their consequences, and come as early', () => {
    const cause = { ...finding('PoisonDocument', { document: 'PMC7' }), id: 'PoisonDocument:PMC7' };
    const { problems } = list([
      finding('WorkerStuck', { container: 'w', beganAt: ago(60) }),
      cause,
      finding('OrchestratorStuck', { container: 'o', consequenceOf: cause.id }),
      finding('WorkerDown', { container: 'd', consequenceOf: cause.id }),
    ]);
    assert.deepEqual(
      problems.map(({ who, severity }) => [who, severity]),
      [
        ['PMC7', 'critical'],
        ['w', 'critical'],
      ],
    );
  });

  it('in a circle of causes do not hang the view', () => {
    const self = finding('WorkerStuck', { container: 'a', consequenceOf: 'WorkerStuck:a' });
    assert.equal(list([self]).problems.length, 1);
  });

  it('say who, what, where and for how long', () => {
    const [problem] = list([
      finding('WorkerStuck', { container: 'paddle-worker-gpu1-0', stage: 'G3_02', beganAt: ago(7.2) }),
    ]).problems;
    assert.equal(problem?.who, 'paddle-worker-gpu1-0');
    assert.equal(problem?.phrase, 'stuck');
    assert.equal(problem?.where, 'G3_02 Witnesses');
    assert.equal(problem?.forMs, 7.2 * 60_000);
  });

  it('name recovery’s decision, else the newest thing it did', () => {
    const one = finding('WorkerStuck', { container: 'w' });
    const restart = (result: string, minutes: number) => ({ container: 'w', result, at: ago(minutes) });
    const recent = [restart('not_recovered', 1), restart('recovered', 30)];
    const word = (recovery: RecoveryJson) => list([one], recovery).problems[0]?.recovery;
    assert.equal(word({ recent })?.decision, 'not_recovered');
    assert.match(word({ recent })?.text ?? '', /no better/);
    const workers = [
      { container: 'w', decision: 'refuse', reason: 'budget_spent', text: 'no restarts left' },
    ];
    assert.deepEqual(word({ recent, workers }), { decision: 'refuse', text: 'no restarts left', atMs: null });
    assert.equal(word({}), null);
  });

  it('say nothing of a restart that was for an earlier incident of the container', () => {
    const word = (result: string, minutes: number, tookMs = 0) => {
      const recent = [{ container: 'w', result, at: ago(minutes), tookMs }];
      return list([finding('WorkerStuck', { container: 'w' })], { recent }).problems[0]?.recovery?.decision;
    };
    assert.equal(word('recovered', 6), undefined, 'it worked before this began');
    assert.equal(word('recovered', 6, 90_000), undefined, 'this began with the first job after it');
    assert.equal(word('not_recovered', 9), undefined);
    assert.equal(word('recovered', 4), 'recovered');
    assert.equal(word('failed', 6, 90_000), 'failed', 'this began while it was under way');
  });
});

describe('a common cause', () => {
  it('of workers tells of a moment, of the broker for as long as it lasts', () => {
    const said = (about: Partial<FindingJson>) => {
      const [problem] = list([finding('CommonCause', { beganAt: ago(3), ...about })]).problems;
      return problem && `${problem.who} ${problem.phrase}${problem.howLong}`;
    };
    assert.equal(said({ stage: 'G3_02' }), 'workers of G3_02 Witnesses turned bad together 3m00s ago');
    assert.equal(said({ source: 'rabbitmq' }), 'rabbitmq holds the pipeline up for 3m00s');
  });
});

describe('commands to copy', () => {
  const worker = 'paddle-worker-gpu1-0';
  for (const [what, one, expected] of [
    [
      'a stuck worker: log, restart, shell',
      finding('WorkerStuck', { container: worker }),
      [
        `docker logs --tail 200 ${worker}`,
        `stagewatch restart ${worker} --dry-run`,
        `docker exec -it ${worker} sh`,
      ],
    ],
    [
      'a worker that is down: how it ended, not a shell',
      finding('WorkerDown', { container: 'ended' }),
      [
        'docker logs --tail 200 ended',
        'docker start ended',
        "docker inspect --format '{{json .State}}' ended",
      ],
    ],
    [
      'a worker whose container is gone: whether it is there',
      finding('WorkerDown', { container: 'gone' }),
      ['docker ps -a --filter name=gone'],
    ],
    [
      'a progress file of no use: what stands in it, and what its writer says',
      finding('ProgressUnreadable', { container: worker }),
      [
        `cat '/srv/run progress/${worker}.json'`,
        `docker logs --tail 200 ${worker}`,
        `docker exec -it ${worker} sh`,
      ],
    ],
    [
      'a progress file whose writer is no container',
      finding('ProgressUnreadable', { container: 'stray' }),
      ["cat '/srv/run progress/stray.json'", 'docker ps -a --filter name=stray'],
    ],
    [
      'a queue: the broker asked inside its container',
      finding('QueueGrowing', { queue: 'g3_02', vhost: '/', stage: 'G3_02' }),
      [
        'docker exec rabbitmq rabbitmqctl list_queues -p / name messages_ready messages_unacknowledged consumers',
        'stagewatch status --stage G3_02',
      ],
    ],
    [
      'a GPU: the driver and the kernel',
      finding('GpuError', { gpu: '3' }),
      ['nvidia-smi -i 3', 'sudo dmesg -T | grep -i xid', 'stagewatch status --gpu 3'],
    ],
    [
      'a source: whether it is there',
      finding('SourceDown', { source: 'progress' }),
      ["ls -la '/srv/run progress'"],
    ],
    [
      'sentinels, which are watched by a pattern: the folder before its first placeholder',
      finding('SourceDown', { source: 'sentinels' }),
      ['ls -la /data/artifacts/'],
    ],
    [
      'a GPU whose workers turned bad: also the kernel’s word on it',
      finding('CommonCause', { gpu: '3' }),
      ['nvidia-smi -i 3', 'sudo dmesg -T | grep -i xid', 'stagewatch status --gpu 3'],
    ],
    [
      'the exporter: whether it answers',
      finding('SourceDown', { source: 'dcgm' }),
      ['curl -sS http://dcgm:9400/metrics | head'],
    ],
    [
      'a stage: who serves it',
      finding('StageStalled', { stage: 'G3_02' }),
      ['stagewatch status --stage G3_02'],
    ],
    [
      'a name that no engine takes: nothing for a shell',
      finding('WorkerStuck', { container: '$(reboot)' }),
      [],
    ],
    [
      'a stage with quotes in its name: one word, one line',
      finding('StageStalled', { stage: "a'; reboot\n#" }),
      [`stagewatch status --stage 'a'\\''; reboot#'`],
    ],
  ] as const) {
    it(`for ${what}`, () => assert.deepEqual(commandsOf(one), expected));
  }

  it('for a GPU on which workers hang: a stop of those alone, so that their messages can be taken elsewhere', () => {
    const workers = [
      { container: worker, gpu: '1', status: 'stuck' },
      { container: 'ended', gpu: '1', status: 'stuck' },
      { container: 'w-well', gpu: '1', status: 'active' },
      { container: 'w-other', gpu: '0', status: 'stuck' },
      { container: 'w-task', gpu: '1', status: 'stuck' },
    ];
    const running = ['w-well', 'w-other'].map((container) => ({
      container,
      role: 'worker',
      state: 'running',
    }));
    const task = { container: 'w-task', state: 'running', supervisor: { title: 'systemd' } };
    const fleet = { ...FLEET, workers, containers: [...(FLEET.containers ?? []), ...running, task] };
    for (const kind of ['GpuError', 'CommonCause']) {
      const findings = [finding(kind, { gpu: '1' })];
      const [problem] = listProblems({ ...fleet, findings }, null, NOW).problems;
      assert.equal(problem?.commands[1]?.text, `docker stop ${worker}`);
    }
  });

  for (const [what, kind, state, decision, expected] of [
    [
      'what is starved can be restarted by hand',
      'WorkerStarved',
      'running',
      null,
      ['restart {} --dry-run', 'exec -it {} sh'],
    ],
    ['what is slow works, and is left at it', 'WorkerSlow', 'running', null, ['exec -it {} sh']],
    [
      'what is down is started',
      'WorkerDown',
      'exited',
      null,
      ['start {}', "inspect --format '{{json .State}}' {}"],
    ],
    [
      'what is paused goes on',
      'WorkerDown',
      'paused',
      null,
      ['unpause {}', "inspect --format '{{json .State}}' {}"],
    ],
    [
      'a crash loop is ended',
      'WorkerCrashLooping',
      'restarting',
      null,
      ['stop {}', "inspect --format '{{json .State}}' {}"],
    ],
    [
      'what used up its budget needs force',
      'RestartsExhausted',
      'running',
      'refuse',
      ['restart {} --force --dry-run', 'exec -it {} sh'],
    ],
    [
      'no clock can be read of what does not run',
      'ProgressClockSkewed',
      'exited',
      null,
      ["inspect --format '{{json .State}}' {}"],
    ],
  ] as const) {
    it(`offer what works in the container's state: ${what}`, () => {
      const name = 'w-1';
      const workers = decision === null ? [] : [{ container: name, decision, reason: 'container_budget' }];
      const fleet = { containers: [{ container: name, role: 'worker', state }] };
      const findings = [finding(kind, { container: name })];
      const [problem] = listProblems({ ...fleet, findings }, { workers }, NOW).problems;
      const texts = problem?.commands.map(({ text }) =>
        text.replace(/^(docker|stagewatch) /, '').replace(name, '{}'),
      );
      assert.deepEqual(texts, ['logs --tail 200 {}', ...expected]);
    });
  }

  it('offer what the program that owns the container takes', () => {
    const supervisor = { title: 'systemd', unit: 'unit w.service', remedy: 'systemctl restart w.service' };
    const fleet = { containers: [{ container: 'w-1', state: 'running', supervisor }] };
    const [problem] = listProblems(
      { ...fleet, findings: [finding('WorkerStuck', { container: 'w-1' })] },
      null,
      NOW,
    ).problems;
    assert.equal(problem?.commands[1]?.text, 'systemctl restart w.service');
  });

  it('for a stuck orchestrator begin with the log of the worker that holds it up', () => {
    const workers = [
      { container: 'fine', status: 'active' },
      { container: 'bad', status: 'stuck' },
    ];
    const orchestrators = [{ container: 'orchestrator-3', heldUpBy: { stage: 'G3_02', workers } }];
    const findings = [finding('OrchestratorStuck', { container: 'orchestrator-3' })];
    const [problem] = listProblems({ ...FLEET, orchestrators, findings }, null, NOW).problems;
    assert.equal(problem?.commands[0]?.text, 'docker logs --tail 200 bad');
  });
});
