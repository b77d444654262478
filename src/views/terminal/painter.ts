/** Paints frames on the terminal's alternate screen: only lines that changed, so that nothing flickers. */

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
/** Terminals that know it show a frame whole; others ignore it. */
const BEGIN_FRAME = '\u001b[?2026h';
const END_FRAME = '\u001b[?2026l';

export interface PaintedLine {
  readonly text: string;
  /** It takes all columns: erasing what is behind it would erase its last character. */
  readonly isFull: boolean;
}

export interface Painter {
  paint(lines: readonly PaintedLine[]): void;
  /** The next frame is painted whole, as after a change of the terminal's size. */
  forget(): void;
  /** Gives the terminal back as it was; once is enough, and twice does no harm. */
  leave(): void;
}

export function createPainter(write: (text: string) => void): Painter {
  let shown: readonly string[] = [];
  let isOpen = false;
  let isForgotten = true;
  return {
    paint(lines) {
      let text = isOpen ? '' : ENTER;
      if (isOpen && isForgotten) text += '\u001b[2J';
      const before = isForgotten ? [] : shown;
      isOpen = true;
      isForgotten = false;
      for (const [index, line] of lines.entries()) {
        if (line.text === before[index]) continue;
        text += `\u001b[${index + 1};1H${line.text}${line.isFull ? '' : '\u001b[K'}`;
      }
      for (let index = lines.length; index < before.length; index++) text += `\u001b[${index + 1};1H\u001b[K`;
      shown = lines.map(({ text: painted }) => painted);
      if (text !== '') write(`${BEGIN_FRAME}${text}${END_FRAME}`);
    },
    forget() {
      isForgotten = true;
    },
    leave() {
      if (isOpen) write(LEAVE);
      isOpen = false;
    },
  };
}
