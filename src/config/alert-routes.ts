/** Options that say which channels and recipients are told of which findings. */

import { z } from 'zod';
import { mailAddress } from './alert-types.js';
import { globs, show } from './option-types.js';

const SEVERITIES = ['critical', 'warning', 'info'] as const;
const CHANNELS = ['email', 'webhook', 'alertmanager'] as const;

function listOf<const T extends readonly [string, ...string[]]>(words: T) {
  const error = (issue: { input?: unknown }): string =>
    `expected a list of ${words.join(', ')}, got ${show(issue.input)}`;
  return z.array(z.enum(words, { error }), { error });
}

const route = z.strictObject({
  severities: listOf(SEVERITIES).default([]).meta({
    valueType: 'list of severities',
    description: 'Only findings of these severities. Empty: of any.',
  }),
  stages: globs([]).meta({
    description: 'Only findings of these stages, as name patterns of their ids. Empty: of any, and of none.',
  }),
  kinds: globs([]).meta({
    description: 'Only these kinds of findings, as name patterns (`Gpu*`). Empty: any.',
  }),
  channels: listOf(CHANNELS).nullable().default(null).meta({
    valueType: 'list of channels',
    description: 'What tells of them. Null: every channel there is; an empty list: nobody is told.',
  }),
  to: z
    .array(mailAddress(), { error: () => 'expected a list of mail addresses' })
    .default([])
    .meta({
      valueType: 'list of mail addresses',
      description: 'Who gets the mails of this route. Empty: `alerts.email.to`.',
    }),
});

export const alertRoutes = z
  .array(route, {
    error: () => 'expected a list of routes, like [{severities: [critical], to: [ops@example.com]}]',
  })
  .prefault([])
  .meta({
    valueType: 'list of routes',
    description:
      'Which findings go where: the first route that fits a finding decides. None fits: every channel there is, from `min_severity` on.',
  });

export type AlertRoute = z.output<typeof route>;
export type AlertChannel = (typeof CHANNELS)[number];
