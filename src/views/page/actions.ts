/** What can be done from the page, with a token: restart a worker after seeing what it costs, silence a problem. */

import type { Problem } from '../picture/problems.js';
import { type Answer, tell } from './api.js';
import { closeDialog, showDialog } from './dialog.js';
import { el } from './dom.js';
import { matchersFor } from './silences.js';
import { keepToken, readToken } from './token.js';

export interface Actions {
  readonly hasToken: boolean;
  /** Asks for a token, or forgets the one there is. */
  toggleToken(): void;
  restart(container: string): void;
  silence(problem: Problem): void;
}

interface RestartAnswer {
  readonly decision?: string | null;
  readonly reason?: string | null;
  readonly text?: string | null;
  readonly result?: string | null;
  readonly cost?: { readonly text?: string | null } | null;
}

const DURATIONS = ['30m', '2h', '8h', '24h'] as const;

/** `onChange` is called when the token came or went. */
export function createActions(onChange: () => void): Actions {
  function setToken(token: string | null): void {
    keepToken(token);
    onChange();
  }

  /** Undefined: the dialog says why not. */
  async function post<T>(path: string, body: object, title: string): Promise<T | undefined> {
    const token = readToken();
    if (token === null) return undefined;
    const answer: Answer<T> = await tell(path, token, body);
    if (answer.kind === 'ok') return answer.data;
    if (answer.kind === 'refused' && answer.status === 401) setToken(null);
    showDialog({ title, body: [el('p', 'refusal', problemOf(answer))], actions: [] });
    return undefined;
  }

  async function restart(container: string): Promise<void> {
    const title = `Restart ${container}`;
    const path = `/api/v1/containers/${encodeURIComponent(container)}/restart`;
    showDialog({ title, body: [el('p', '', 'Asking what it would cost…')], actions: [] });
    const plan = await post<RestartAnswer>(path, { dryRun: true, by: 'page' }, title);
    if (!plan) return;
    const isAllowed = plan.decision === 'restart';
    const run = async (): Promise<void> => {
      showDialog({ title, body: [el('p', '', 'Restarting…')], actions: [] });
      const done = await post<RestartAnswer>(
        path,
        { by: 'page', why: 'asked for on the page', force: !isAllowed },
        title,
      );
      if (done) showDialog({ title, body: linesOf(done), actions: [] });
    };
    showDialog({
      title,
      body: linesOf(plan),
      actions: [
        { label: isAllowed ? 'Restart it' : 'Restart it anyway', isMain: isAllowed, run: () => void run() },
      ],
    });
  }

  async function addSilence(problem: Problem, duration: string, comment: string): Promise<void> {
    const matchers = matchersFor(problem);
    const title = `Silence ${problem.kind}`;
    const body = { matchers, duration, by: 'page', comment: comment || 'silenced on the page' };
    if (await post('/api/v1/silences', body, title)) closeDialog();
  }

  return {
    get hasToken() {
      return readToken() !== null;
    },
    toggleToken() {
      if (readToken() !== null) setToken(null);
      else
        askToken((token) => {
          setToken(token);
          closeDialog();
        });
    },
    restart: (container) => void restart(container),
    silence: (problem) =>
      askSilence(problem, (duration, comment) => void addSilence(problem, duration, comment)),
  };
}

function problemOf(answer: Exclude<Answer<unknown>, { kind: 'ok' }>): string {
  if (answer.kind === 'unreachable') return 'stagewatch does not answer; whether it was done is not known.';
  if (answer.status === 401) return 'The token was refused; enter it again.';
  if (answer.status === 404) return `This cannot be done here: ${answer.problem}.`;
  return `Refused: ${answer.problem}.`;
}

function linesOf({ decision, text, cost, result, reason }: RestartAnswer): readonly Node[] {
  const said = text ?? reason?.replaceAll('_', ' ') ?? decision ?? '';
  return [
    ...(result ? [el('p', 'result', `Result: ${result.replaceAll('_', ' ')}`)] : []),
    ...(said === '' ? [] : [el('p', '', said)]),
    ...(cost?.text ? [el('p', 'cost', `It costs: ${cost.text}`)] : []),
  ];
}

function askToken(onToken: (token: string) => void): void {
  const input = el('input');
  input.type = 'password';
  input.autocomplete = 'off';
  input.required = true;
  showDialog({
    title: 'Allow actions',
    body: [
      el(
        'p',
        '',
        'Restarts and silences need the daemon’s bearer token (web.bearer_token). It is kept in this tab only.',
      ),
      el('label', '', 'Token', input),
    ],
    actions: [{ label: 'Allow', isMain: true, run: () => input.value !== '' && onToken(input.value) }],
  });
}

function askSilence(problem: Problem, onChosen: (duration: string, comment: string) => void): void {
  const duration = el('select', '', ...DURATIONS.map((value) => el('option', '', value)));
  duration.value = '2h';
  const comment = el('input');
  const matched = Object.entries(matchersFor(problem))
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
  showDialog({
    title: `Silence ${problem.kind}`,
    body: [
      el('p', '', `Nobody is told of ${matched} for a while; it stays on this page.`),
      el('label', '', 'For', duration),
      el('label', '', 'Why', comment),
    ],
    actions: [{ label: 'Silence', isMain: true, run: () => onChosen(duration.value, comment.value) }],
  });
}
