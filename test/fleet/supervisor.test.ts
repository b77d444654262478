import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identityOf } from '../../src/fleet/identity.js';
import { supervisorOf } from '../../src/fleet/supervisor.js';

const SWARM = {
  'com.docker.swarm.service.id': 'i2a2gixqc6t75tz1j3sa5enuh',
  'com.docker.swarm.service.name': 'shop_worker',
  'com.docker.swarm.task.name': 'shop_worker.2.onweh1piavg2i5khsgw7y0r5j',
};

describe('who starts a container again is known by its labels', () => {
  for (const [what, labels, unit, remedy] of [
    ['Swarm, by service and slot', SWARM, 'service shop_worker, slot 2', undefined],
    [
      'Swarm, where the label of the service’s id is missing',
      {
        'com.docker.swarm.service.name': 'pipe_paddle-worker',
        'com.docker.swarm.task.name': 'pipe_paddle-worker.1.aaaa',
      },
      'service pipe_paddle-worker, slot 1',
      undefined,
    ],
    [
      'Swarm, where nothing tells the slot',
      { 'com.docker.swarm.service.id': 'i2a2' },
      'task of service i2a2',
      'docker service update --force i2a2',
    ],
    ['Swarm, by the id of a task', { 'com.docker.swarm.task.id': 'onwe' }, 'task onwe', undefined],
    [
      'Swarm, with a task name that has no slot',
      { ...SWARM, 'com.docker.swarm.task.name': 'onweh1piavg2i5khsgw7y0r5j' },
      'task onweh1piavg2i5khsgw7y0r5j',
      'docker service update --force shop_worker',
    ],
    [
      'a unit of systemd that Podman notes',
      { PODMAN_SYSTEMD_UNIT: 'worker@1.service' },
      'unit worker@1.service',
      'systemctl restart worker@1.service',
    ],
    [
      'Kubernetes',
      { 'io.kubernetes.pod.name': 'worker-7d9f', 'io.kubernetes.pod.namespace': 'ml' },
      'pod ml/worker-7d9f',
      'kubectl delete pod -n ml worker-7d9f',
    ],
    [
      'Nomad',
      { 'com.hashicorp.nomad.alloc_id': '0b1c', 'com.hashicorp.nomad.task_name': 'worker' },
      'allocation 0b1c',
      'nomad alloc restart 0b1c worker',
    ],
    [
      'ECS',
      { 'com.amazonaws.ecs.cluster': 'ml', 'com.amazonaws.ecs.task-arn': 'arn:aws:ecs:eu-1:1:task/ml/9' },
      'task arn:aws:ecs:eu-1:1:task/ml/9',
      'aws ecs stop-task --cluster ml --task arn:aws:ecs:eu-1:1:task/ml/9',
    ],
    [
      'a name that a program would take for an option',
      { 'io.kubernetes.pod.name': '--all', 'io.kubernetes.pod.namespace': 'kube-system' },
      'pod kube-system/--all',
      undefined,
    ],
    ['a name that no shell takes as a word', { PODMAN_SYSTEMD_UNIT: 'a;reboot' }, 'unit a;reboot', undefined],
  ] as const) {
    it(what, () => {
      const found = supervisorOf(labels);
      assert.deepEqual([found?.unit, found?.remedy], [unit, remedy]);
    });
  }

  for (const [what, labels] of [
    ['no label', {}],
    ['compose', { 'com.docker.compose.service': 'worker' }],
    // It writes the label whether such a unit runs or not.
    ['podman-compose', { PODMAN_SYSTEMD_UNIT: 'podman-compose@shop.service' }],
  ] as const) {
    it(`${what} names nobody`, () => assert.equal(supervisorOf(labels), undefined));
  }

  it('a task of Swarm is the same worker as the one that replaces it', () => {
    const next = { ...SWARM, 'com.docker.swarm.task.name': 'shop_worker.2.jqnf44817v586p4zznp6hmp3k' };
    assert.equal(identityOf({ name: 'shop_worker.2.onwe', labels: SWARM }), 'shop_worker.2');
    assert.equal(identityOf({ name: 'shop_worker.2.jqnf', labels: next }), 'shop_worker.2');
    const { 'com.docker.swarm.service.name': _name, ...unnamed } = SWARM;
    for (const labels of [SWARM, next, unnamed]) {
      assert.equal(identityOf({ name: 'x', labels }), supervisorOf(labels)?.place, JSON.stringify(labels));
    }
  });
});
