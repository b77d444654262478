/** Options of notifications: who is told of which findings, by which channel, and how often. */

import { z } from 'zod';
import { alertRoutes } from './alert-routes.js';
import { mailAddress, timeOfDay, timeZone } from './alert-types.js';
import {
  duration,
  flag,
  oneOf,
  optionalDuration,
  optionalSecret,
  optionalText,
  optionalUrl,
  wholeNumber,
} from './option-types.js';

const email = z
  .strictObject({
    smtp_url: optionalUrl(['smtp:', 'smtps:'], 'smtp://user:password@mail.example.com:587').meta({
      description:
        'The mail server: `smtps://` speaks TLS from the first byte (port 465), `smtp://` changes to it when the server ' +
        'offers STARTTLS (port 587). Null: no mail.',
    }),
    from: mailAddress()
      .default('stagewatch@localhost')
      .meta({ valueType: 'mail address', description: 'The sender of every mail.' }),
    to: z
      .array(mailAddress(), { error: () => 'expected a list of mail addresses' })
      .default([])
      .meta({
        valueType: 'list of mail addresses',
        description: 'Who gets the mails, but for routes with a `to` of their own.',
      }),
    starttls: oneOf(['auto', 'required', 'off'], 'auto').meta({
      description:
        'Whether a connection by `smtp://` changes to TLS: when the server offers it (auto), else nothing is sent ' +
        '(required), or never (off). A user and password are only sent over TLS, or with `off`.',
    }),
    tls_ca: optionalText('a path').meta({
      description: 'CA certificate (PEM) that signed the server’s, if no public one did.',
    }),
    tls_verify: flag(true).meta({
      description: 'Whether the server’s certificate is checked. False: anybody can pretend to be it.',
    }),
    time_limit: duration('30s', { atLeast: '1s', atMost: '5m' }).meta({
      description: 'Time limit of sending one mail, from the connection to the server’s word that it has it.',
    }),
  })
  .prefault({});

const alertmanager = z
  .strictObject({
    urls: z
      .array(
        z.string().refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
          error: () => 'expected a URL like http://alertmanager:9093',
        }),
        { error: () => 'expected a list of URLs like [http://alertmanager:9093]' },
      )
      .default([])
      .meta({
        valueType: 'list of URLs',
        description:
          'Every instance of the Alertmanager: each is told by itself, as a cluster wants it. Empty: none is told.',
      }),
    resend: duration('1m', { atLeast: '5s', atMost: '2m' }).meta({
      description:
        'How often an Alertmanager is told again of what is open, which it would else take for ended.',
    }),
    time_limit: duration('10s', { atLeast: '100ms', atMost: '1m' }).meta({
      description: 'Time limit of one call.',
    }),
  })
  .prefault({});

const webhook = z
  .strictObject({
    url: optionalUrl(['http:', 'https:'], 'https://hooks.example.com/stagewatch').meta({
      description: 'Where messages are posted as JSON. Null: nowhere.',
    }),
    secret: optionalSecret('a secret').meta({
      description:
        'Signs each message (HMAC-SHA256), so that the receiver knows who sent it. Null: unsigned.',
    }),
    template: oneOf(['generic', 'slack'], 'generic').meta({
      description: 'The form of the JSON: all facts (generic), or what Slack’s incoming webhooks take.',
    }),
    time_limit: duration('10s', { atLeast: '100ms', atMost: '1m' }).meta({
      description: 'Time limit of one call.',
    }),
  })
  .prefault({});

const quietHours = z
  .strictObject({
    from: timeOfDay('22:00').meta({ description: 'When quiet hours begin. Null: there are none.' }),
    to: timeOfDay('07:00').meta({ description: 'When they end, if earlier than `from`, on the next day.' }),
    hold_critical: flag(false).meta({
      description: 'Whether critical findings wait for the end of quiet hours too.',
    }),
  })
  .superRefine(({ from, to }, context) => {
    if ((from === null) !== (to === null) || (from !== null && from === to)) {
      const message = 'expected both from and to, and not the same time, like {from: "22:00", to: "07:00"}';
      context.addIssue({ code: 'custom', path: [], message });
    }
  })
  .prefault({});

