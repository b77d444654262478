/** The page's one dialog: a title, some lines or fields, and buttons; Escape closes it. */

import { button, byId, el, setHidden } from './dom.js';

export interface DialogAction {
  readonly label: string;
  /** The one that Enter chooses. */
  readonly isMain?: boolean;
  readonly run: () => void;
}

export interface DialogContent {
  readonly title: string;
  readonly body: readonly Node[];
  readonly actions: readonly DialogAction[];
  /** When it is closed, by whatever; not when another content takes its place. */
  readonly onClose?: () => void;
}

let onClose: (() => void) | undefined;

export function showDialog({ title, body, actions, onClose: whenClosed }: DialogContent): void {
  const dialog = byId('dialog') as HTMLDialogElement;
  const main = actions.find(({ isMain }) => isMain);
  const heading = el('h2', '', title);
  heading.id = 'dialog-title';
  const form = el('form', '', heading, ...body);
  const row = el('div', 'dialog-actions');
  row.append(
    button('plain', main ? 'Cancel' : 'Close', () => dialog.close()),
    ...actions.map(({ label, run, isMain }) => {
      const made = button(isMain ? 'main-action' : 'plain', label, isMain ? () => undefined : run);
      if (isMain) made.type = 'submit';
      return made;
    }),
  );
  form.append(row);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    main?.run();
  });
  dialog.replaceChildren(form);
  onClose = whenClosed;
  dialog.onclose = () => onClose?.();
  if (!dialog.open) dialog.showModal();
  setHidden(dialog, false);
  (form.querySelector<HTMLElement>('input, select, .main-action') ?? row.querySelector('button'))?.focus();
}

export function closeDialog(): void {
  (byId('dialog') as HTMLDialogElement).close();
}
