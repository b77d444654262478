/** The folder in which the demo has all its files, sockets and data; made for one run, removed after it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderConfig } from '../config/render-config.js';
import { type Surroundings, startSurroundings } from '../simulation/servers/surroundings.js';
import type { SurroundingsRequest } from './demo-messages.js';

export interface DemoFolder {
  readonly folder: string;
  readonly configFile: string;
  readonly surroundings: Surroundings;
  /** Ends the servers and removes every file. */
  dispose(): Promise<void>;
}

/** Rejects with the system's error; nothing is left then either. */
export async function openDemoFolder(request: SurroundingsRequest, onTick?: () => void): Promise<DemoFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'stagewatch-demo-'));
  const configFile = join(folder, 'stagewatch.yaml');
  try {
    const surroundings = await startSurroundings({ ...request, folder, ...(onTick && { onTick }) });
    await writeFile(configFile, renderConfig(surroundings.config));
    return {
      folder,
      configFile,
      surroundings,
      async dispose() {
        await surroundings.stop();
        await removeDemoFolder(folder);
      },
    };
  } catch (error) {
    await removeDemoFolder(folder);
    throw error;
  }
}

export function removeDemoFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
