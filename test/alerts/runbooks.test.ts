import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { listOptions } from '../../src/config/schema-walk.js';
import { FINDING_KINDS, FINDING_SEVERITIES } from '../../src/detectors/finding.js';
import { ALERT_RULES } from '../support/rule-files.js';
import { FINDING_CASES } from './finding-cases.js';

const FOLDER = 'docs/runbooks';
const SECTIONS = ['How it is decided', 'What to look at', 'What to do', 'False positives', 'Settings'];
const SHAPES = { critical: '▲', warning: '◆', info: '▪' };
const FILES = readdirSync(FOLDER).filter((name) => name !== 'README.md');

const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

describe('docs/runbooks', () => {
  it('has one for every alert, and none for what is no alert', () => {
    assert.deepEqual(new Set(FILES), new Set(ALERT_RULES.map(({ alert }) => `${alert}.md`)));
  });

  it('goes with every kind of finding: rule, test of the rule and runbook', () => {
    for (const kind of FINDING_KINDS) {
      const name = `Pipeline${kind}`;
      assert.ok(ALERT_RULES.some(({ alert }) => alert === name));
      assert.ok(FINDING_CASES.some(({ alert }) => alert === name));
      const severity = FINDING_SEVERITIES[kind];
      assert.match(
        read(`${name}.md`),
        new RegExp(`^# ${name}\n\nSeverity: ${SHAPES[severity]} ${severity}\\.\n`),
      );
    }
  });

  for (const name of FILES) {
    it(`${name} says what an operator asks, in order`, () => {
      const text = read(name);
      const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
      assert.deepEqual(headings, SECTIONS);
      for (const part of text.split(/^## .+$/m)) assert.ok(part.trim().length > 4, 'an empty section');
      assert.equal(text.split('```').length % 2, 1, 'a block of commands is not closed');
    });
  }

  it('can be served as it is: Prometheus would take braces for a template', () => {
    for (const name of FILES) assert.doesNotMatch(read(name), /\{\{/, name);
  });

  it('has links that lead somewhere', () => {
    for (const name of FILES) {
      for (const [, target = '', anchor] of read(name).matchAll(/\]\(([^)#]+)(?:#([^)]+))?\)/g)) {
        const path = join(FOLDER, target);
        assert.ok(existsSync(path), `${name}: ${target}`);
        if (anchor === undefined) continue;
        const anchors = [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
          heading
            .toLowerCase()
            .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
            .replaceAll(' ', '-'),
        );
        assert.ok(anchors.includes(anchor), `${name}: ${target}#${anchor}`);
      }
    }
  });

  it('names only options that there are', () => {
    const paths = listOptions().map(({ path }) => path.filter((key) => key !== '[]'));
    // Sections may be named as well.
    const known = new Set(
      paths.flatMap((path) => path.map((_, index) => path.slice(0, index + 1).join('.'))),
    );
    const sections = new Set(paths.map(([first]) => first));
    for (const name of FILES) {
      for (const [, option = ''] of read(name).matchAll(/`([a-z_]+(?:\[\])?\.[a-z_.]+)`/g)) {
        const path = option.replace('[]', '');
        const isOption = sections.has(path.split('.')[0]) && !path.endsWith('.yaml');
        if (isOption) assert.ok(known.has(path), `${name}: ${option}`);
      }
    }
  });
});
