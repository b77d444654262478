/** Runs test files in this one process, so that what they share is loaded once; `npm test` gives each a process of its own. */

import { join } from 'node:path';

for (const path of process.argv.slice(2)) {
  await import(new URL(join('.', path.replace(/\.ts$/, '.js')), import.meta.url).href);
}
