import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderDashboards } from '../../grafana/src/all-dashboards.js';
import { COLORS } from '../../grafana/src/look.js';
import { WORKER_STATUSES } from '../../src/detectors/verdicts.js';
import { type Dashboard, fillIn, type Panel, readDashboards } from '../support/dashboards.js';

const dashboards = readDashboards();
const COLUMNS = 24;
/** What Grafana itself fills in; the values do not matter here. */
const BUILT_IN = ['__rate_interval', '__range', '__range_s', '__url_time_range', '__data', '__all'];

describe('the committed dashboards', () => {
  it('are what their source generates (npm run dashboards writes them)', () => {
    const committed = Object.fromEntries(
      dashboards.map(({ file, text }) => [`grafana/dashboards/${file}`, text]),
    );
    assert.deepEqual(committed, renderDashboards());
  });

  it('are of the schema that every Grafana of today loads, each with an address of its own', () => {
    for (const { schemaVersion, editable } of dashboards) {
      assert.equal(schemaVersion, 42);
      assert.equal(editable, false);
    }
    assert.equal(new Set(dashboards.map(({ uid }) => uid)).size, dashboards.length);
    assert.equal(new Set(dashboards.map(({ title }) => title)).size, dashboards.length);
  });

  it('lead to one another with time and variables', () => {
    for (const { links, tags, title } of dashboards) {
      assert.ok(
        links.some(
          (link) => link.keepTime && link.includeVars && link.tags.some((tag) => tags.includes(tag)),
        ),
        title,
      );
    }
  });

  it('link only to dashboards that there are', () => {
    const uids = new Set(dashboards.map(({ uid }) => uid));
    for (const { text } of dashboards) {
      for (const [, uid = ''] of text.matchAll(/\/d\/([\w-]+)/g)) assert.ok(uids.has(uid), uid);
    }
  });

  it('begin with four to six numbers that say whether to read on', () => {
    for (const { panels, title } of dashboards) {
      const first = panels.filter(({ gridPos }) => gridPos.y === 0);
      assert.ok(first.length >= 4 && first.length <= 6, title);
      assert.ok(
        first.every(({ type }) => type === 'stat'),
        title,
      );
    }
  });
});

