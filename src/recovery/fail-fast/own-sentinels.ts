/** Remembers the failure sentinels that stagewatch wrote, and withdraws one whose document succeeds after all. */

import type { DurableSection } from '../../lib/durable-section.js';
import { asList, asRecord, asText } from '../../lib/shape.js';
import type { SentinelTarget } from './open-folder.js';
import { hashSentinel, type WithdrawResult } from './withdraw-sentinel.js';

export interface OwnSentinel {
  readonly document: string;
  readonly container: string;
  readonly stage?: string;
  readonly target: SentinelTarget;
  /** Of its content. */
  readonly hash: string;
}

export interface OwnSentinels {
  remember(one: Omit<OwnSentinel, 'hash'>, content: string): void;
  /** A success sentinel of the document has come. Never rejects. */
  succeeded(document: string | undefined): Promise<void>;
  /** The success may have come while nobody watched, or the folder could not be written then. Never rejects. */
  tryAll(): Promise<void>;
}

export interface OwnSentinelsOptions {
  /** Loaded at the first use, when the state file is open. */
  readonly section: DurableSection;
  readonly withdraw: (target: SentinelTarget, hash: string) => Promise<WithdrawResult>;
  readonly onResult: (one: OwnSentinel, result: WithdrawResult) => void;
}

const MAX_REMEMBERED = 2000;

export function createOwnSentinels({ section, withdraw, onResult }: OwnSentinelsOptions): OwnSentinels {
  let loaded: Map<string, OwnSentinel> | undefined;
  /** Those that could not be withdrawn, by path: said once. */
  const failed = new Set<string>();

  function known(): Map<string, OwnSentinel> {
    loaded ??= new Map(readSaved(section.load()).map((one) => [pathOf(one.target), one]));
    return loaded;
  }

  function save(): void {
    section.save(() => [...known().values()]);
  }

  async function tryOne(key: string, one: OwnSentinel): Promise<void> {
    // Not twice at once, whatever is told twice.
    known().delete(key);
    const result = await withdraw(one.target, one.hash);
    // Another stage's success is no word on this one, and a folder that cannot be written now may be later.
    if (result.kind === 'no_success' || result.kind === 'failed') known().set(key, one);
    else save();
    if (result.kind === 'no_success' || (result.kind === 'failed' && failed.has(key))) return;
    if (result.kind === 'failed') failed.add(key);
    else failed.delete(key);
    onResult(one, result);
  }

  return {
    remember(one, content) {
      const key = pathOf(one.target);
      known().delete(key);
      known().set(key, { ...one, hash: hashSentinel(content) });
      const oldest = known().keys().next();
      if (known().size > MAX_REMEMBERED && !oldest.done) known().delete(oldest.value);
      save();
    },
    async succeeded(document) {
      if (document === undefined) return;
      const found = [...known()].filter(([, one]) => one.document === document);
      await Promise.all(found.map(([key, one]) => tryOne(key, one)));
    },
    async tryAll() {
      // One after the other: they are many, and the file system may be a slow one.
      for (const [key, one] of [...known()]) await tryOne(key, one);
    },
  };
}

function pathOf({ root, folders, file }: SentinelTarget): string {
  return [root, ...folders, file].join('/');
}

/** What an earlier life saved; an entry of another shape is left out. */
function readSaved(saved: unknown): readonly OwnSentinel[] {
  if (!Array.isArray(saved)) return [];
  return saved.flatMap((entry: unknown) => {
    try {
      return [readOne(asRecord(entry, 'an own sentinel'))];
    } catch {
      // Not ours to guess at: a sentinel that is not remembered is not withdrawn.
      return [];
    }
  });
}

function readOne(fields: ReturnType<typeof asRecord>): OwnSentinel {
  const target = asRecord(fields['target'], 'target');
  const stage = fields['stage'];
  return {
    document: asText(fields['document'], 'document'),
    container: asText(fields['container'], 'container'),
    hash: asText(fields['hash'], 'hash'),
    ...(typeof stage === 'string' && { stage }),
    target: {
      root: asText(target['root'], 'root'),
      folders: asList(target['folders'], 'folders').map((name) => asText(name, 'a folder')),
      file: asText(target['file'], 'file'),
    },
  };
}
