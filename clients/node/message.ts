/** A message as a handler sees it, and which job it asks for. */

import { createHash } from 'node:crypto';

/** What the broker handed over. `epoch` counts channels: a tag means nothing on any other. */
export interface Delivery {
  readonly epoch: number;
  readonly tag: number;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly messageId: string | undefined;
  readonly redelivered: boolean;
}

export interface Message {
  readonly delivery: Delivery;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly messageId: string | undefined;
  readonly redelivered: boolean;
  readonly document: string | undefined;
  readonly stage: string | undefined;
  /** The parsed body where it is JSON, else undefined. */
  readonly json: unknown;
}

/** Document and stage come from the fields of a JSON object, else from headers of the same names. */
export function readMessage(delivery: Delivery, documentField: string): Message {
  const json = parseJson(delivery.body);
  const fields = typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
  const text = (key: string): string | undefined => {
    const found = (fields as Record<string, unknown>)[key] ?? delivery.headers[key];
    if (typeof found === 'number') return String(found);
    return typeof found === 'string' && found !== '' ? found : undefined;
  };
  const { body, headers, messageId, redelivered } = delivery;
  return {
    delivery,
    body,
    headers,
    messageId,
    redelivered,
    document: text(documentField),
    stage: text('stage'),
    json,
  };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // A body that is no JSON is the handler's to read.
    return undefined;
  }
}

/**
 * Names of the job a message asks for, each with the body in it: a broker never changes the body it delivers again. A
 * message without an id and without a document has none, and is taken for a job of its own each time.
 */
export interface JobKey {
  readonly byId: string | undefined;
  readonly byDocument: string | undefined;
}

export function jobKey({ body, messageId, document }: Message): JobKey {
  const digest = createHash('sha1').update(body).digest('base64');
  return {
    byId: messageId ? `id:${digest}:${messageId}` : undefined,
    byDocument: document === undefined ? undefined : `document:${digest}:${document}`,
  };
}

export function isSameJob(one: JobKey, other: JobKey): boolean {
  return (
    (one.byId !== undefined && one.byId === other.byId) ||
    (one.byDocument !== undefined && one.byDocument === other.byDocument)
  );
}
