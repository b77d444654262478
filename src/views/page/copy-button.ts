/** A command to copy: its text, what it is for, and a button that puts it on the clipboard. */

import { button, el } from './dom.js';

const THANKS_MS = 1600;

export function createCommand(text: string, purpose: string): HTMLElement {
  const code = el('code', '', text);
  const copy = button('copy', 'Copy', () => void copyText());
  copy.setAttribute('aria-label', `Copy: ${text}`);

  async function copyText(): Promise<void> {
    // The clipboard is there on https and localhost only; elsewhere the text is selected, ready for Ctrl+C.
    const isCopied = await writeClipboard(text);
    if (!isCopied) getSelection()?.selectAllChildren(code);
    copy.textContent = isCopied ? 'Copied' : 'Ctrl+C';
    setTimeout(() => {
      copy.textContent = 'Copy';
    }, THANKS_MS);
  }

  return el('div', 'command', code, copy, el('span', 'purpose', purpose));
}

async function writeClipboard(text: string): Promise<boolean> {
  if (!isSecureContext) return false;
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}