const flapping = z
  .strictObject({
    opens: wholeNumber(3, 2, 100).meta({
      description:
        'What opened so many times within `window` comes and goes: after one word of it, it is not told each time.',
    }),
    window: duration('1h', { atLeast: '1m', atMost: '24h' }).meta({
      description: 'The time in which openings are counted.',
    }),
    quiet: duration('15m', { atLeast: '10s', atMost: '24h' }).meta({
      description: 'How long it must have stayed away to be told as resolved.',
    }),
  })
  .prefault({});

export const alertsSection = z
  .strictObject({
    email,
    alertmanager,
    webhook,
    routes: alertRoutes,
    min_severity: oneOf(['info', 'warning', 'critical'], 'warning').meta({
      description:
        'The least severe findings of which mail and webhook tell where no route says otherwise. An Alertmanager gets all.',
    }),
    group_wait: duration('10s', { atLeast: '0s', atMost: '1h' }).meta({
      description: 'How long the first message of a group waits for others of its kind and stage to join.',
    }),
    group_interval: duration('5m', { atLeast: '0s', atMost: '24h' }).meta({
      description: 'How soon after a message what has joined its group since is told.',
    }),
    repeat: duration('4h', { atLeast: '1m', atMost: '30d' }).meta({
      description: 'How often what is still open is told again.',
    }),
    send_resolved: flag(true).meta({ description: 'Whether the end of what was told is told too.' }),
    flapping,
    quiet_hours: quietHours,
    digest: z
      .strictObject({
        at: timeOfDay('08:00').meta({
          description: 'When the mail of the last 24 hours is sent each day. Null: never.',
        }),
        to: z
          .array(mailAddress(), { error: () => 'expected a list of mail addresses' })
          .default([])
          .meta({ valueType: 'list of mail addresses', description: 'Who gets it. Empty: `email.to`.' }),
      })
      .prefault({}),
    timezone: timeZone().meta({
      description: 'Time zone of quiet hours, digest and the times in mails. Null: the daemon’s own.',
    }),
    external_url: optionalUrl(['http:', 'https:'], 'https://stagewatch.example.com').meta({
      description: 'Under which address people reach the page of stagewatch, for links in messages.',
    }),
    grafana_url: optionalUrl(['http:', 'https:'], 'https://grafana.example.com/d/stagewatch-run').meta({
      description: 'Address of a dashboard, for links in messages; the time is added to it.',
    }),
    runbook_url: optionalUrl(['http:', 'https:'], 'https://wiki.example.com/runbooks').meta({
      description:
        'Folder of the runbooks: the name of the alert is added, as in `…/PipelineWorkerStuck.md`.',
    }),
    max_per_hour: wholeNumber(60, 1, 10_000).meta({
      description:
        'So many messages an hour go to one recipient or webhook; more wait, and are told together.',
    }),
    give_up_after: optionalDuration({ atLeast: '1m', atMost: '30d' }).meta({
      description: 'How long a message that cannot be delivered is tried. Null: one day.',
    }),
  })
  .superRefine(({ email: mail, webhook: hook, routes }, context) => {
    routes.forEach(({ channels, to }, index) => {
      const issue = (key: string, message: string): void =>
        context.addIssue({ code: 'custom', path: ['routes', index, key], message });
      if (channels?.includes('webhook') && hook.url === null)
        issue('channels', 'set alerts.webhook.url first');
      if (channels?.includes('email') && mail.smtp_url === null) {
        issue('channels', 'set alerts.email.smtp_url first');
      } else if (channels?.includes('email') && mail.to.length === 0 && to.length === 0) {
        issue('to', 'nobody would get the mail: set it, or alerts.email.to');
      }
    });
    if (mail.smtp_url !== null && mail.to.length === 0 && routes.every(({ to }) => to.length === 0)) {
      const message = 'nobody would get the mail: set alerts.email.to';
      context.addIssue({ code: 'custom', path: ['email', 'to'], message });
    }
  })
  .prefault({});

export type AlertsConfig = z.output<typeof alertsSection>;
