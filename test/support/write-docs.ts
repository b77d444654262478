/** `npm run docs`: writes the documents that are made from the code. */

import { writeFileSync } from 'node:fs';
import { generateDocs } from './generated-docs.js';

for (const [path, content] of Object.entries(generateDocs())) {
  writeFileSync(path, content);
  console.log(`wrote ${path}`);
}
