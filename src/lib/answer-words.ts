/** What a server said in its answer, fit for a message: one short line without markup, control characters or secrets. */

const MAX_SCANNED = 4000;
const MAX_WORDS = 200;
/** Shorter parts of a URL are ordinary words. */
const MIN_SECRET = 4;
/** What a terminal obeys, turns text around or breaks a line. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;

/** Of a page its title; empty where nothing was said. `url`: its path, query and credentials are left out, they may be secrets. */
export function answerWords(body: string, url: URL): string {
  const text = body.slice(0, MAX_SCANNED);
  const plain = isHtmlPage(text) ? (pageTitle(text) ?? 'a web page') : text.replaceAll(/<[^<>]*>/g, ' ');
  const words = hideSecrets(plain, url).replaceAll(UNSAFE, ' ').replaceAll(/\s+/g, ' ').trim();
  const characters = Array.from(words);
  return characters.length > MAX_WORDS ? `${characters.slice(0, MAX_WORDS - 1).join('')}…` : words;
}

export function isHtmlPage(body: string): boolean {
  let rest = body.slice(0, MAX_SCANNED).trimStart();
  if (/^<\?xml/i.test(rest)) rest = afterFirst(rest, '>');
  // Not in one expression: that would try all ways to divide a row of comments, without end.
  while (rest.startsWith('<!--')) rest = afterFirst(rest, '-->');
  return /^<(?:!doctype html|html)\b/i.test(rest);
}

/** Empty where it never comes. */
function afterFirst(text: string, end: string): string {
  const at = text.indexOf(end);
  return at < 0 ? '' : text.slice(at + end.length).trimStart();
}

/** A page that asks for a password stands in front of the server, and nothing came through to it. */
export function isLoginPage(body: string): boolean {
  return isHtmlPage(body) && /\btype\s*=\s*["']?password\b/i.test(body);
}

function pageTitle(text: string): string | undefined {
  const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1]?.trim();
  return title === undefined || title === '' ? undefined : `“${title}”, a web page`;
}

function hideSecrets(text: string, { pathname, searchParams, username, password }: URL): string {
  const decoded = pathname.split('/').map((part) => tryDecode(part));
  const secrets = [
    pathname,
    ...pathname.split('/'),
    ...decoded,
    ...searchParams.values(),
    username,
    password,
  ];
  const long = secrets.filter((secret) => secret.length >= MIN_SECRET);
  return long
    .toSorted((one, other) => other.length - one.length)
    .reduce((hidden, secret) => hidden.replaceAll(secret, '…'), text);
}

function tryDecode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A lone percent sign stands for itself.
    return part;
  }
}
