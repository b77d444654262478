/** A Python process that writes progress and sentinel files as a pipeline's worker would. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { requireProgram } from './machine.js';

export interface PipelineWriter {
  /** Under a temporary name, then renamed. */
  write(path: string, body: unknown): Promise<void>;
  remove(path: string): Promise<void>;
  stop(): void;
}

const SCRIPT = fileURLToPath(new URL('../../../test/fixtures/pipeline/worker.py', import.meta.url));

export function startPipelineWriter(): PipelineWriter {
  const child = spawn(requireProgram('python3'), [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  async function command(fields: object): Promise<void> {
    child.stdin.write(`${JSON.stringify(fields)}\n`);
    const { value, done } = await answers.next();
    if (done === true || value !== 'done') throw new Error(`the writer ended or said ${String(value)}`);
  }
  return {
    write: (path, body) => command({ do: 'write', path, body }),
    remove: (path) => command({ do: 'remove', path }),
    stop: () => child.kill(),
  };
}
