/**
 * The rules of output:
 *
 * - stdout is for results, stderr for logs, progress and complaints. A program may read stdout.
 * - With `--json`, stdout is JSON alone: one document, or none when nothing could be done.
 * - A progress bar only on a terminal, on stderr, and gone when the work is done.
 * - Colour only on a terminal, never with NO_COLOR (no-color.org) or TERM=dumb, and never as the only sign.
 * - A line that complains begins with `cis490: `, and says what happened, to what, and what to do next.
 * - Nothing that came from outside reaches a terminal with its control characters.
 */

/** What a command may say, and to whom. The one of the process is made by {@link createIo}. */
export interface Io {
  /** Writes a line of the result. */
  stdout(line: string): void;
  /** Writes a line for the people: a log, a complaint, a note. Never throws. */
  stderr(line: string): void;
  /** Writes a result as JSON, indented: the whole stdout of a command with `--json`. */
  json(value: unknown): void;
  /** An environment variable; undefined when it is not set or empty. */
  environment(name: string): string | undefined;
  /** stderr is a terminal on which a bar can be drawn. */
  readonly isTerminal: boolean;
  /**
   * Stderr is the journal, which takes a priority in front of a line. (A shell that a unit started hands JOURNAL_STREAM on
   * to commands whose stderr is a terminal: systemd.exec(5).)
   */
  readonly isJournal: boolean;
  /** Colours may be used on stdout. */
  readonly color: boolean;
  /** Takes all lines off the terminal that stdout is, so that the next ones stand in their place. False: it is none. */
  clear(): boolean;
  /** The width of the terminal; 80 when it is unknown. */
  readonly columns: number;
  /** A bar on stderr; on anything but a terminal it does nothing. `enabled: false` does nothing either. */
  progress(options?: { readonly enabled?: boolean }): Progress;
}

/** One line at the bottom of the terminal. */
export interface Progress {
  /** `fraction` is from 0 to 1; drawn at most ten times a second. */
  update(fraction: number, words: string): void;
  /** Takes the bar away. */
  end(): void;
}

/** What {@link createIo} needs of the process. */
export interface Terminal {
  /** May throw what a closed pipe throws. */
  writeStdout(text: string): void;
  /** May throw what a closed pipe throws. */
  writeStderr(text: string): void;
  environment(name: string): string | undefined;
  readonly stdoutIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
  /** The width of the terminal, if there is one. To ask takes a while, and few commands want to know. */
  columns(): number | undefined;
  /** Milliseconds, never backwards. */
  monotonic(): number;
}

export function createIo(terminal: Terminal): Io {
  const environment = (name: string) => terminal.environment(name) || undefined;
  const isDumb = environment("TERM") === "dumb";
  const isTerminal = terminal.stderrIsTerminal && !isDumb;
  // Read now: a command may have given up its environment when it asks.
  const wanted = Number(environment("COLUMNS"));
  const findColumns = () => wanted || terminal.columns() || 80;
  let bar: Bar | undefined;

  const io: Io = {
    stdout: (line) => {
      bar?.clear();
      terminal.writeStdout(`${line}\n`);
    },
    stderr: (line) => {
      bar?.clear();
      quietly(() => terminal.writeStderr(`${line}\n`));
    },
    json: (value) => io.stdout(JSON.stringify(value, undefined, 2)),
    environment,
    isTerminal,
    isJournal: environment("JOURNAL_STREAM") !== undefined && !terminal.stderrIsTerminal,
    color: terminal.stdoutIsTerminal && !isDumb && environment("NO_COLOR") === undefined,
    clear: () => {
      if (!terminal.stdoutIsTerminal || isDumb) return false;
      // ECMA-48: cursor to the top, erase the display.
      terminal.writeStdout("\x1b[H\x1b[2J");
      return true;
    },
    get columns() {
      return findColumns();
    },
    progress(options) {
      if (!isTerminal || options?.enabled === false) return { update() {}, end() {} };
      const mine = bar = new Bar(terminal, findColumns());
      return {
        update: (fraction, words) => mine.draw(fraction, words),
        end: () => {
          mine.clear();
          if (bar === mine) bar = undefined;
        },
      };
    },
  };
  return io;
}

const BAR_INTERVAL_MS = 100;
const BAR_COLUMNS = 20;

class Bar {
  #drawnAt = -Infinity;
  #visible = false;

  constructor(readonly terminal: Terminal, readonly columns: number) {}

  draw(fraction: number, words: string): void {
    const now = this.terminal.monotonic();
    if (now - this.#drawnAt < BAR_INTERVAL_MS) return;
    this.#drawnAt = now;
    this.#visible = true;
    const line = formatBar(fraction, words, this.columns - 1);
    quietly(() => this.terminal.writeStderr(`\r\x1b[K${line}`));
  }

  clear(): void {
    if (!this.#visible) return;
    this.#visible = false;
    // The next line that the work reports draws it again.
    this.#drawnAt = -Infinity;
    quietly(() => this.terminal.writeStderr("\r\x1b[K"));
  }
}

/** `[#####---------------]  25 % words`, cut at `columns`. */
export function formatBar(fraction: number, words: string, columns: number): string {
  const part = Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0));
  const full = Math.round(part * BAR_COLUMNS);
  const percent = `${Math.floor(part * 100)}`.padStart(3);
  const bar = `[${"#".repeat(full)}${"-".repeat(BAR_COLUMNS - full)}] ${percent} %`;
  return Array.from(`${bar} ${printable(words)}`).slice(0, columns).join("");
}

/** Rows under each other, two spaces between columns; the last column is as long as it is. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, Array.from(cell).length));
  }
  return rows.map((row) =>
    row.map((cell, i) => {
      const missing = (widths[i] ?? 0) - Array.from(cell).length;
      return i === row.length - 1 ? cell : cell + " ".repeat(missing);
    }).join("  ").trimEnd()
  );
}

/** Text without control characters, which could command a terminal: they become `\u{…}`. */
export function printable(text: string): string {
  return text.replaceAll(
    /\p{Cc}/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

const COLORS = { green: 32, yellow: 33, red: 31, bold: 1 } as const;

export function paint(io: Pick<Io, "color">, color: keyof typeof COLORS, text: string): string {
  return io.color ? `\x1b[${COLORS[color]}m${text}\x1b[0m` : text;
}

function quietly(write: () => void): void {
  try {
    write();
  } catch {
    // Whoever read stderr is gone. That must not stop the work.
  }
}
