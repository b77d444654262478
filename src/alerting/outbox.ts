/** What is decided and not delivered yet. Of messages on the same trouble that both wait, the newer says it all. */

import { MAX_LISTED, type Notification, type SendReason } from './notification.js';

/** For one channel: more groups than this wait to be decided until something was delivered. */
export const MAX_OUTBOX = 200;

export function enqueue(
  outbox: readonly Notification[],
  next: Notification,
  isUnderWay: (id: string) => boolean,
): readonly Notification[] {
  const isReplaced = ({ group, id }: Notification): boolean => group === next.group && !isUnderWay(id);
  const replaced = outbox.filter(isReplaced);
  return [...outbox.filter((one) => !isReplaced(one)), replaced.reduce(mergeInto, next)];
}

export function withoutNotification(outbox: readonly Notification[], id: string): readonly Notification[] {
  return outbox.some((one) => one.id === id) ? outbox.filter((one) => one.id !== id) : outbox;
}

function mergeInto(next: Notification, old: Notification): Notification {
  const known = new Set(next.ended.map(({ id }) => id));
  const listed = new Set(next.findings.map(({ id }) => id));
  const ended = [...next.ended, ...old.ended.filter(({ id }) => !known.has(id) && !listed.has(id))];
  const newIds = new Set([...old.newIds.filter((id) => listed.has(id)), ...next.newIds]);
  return {
    ...next,
    reason: mergedReason(next.reason, old.reason),
    newIds: [...newIds],
    ended: ended.slice(0, MAX_LISTED),
    endedCount: Math.max(next.endedCount, ended.length),
    replaced: (next.replaced ?? 0) + 1 + (old.replaced ?? 0),
  };
}

/** To somebody who has heard nothing yet, what grew or goes on is new. */
function mergedReason(next: SendReason, old: SendReason): SendReason {
  const isNews = old === 'new' || old === 'flapping';
  return isNews && (next === 'grew' || next === 'repeat') ? old : next;
}
