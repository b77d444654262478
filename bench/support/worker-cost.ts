/** Consumes the bench's messages by bare amqplib or by the kit, and prints what that took. */

import { close, fsync, open, rename, unlink, write } from 'node:fs';
import { promisify } from 'node:util';
import { connect } from 'amqplib';
import { createWorkerConnection } from '../../clients/node/worker.js';

const [way = '', folder = '', url = '', jobs = '0'] = process.argv.slice(2);
const count = Number(jobs);

const calls = {
  open: promisify(open),
  write: promisify(write),
  fsync: promisify(fsync),
  close: promisify(close),
  rename: promisify(rename),
  unlink: promisify(unlink),
};

/** The files of a job: progress, sentinel, and progress gone. */
async function byHand(document: string): Promise<void> {
  await put(`${folder}/worker.json`, false);
  await put(`${folder}/${document}.json`, way.includes('fsync'));
  await calls.unlink(`${folder}/worker.json`);
}

async function put(path: string, isDurable: boolean): Promise<void> {
  const file = await calls.open(`${folder}/.tmp`, 'w');
  await calls.write(file, 'x'.repeat(200));
  if (isDurable) await calls.fsync(file);
  await calls.close(file);
  await calls.rename(`${folder}/.tmp`, path);
}

async function bare(): Promise<number> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  await channel.prefetch(50);
  let done = 0;
  let beganMs = 0;
  let before: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    const onMessage = (message: Parameters<typeof channel.ack>[0] | null): void => {
      if (!message) return;
      beganMs ||= performance.now();
      const { document } = JSON.parse(message.content.toString()) as { document: string };
      // One job after the other, as the kit has them.
      before = before
        .then(() => (way.includes('files') ? byHand(document) : undefined))
        .then(() => {
          channel.ack(message);
          done += 1;
          if (done === count) resolve();
        });
      before.catch(reject);
    };
    channel.consume('bench', onMessage).catch(reject);
  });
  const tookMs = performance.now() - beganMs;
  await connection.close();
  return tookMs;
}

async function kit(): Promise<number> {
  const times: number[] = [];
  const worker = createWorkerConnection({
    queue: 'bench',
    url,
    prefetch: 50,
    durable: way.includes('fsync'),
    log: () => undefined,
    ...(way.includes('files') && { progress: folder, sentinel: `${folder}/{document}.json` }),
    handler: () => {
      times.push(performance.now());
      if (times.length === count) worker.stop();
    },
  });
  await worker.run();
  return (times.at(-1) ?? 0) - (times[0] ?? 0);
}

const tookMs = await (way.startsWith('bare') ? bare() : kit());
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ seconds: tookMs / 1000, cpu: (user + system) / 1e6 }));
