/** Writes what one entity of the fleet has on the page: its text in each family of its group, no series of it twice. */

import { renderValue } from './exposition.js';
import type { AnyFamilyGroup } from './family.js';

export interface EntityBlock {
  /** Two entities of one group with the same labels would write the same series. */
  readonly labels: string;
  /** One a family. */
  readonly texts: readonly string[];
  /** How many series the texts are. */
  readonly seriesCount: number;
  /** Series that the entity gave once more, which the texts leave out. */
  readonly repeatedCount: number;
}

const NEWLINE = '\n';

export function writeEntity(
  group: AnyFamilyGroup,
  entity: object,
  onError: (error: unknown) => void,
): EntityBlock {
  const block = { labels: '', texts: [] as string[], seriesCount: 0, repeatedCount: 0 };
  try {
    block.labels = group.labelsOf(entity);
  } catch (error) {
    onError(error);
    return block;
  }
  const given = new Set<string>();
  for (const { name, write } of group.families) {
    let text = '';
    given.clear();
    try {
      write(entity, (value, extra = '', suffix) => {
        const before = given.size;
        const fullName = suffix === undefined ? name : name + suffix;
        if (given.add(suffix === undefined ? extra : suffix + extra).size === before) {
          block.repeatedCount++;
          return;
        }
        text += renderSeries(fullName, block.labels, extra) + renderValue(value) + NEWLINE;
      });
      block.seriesCount += given.size;
    } catch (error) {
      // One broken family costs its own series only.
      onError(error);
      text = '';
    }
    block.texts.push(text);
  }
  return block;
}

/** `name{labels,extra} `, up to the value. */
function renderSeries(name: string, labels: string, extra: string): string {
  if (extra === '') return labels === '' ? `${name} ` : `${name}{${labels}} `;
  return labels === '' ? `${name}{${extra}} ` : `${name}{${labels},${extra}} `;
}
