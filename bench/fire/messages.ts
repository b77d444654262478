/** A publisher that floods the exchange of progress messages of a real broker, with good and broken ones. */

import { connect } from 'amqplib';
import { type RealRabbitmq, startRabbitmq } from '../../test/support/real-rabbitmq.js';
import { besideWords, type FireRow, type Outcome, outcomeOf, withTarget } from './target.js';

const SECONDS = Number(process.env['FIRE_SECONDS'] ?? 20);
const EXCHANGE = 'progress';
/** Published before the loop gets its turn. */
const BATCH = 500;

export const MESSAGE_ROWS: readonly FireRow[] = [{ name: 'progress-messages', attack: floodWithMessages }];

async function floodWithMessages(): Promise<Outcome> {
  const broker = await startRabbitmq();
  try {
    return await floodFrom(broker);
  } finally {
    await broker.dispose();
  }
}

async function floodFrom(broker: RealRabbitmq): Promise<Outcome> {
  const connection = await connect(broker.amqpUrl);
  const channel = await connection.createChannel();
  await channel.assertExchange(EXCHANGE, 'fanout');
  const config = (): string =>
    `rabbitmq: { amqp_url: "${broker.amqpUrl}", progress_exchange: ${EXCHANGE}, interval: 1s }\n`;
  return withTarget({ config }, async (target) => {
    const endMs = performance.now() + SECONDS * 1000;
    let sent = 0;
    while (performance.now() < endMs) {
      let isFree = true;
      for (let one = 0; one < BATCH; one++) isFree = channel.publish(EXCHANGE, '', messageOf(sent++));
      await (isFree ? new Promise<void>((resolve) => setImmediate(resolve)) : drained(channel));
    }
    const outcome = await outcomeOf(target, {
      done: `${Math.round(sent / SECONDS)} progress messages a second for ${SECONDS} s, every other one broken`,
      held: `${besideWords(target.beside)}; ${target.logLines()} log lines`,
      isHeld: target.beside.failed === 0 && target.logLines() < 200,
    });
    await connection.close();
    return outcome;
  });
}

function messageOf(number: number): Buffer {
  if (number % 2 === 1) return Buffer.from(`{"broken${number}`);
  return Buffer.from(
    JSON.stringify({ name: `kind0-worker-gpu0-${number % 300}`, stage: `G${number % 50}`, done: number }),
  );
}

function drained(channel: { once(event: 'drain', listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => {
    channel.once('drain', resolve);
    setTimeout(resolve, 100);
  });
}
