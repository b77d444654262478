/** Removes credentials from text before it can reach a log line, page, metric or mail. */

const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/]{1,1000}@/gi;

/** `amqp://user:pass@host/vhost` becomes `amqp://***@host/vhost`; text without a URL is returned as it is. */
export function scrubCredentials(text: string): string {
  return text.replace(URL_CREDENTIALS, '$1***@');
}
