/** What can be done from the page, with a token: restart a worker after seeing what it costs, silence a problem. */

import { formatDuration } from '../picture/format.js';
import type { WorkerView } from '../picture/people.js';
import type { Problem } from '../picture/problems.js';
import { STATUS_LOOKS } from '../picture/vocabulary.js';
import { type Answer, tell } from './api.js';
import { closeDialog, showDialog } from './dialog.js';
import { el, setText } from './dom.js';
import { matchersFor } from './silences.js';
import { keepToken, readToken } from './token.js';

export interface Actions {
  readonly hasToken: boolean;
  /** Asks for a token, or forgets the one there is. */
  toggleToken(): void;
  restart(container: string): void;
  silence(problem: Problem): void;
  /** An open dialog shows how its worker stands now; where that has changed, the cost is asked for again. */
  refresh(workers: readonly WorkerView[]): void;
}

/** The dialog of a restart, as long as it is open. */
interface OpenRestart {
  readonly container: string;
  readonly now: HTMLElement;
  /** What the plan rests on; null while it is not known or no plan is shown. */
  standing: string | null;
  replan: (() => void) | null;
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
  let restarting: OpenRestart | undefined;

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

  async function restart(container: string, isAgain = false): Promise<void> {
    const title = `Restart ${container}`;
    const path = `/api/v1/containers/${encodeURIComponent(container)}/restart`;
    const now = restarting?.now ?? el('p', 'now');
    const open: OpenRestart = { container, now, standing: restarting?.standing ?? null, replan: null };
    restarting = open;
    if (!isAgain)
      showDialog({
        title,
        body: [el('p', '', 'Asking what it would cost…'), now],
        actions: [],
        onClose: forget,
      });
    const plan = await post<RestartAnswer>(path, { dryRun: true, by: 'page' }, title);
    if (!plan || restarting !== open) return;
    const isAllowed = plan.decision === 'restart';
    const run = async (): Promise<void> => {
      open.replan = null;
      showDialog({ title, body: [el('p', '', 'Restarting…'), now], actions: [], onClose: forget });
      const done = await post<RestartAnswer>(
        path,
        { by: 'page', why: 'asked for on the page', force: !isAllowed },
        title,
      );
      if (done && restarting === open)
        showDialog({ title, body: [...linesOf(done), now], actions: [], onClose: forget });
    };
    showDialog({
      title,
      body: [...linesOf(plan), now],
      actions: [
        { label: isAllowed ? 'Restart it' : 'Restart it anyway', isMain: isAllowed, run: () => void run() },
      ],
      onClose: forget,
    });
    open.replan = () => void restart(container, true);
  }

  function forget(): void {
    restarting = undefined;
  }

  function refresh(workers: readonly WorkerView[]): void {
    if (!restarting) return;
    const { container, now, standing, replan } = restarting;
    const worker = workers.find((one) => one.container === container);
    setText(now, worker ? `Now: ${sayStanding(worker)}` : 'Its container is gone.');
    const next = standingOf(worker);
    restarting.standing = next;
    if (standing !== null && standing !== next && replan) {
      restarting.replan = null;
      replan();
    }
  }

  async function allow(token: string): Promise<void> {
    const answer = await tell('/api/v1/token', token, {});
    // An older daemon has nothing to check it with: the first action tells.
    if (answer.kind === 'ok' || (answer.kind === 'refused' && answer.status === 404)) {
      setToken(token);
      closeDialog();
    } else askToken((again) => void allow(again), problemOf(answer));
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
      else askToken((token) => void allow(token), null);
    },
    restart(container) {
      forget();
      void restart(container);
    },
    refresh,
    silence: (problem) =>
      askSilence(problem, (duration, comment) => void addSilence(problem, duration, comment)),
  };
}

/** `✖ stuck for 7m12s, PMC1 at page 12 of 40`. */
function sayStanding({ status, forMs, document, done, total, unit }: WorkerView): string {
  const { shape, word } = STATUS_LOOKS[status];
  const since = forMs === null ? '' : ` for ${formatDuration(forMs)}`;
  const place = done === null ? '' : ` at ${unit ?? 'step'} ${done}${total === null ? '' : ` of ${total}`}`;
  return `${shape} ${word}${since}${document === null ? '' : `, ${document}${place}`}.`;
}

/** What a restart's cost and permission rest on: when it changes they are asked for again. */
function standingOf(worker: WorkerView | undefined): string {
  if (!worker) return '';
  const { id, status, document, restarts } = worker;
  return JSON.stringify([id, status, document, restarts?.decision ?? null]);
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

/** `refusal`: why the one before was not taken. */
function askToken(onToken: (token: string) => void, refusal: string | null): void {
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
      ...(refusal === null ? [] : [el('p', 'refusal', refusal)]),
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
