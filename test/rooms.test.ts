import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';

/** Which rooms of src/ a room may import; a room may always import itself. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  config: ['lib'],
  fleet: ['config', 'lib'],
  journal: ['lib'],
  sources: ['fleet', 'config', 'lib'],
  detectors: ['fleet', 'config', 'lib'],
  metrics: ['fleet', 'detectors', 'lib'],
  alerting: ['detectors', 'fleet', 'config', 'journal', 'lib'],
  recovery: ['detectors', 'fleet', 'config', 'journal', 'lib'],
  views: ['fleet', 'detectors', 'recovery', 'alerting', 'config', 'journal', 'lib'],
  report: ['journal', 'lib'],
  simulation: ['fleet', 'config', 'lib'],
  cli: [
    'app',
    'config',
    'detectors',
    'fleet',
    'journal',
    'sources',
    'metrics',
    'recovery',
    'alerting',
    'report',
    'simulation',
    'views',
    'lib',
  ],
  app: [
    'config',
    'detectors',
    'fleet',
    'journal',
    'sources',
    'metrics',
    'recovery',
    'alerting',
    'views',
    'lib',
  ],
  main: ['cli', 'lib'],
  healthcheck: [],
};

/** One outside package has one home, so that it can be replaced there. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  dockerode: ['src/sources/docker/engine-transport.ts'],
  amqplib: ['src/sources/rabbitmq/'],
  bcryptjs: ['src/views/door/bcrypt-thread.ts'],
  'prom-client': ['src/metrics/self-metrics.ts'],
  express: ['src/views/'],
  helmet: ['src/views/'],
  pino: ['src/lib/logger.ts'],
  commander: ['src/cli/program.ts'],
  yaml: ['src/config/'],
  nodemailer: ['src/alerting/email/'],
  'node-cron': ['src/app.ts', 'src/app/'],
  'string-width': ['src/views/'],
  uplot: ['src/views/page/'],
  zod: ['src/config/', 'src/sources/'],
};

const IMPORT = /(?:from\s+|import\()\s*'([^']+)'/g;

interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Specifiers of static and dynamic imports. */
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join('src', path), 'utf8');
    return {
      path: join('src', path),
      text,
      imports: [...text.matchAll(IMPORT)].map(([, specifier = '']) => specifier),
    };
  });

const roomOf = (path: string): string => (path.split('/')[1] ?? '').replace(/\.ts$/, '');
const targetOf = (file: SourceFile, specifier: string): string =>
  normalize(join(dirname(file.path), specifier)).replace(/\.js$/, '.ts');

describe('rooms of src/', () => {
  it('import only the rooms that they may', () => {
    for (const file of files) {
      const room = roomOf(file.path);
      assert.ok(ROOMS[room], `${file.path} is in no known room`);
      for (const specifier of file.imports.filter((one) => one.startsWith('.'))) {
        const target = roomOf(targetOf(file, specifier));
        assert.ok(target === room || ROOMS[room]?.includes(target), `${file.path} imports ${specifier}`);
      }
    }
  });

  it('keep each outside package in its home', () => {
    for (const file of files) {
      for (const specifier of file.imports.filter(
        (one) => !one.startsWith('.') && !one.startsWith('node:'),
      )) {
        const homes = HOMES[specifier];
        assert.ok(homes, `${file.path} imports ${specifier}, which has no home`);
        assert.ok(
          homes.some((home) => file.path.startsWith(home)),
          `${file.path} imports ${specifier}`,
        );
      }
    }
  });

  it("the worker's kit stands alone: Node.js and amqplib are all that it imports", () => {
    for (const name of readdirSync('clients/node').filter((one) => one.endsWith('.ts'))) {
      const text = readFileSync(join('clients/node', name), 'utf8');
      assert.match(text, /^\/\*\*/, `${name} opens with no sentence`);
      for (const [, specifier = ''] of text.matchAll(IMPORT)) {
        assert.match(specifier, /^(node:[a-z_/]+|amqplib|\.\/[a-z-]+\.js)$/, `${name} imports ${specifier}`);
      }
    }
  });

  it('have no import cycles', () => {
    const edges = new Map(
      files.map((file) => [
        file.path,
        file.imports.filter((one) => one.startsWith('.')).map((specifier) => targetOf(file, specifier)),
      ]),
    );
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      assert.ok(!trail.includes(path), `cycle: ${[...trail, path].join(' -> ')}`);
      if (done.has(path)) return;
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of edges.keys()) visit(path, []);
  });

  it('the fleet neither reads a clock nor does I/O', () => {
    for (const { path, text, imports } of files.filter((file) => roomOf(file.path) === 'fleet')) {
      assert.doesNotMatch(text, /Date\.now|new Date\(|performance\.|setTimeout/, path);
      assert.ok(
        imports.every((specifier) => specifier.startsWith('.') || specifier === 'node:util'),
        path,
      );
    }
  });

  it('sources are all in the list', () => {
    const list = readFileSync('src/sources/all-sources.ts', 'utf8');
    const folders = readdirSync('src/sources', { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    for (const { name } of folders) assert.match(list, new RegExp(`'\\./${name}/${name}-source\\.js'`));
  });

  it('files open with a sentence and stay readable in length', () => {
    for (const { path, text } of files) {
      assert.match(text, /^(#!.*\n)?\/\*\*/, `${path} opens with no sentence`);
      const lines = text.split('\n').length;
      assert.ok(lines <= 350, `${path} has ${lines} lines`);
    }
  });
});
