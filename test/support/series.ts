/** Looks up series on a /metrics page. */

export interface Series {
  /** The value of the one series with this name and at least these labels; undefined when there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
  /** All series of a name. */
  all(name: string): readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
  readonly names: ReadonlySet<string>;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const PAIR = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function parseSeries(page: string): Series {
  const byName = new Map<string, { labels: Record<string, string>; value: number }[]>();
  for (const line of page.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name, pairs = '', text] = LINE.exec(line) ?? [];
    if (name === undefined) throw new Error(`not a line of the text format: ${line}`);
    const labels: Record<string, string> = {};
    for (const [, key = '', value = ''] of pairs.matchAll(PAIR)) labels[key] = unescapeLabel(value);
    const series = byName.get(name) ?? [];
    series.push({ labels, value: text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text) });
    byName.set(name, series);
  }
  return {
    names: new Set(byName.keys()),
    all: (name) => byName.get(name) ?? [],
    value(name, wanted = {}) {
      const found = (byName.get(name) ?? []).filter(({ labels }) =>
        Object.entries(wanted).every(([key, value]) => labels[key] === value),
      );
      if (found.length > 1) throw new Error(`${found.length} series of ${name} ${JSON.stringify(wanted)}`);
      return found[0]?.value;
    },
  };
}

function unescapeLabel(value: string): string {
  return value.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}
