import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const { dependencies } = read('package.json') as { readonly dependencies: Readonly<Record<string, string>> };
const { packages } = read('package-lock.json') as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const shipped = Object.entries(packages).filter(([path, { dev, link }]) => path !== '' && !dev && !link);

describe('what is shipped', () => {
  it('is locked to its content, package by package', () => {
    assert.ok(shipped.length > 100);
    for (const [path, { integrity }] of shipped) assert.match(integrity ?? '', /^sha512-/, path);
  });

  it('is pinned to exact versions', () => {
    for (const [name, version] of Object.entries(dependencies)) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
      assert.equal(packages[`node_modules/${name}`]?.version, version);
    }
  });

  it('is installed without running scripts of packages, and its signatures are checked for each release', () => {
    assert.match(readFileSync('.npmrc', 'utf8'), /^ignore-scripts=true$/m);
    const { scripts } = read('package.json') as { readonly scripts: Readonly<Record<string, string>> };
    assert.match(scripts['verify-supply'] ?? '', /^npm audit signatures && /);
    assert.match(readFileSync('docs/releasing.md', 'utf8'), /`npm run verify-supply`/);
  });

  it('is built by packages that are locked to their content too, those of other platforms included', () => {
    const unlocked = Object.entries(packages).filter(
      ([path, { integrity, link }]) => path !== '' && !link && !/^sha512-/.test(integrity ?? ''),
    );
    assert.deepEqual(unlocked, []);
  });

  it('is named in the CycloneDX bill of materials', async () => {
    const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'sbom'], {
      maxBuffer: 64 * 1024 * 1024,
    });
    const bill = JSON.parse(stdout) as { bomFormat: string; components: readonly { purl: string }[] };
    assert.equal(bill.bomFormat, 'CycloneDX');
    const purls = new Set(bill.components.map(({ purl }) => purl));
    for (const [name, version] of Object.entries(dependencies))
      assert.ok(purls.has(`pkg:npm/${name}@${version}`), name);
    assert.ok(![...purls].some((purl) => purl.includes('typescript')), 'no tool of development');
  });
});
