/** Names in a certificate's subjectAltName as Node prints it: DNS names, addresses, mail addresses and URIs. */

const ENTRY = /(?:^|, )(?:DNS|IP Address|email|URI):(?:"((?:[^"\\]|\\.)*)"|([^,]*))/g;

/** What has a comma or a quote in it Node prints as a JSON string. */
export function listSans(subjectAltName: string | undefined): readonly string[] {
  return [...(subjectAltName ?? '').matchAll(ENTRY)].map(([, quoted, plain = '']) =>
    quoted === undefined ? plain : (JSON.parse(`"${quoted}"`) as string),
  );
}
