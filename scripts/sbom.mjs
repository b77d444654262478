/**
 * Prints the bill of materials of what is shipped, as CycloneDX.
 *
 * npm makes it of everything that is installed, and this leaves out the tools of development by the lock file: with
 * `--omit dev` npm 11 leaves out nodemailer too, which a tool happens to use as well.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const NPM = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'];

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const bill = JSON.parse(execFileSync('npm', NPM, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }));

const shipped = new Set(
  Object.entries(packages)
    .filter(([path, { dev, devOptional, link }]) => path !== '' && !dev && !devOptional && !link)
    .map(([path, { version }]) => `pkg:npm/${path.split('node_modules/').at(-1)}@${version}`),
);
const isShipped = ({ purl }) => shipped.has(decodeURIComponent(purl));
const components = bill.components.filter(isShipped);
const refs = new Set([bill.metadata.component['bom-ref'], ...components.map((one) => one['bom-ref'])]);
const dependencies = bill.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
process.stdout.write(`${JSON.stringify({ ...bill, components, dependencies }, null, 2)}\n`);
