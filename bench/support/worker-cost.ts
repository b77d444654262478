/** Consumes the bench's messages by bare amqplib or by the kit, and prints what that took. */

import { connect } from 'amqplib';
import { createWorkerConnection } from '../../clients/node/worker.js';

const [way = '', folder = '', url = '', jobs = '0'] = process.argv.slice(2);
const count = Number(jobs);

async function bare(): Promise<number> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  await channel.prefetch(50);
  let done = 0;
  let beganMs = 0;
  await new Promise<void>((resolve, reject) => {
    const onMessage = (message: Parameters<typeof channel.ack>[0] | null): void => {
      if (!message) return;
      beganMs ||= performance.now();
      JSON.parse(message.content.toString());
      channel.ack(message);
      done += 1;
      if (done === count) resolve();
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

const tookMs = await (way === 'bare' ? bare() : kit());
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ seconds: tookMs / 1000, cpu: (user + system) / 1e6 }));