describe('the numbers', () => {
  const texts = dashboards.map(({ text }) => text).join('\n');
  const expressions = [...texts.matchAll(/"expr": "((?:[^"\\]|\\.)*)"/g)].map(([, expr = '']) => expr);

  it('that count are exact: no unit cuts 9 050 down to 9.05 K', () => {
    assert.doesNotMatch(texts, /"(?:unit|value)": "(?:short|sishort)"/);
    assert.match(texts, /"unit": "locale"/);
  });

  it('that count are whole: what Prometheus extrapolates shows no fractions in a stat', () => {
    for (const { type, title, fieldConfig } of dashboards.flatMap(({ panels }) => panels)) {
      if (type !== 'stat' || fieldConfig.defaults.unit !== 'locale') continue;
      assert.equal(fieldConfig.defaults.decimals, 0, title);
    }
  });

  it('that tell how long something lasts write no milliseconds', () => {
    for (const { text, file } of dashboards) assert.doesNotMatch(text, /"dtdurations"/, file);
  });

  it('that tell how long something lasts are whole seconds', () => {
    const ages = expressions.filter((expr) =>
      /^(?:floor\()?(?:max[^(]*\()?time\(\) - |began_timestamp/.test(expr),
    );
    assert.ok(ages.length > 3);
    const isSilence = (expr: string): boolean =>
      expr.startsWith('max(time() - pipeline_worker_last_progress');
    for (const expr of ages.filter((one) => !isSilence(one) && !one.includes('+ 2000000000')))
      assert.match(expr, /^floor\(/);
  });

  it('of failures leave out ends that were asked for', () => {
    const ends = expressions.filter((expr) => expr.includes('pipeline_container_exits_total'));
    assert.ok(ends.length >= 3);
    for (const expr of ends) assert.match(expr, /- increase\(pipeline_container_stops_total/);
  });

  it('of an empty queue say that it is empty, not that it does not drain', () => {
    const drains = expressions.filter((expr) => expr.includes('> 0.001'));
    assert.ok(drains.length >= 2);
    for (const expr of drains) assert.match(expr, /== 0\)\\nor floor/);
    assert.match(texts, /"0": \{\s*"text": "empty"/);
  });

  it('of throughput show within a run of ten minutes', () => {
    const targets = dashboards.flatMap(({ panels }) => panels.flatMap(({ targets: own }) => own));
    const paces = targets.filter(({ expr }) =>
      /\brate\(pipeline_stage_jobs_completed_total/.test(expr ?? ''),
    );
    assert.ok(paces.length >= 2);
    for (const { interval } of paces as readonly { readonly interval?: string }[])
      assert.equal(interval, '2m');
  });

  it('of findings in the first row count causes, not what follows from them', () => {
    const counts = expressions.filter((expr) => expr.startsWith('count(max by (kind'));
    assert.ok(counts.length >= 3);
    for (const expr of counts) assert.match(expr, /cause=\\"\\"/);
  });
});

describe('the colours', () => {
  /** Relative luminance by WCAG 2. */
  const luminance = (color: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };

  for (const [theme, background] of [
    ['light', '#ffffff'],
    ['dark', '#181b1f'],
  ] as const) {
    it(`stand out from a ${theme} panel as large text and shapes must (AA: 3 to 1)`, () => {
      for (const [name, color] of Object.entries(COLORS)) {
        if (!color.startsWith('#')) continue;
        const [lower = 0, upper = 0] = [luminance(color), luminance(background)].toSorted(
          (one, other) => one - other,
        );
        assert.ok((upper + 0.05) / (lower + 0.05) >= 3, name);
      }
    });
  }
});

for (const dashboard of dashboards) {
  describe(`the dashboard ${dashboard.title}`, () => {
    it('has panels of distinct ids that neither overlap nor leave the grid', () => {
      const taken = new Map<string, string>();
      for (const { gridPos, title } of dashboard.panels) {
        const { x, y, w, h } = gridPos;
        assert.ok(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= COLUMNS, `${title} is out of the grid`);
        for (const cell of cells(gridPos)) {
          assert.equal(taken.get(cell), undefined, `${title} lies on ${taken.get(cell)}`);
          taken.set(cell, title);
        }
      }
      const height = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h));
      assert.equal(taken.size, height * COLUMNS, 'there is a hole');
      assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
    });

    it('says of each panel what it shows, what good looks like and what to do when it does not', () => {
      for (const { title, description } of dashboard.panels) {
        assert.match(description, /^.{20,}\n\n\*\*Good:\*\* .+\n\n\*\*If not:\*\* .{10,}$/s, title);
      }
    });

    it('uses only variables that it has', () => {
      const names = [...dashboard.templating.list.map(({ name }) => name), ...BUILT_IN];
      const used = [...dashboard.text.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
      for (const name of used) assert.ok(names.includes(name), name);
      assert.equal(fillIn('$__range_s of ${a}', { __range: '2h', __range_s: '7200', a: 'b' }), '7200 of b');
    });

    it('shows a status by shape, word and colour, in every place the same', () => {
      for (const panel of dashboard.panels) {
        for (const [value, { text, color }] of statusMappings(panel)) {
          assert.match(text, /^[●○◌◐◎✖■?] \w+$/, panel.title);
          assert.equal(statusText(dashboards, value), `${text} ${color}`);
        }
      }
    });

    it('overrides only columns and queries that there are', () => {
      for (const panel of dashboard.panels) {
        const names = [
          ...Object.values((renames(panel) ?? {}) as Record<string, string>),
          ...panel.targets.map(({ refId }) => refId),
          ...panel.targets.map(({ legendFormat }) => legendFormat),
          ...WORKER_STATUSES,
        ];
        for (const { matcher } of panel.fieldConfig.overrides) {
          assert.ok(names.includes(matcher.options), `${panel.title}: ${matcher.options}`);
        }
      }
    });
  });
}

function* cells({ x, y, w, h }: Panel['gridPos']): Generator<string> {
  for (let row = y; row < y + h; row++)
    for (let column = x; column < x + w; column++) yield `${column},${row}`;
}

function renames({ transformations = [] }: Panel): unknown {
  return transformations.find(({ id }) => id === 'organize')?.options['renameByName'];
}

interface Mapped {
  readonly text: string;
  readonly color: string;
}

/** Mappings that tell a worker's status. */
function statusMappings(panel: Panel): readonly (readonly [string, Mapped])[] {
  const found = JSON.stringify(panel).matchAll(/"options":(\{"1":\{"text":"○ idle".*?\}\})/g);
  return [...found].flatMap(([, json = '{}']) => Object.entries(JSON.parse(json) as Record<string, Mapped>));
}

function statusText(all: readonly Dashboard[], value: string): string | undefined {
  const [first] = all
    .flatMap(({ panels }) => panels.flatMap(statusMappings))
    .filter(([one]) => one === value);
  return first && `${first[1].text} ${first[1].color}`;
}
