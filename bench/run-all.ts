/** `npm run bench`: every benchmark, one after the other; takes some minutes. */

import { readdirSync } from 'node:fs';

const folder = new URL('./', import.meta.url);
for (const file of readdirSync(folder)
  .filter((name) => name.endsWith('.bench.js'))
  .toSorted()) {
  const { run } = (await import(new URL(file, folder).href)) as { run: () => Promise<void> };
  console.log(`\n# ${file.replace('.bench.js', '')}`);
  await run();
}
