/** The catalogue as an SQLite database. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { findEpisodeId, findHostId } from "../../episode/mod.ts";
import { formatReceipt, parseReceipt, type Receipt } from "../../wire/mod.ts";
import type { EpisodeName } from "../store.ts";
import { CatalogueError, type EpisodeFilter, type HostTotals } from "./catalogue.ts";

/** In the file's header; another one is another program's, or another version's. */
const SCHEMA_VERSION = 1;
/**
 * `round` is the number of the last look through the store that found the episode. WITHOUT ROWID: the names are the key, so
 * that a list of them reads nothing else.
 */
const SCHEMA = `
  CREATE TABLE episodes (
    host TEXT NOT NULL,
    id TEXT NOT NULL,
    stored_ms INTEGER NOT NULL,
    archive_bytes INTEGER NOT NULL,
    receipt TEXT NOT NULL,
    round INTEGER NOT NULL,
    PRIMARY KEY (host, id)
  ) STRICT, WITHOUT ROWID`;
/** A reader holds the database for microseconds. */
const BUSY_MS = 100;

// sqlite.org/rescode.html
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** All methods throw {@link CatalogueError}. */
export class SqliteCatalogue implements Disposable {
  readonly #database: DatabaseSync;
  #put: StatementSync | undefined;

  private constructor(readonly path: string, database: DatabaseSync) {
    this.#database = database;
  }

  /** Opens it, making it when it is not there. `damaged` when what is there is no whole catalogue. */
  static openToWrite(path: string): SqliteCatalogue {
    return open(path, { readOnly: false }, (database) => {
      // NORMAL: a power cut may take the last rows, which the next start finds in the receipts, and no more.
      run(database, "PRAGMA journal_mode = WAL");
      run(database, "PRAGMA synchronous = NORMAL");
      if (versionOf(database) === 0 && isEmpty(database)) {
        run(database, SCHEMA);
        run(database, `PRAGMA user_version = ${SCHEMA_VERSION}`);
      }
      requireVersion(path, database);
      const check = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
      if (check !== "ok") throw new CatalogueError("damaged", path, `${path}: ${check}`);
      return new SqliteCatalogue(path, database);
    });
  }

  /**
   * Opens it to look at it; `unusable` also when there is none. `isInUse`: a receiver has it open. When none has, nothing is
   * made beside the file (sqlite.org/uri.html, immutable), where SQLite would leave two.
   */
  static openToRead(path: string, options: { readonly isInUse: boolean }): SqliteCatalogue {
    const escaped = path.split("/").map(encodeURIComponent).join("/");
    const name = options.isInUse ? path : `file:${escaped}?immutable=1`;
    return open(name, { readOnly: true }, (database) => {
      requireVersion(path, database);
      return new SqliteCatalogue(path, database);
    });
  }

  /** The number of the last look through the store; 0 when there was none. */
  lastRound(): number {
    return this.#ask(() => {
      const row = this.#database.prepare("SELECT max(round) AS round FROM episodes").get();
      return Number(row?.round ?? 0);
    });
  }

  /** Puts these in, in place of what has their names, in one transaction. */
  put(receipts: readonly Receipt[], round: number): void {
    this.#ask(() => {
      this.#put ??= this.#database.prepare(
        "INSERT OR REPLACE INTO episodes VALUES (?, ?, ?, ?, ?, ?)",
      );
      run(this.#database, "BEGIN");
      try {
        for (const receipt of receipts) {
          const { host, id, stored_at, archive_bytes } = receipt;
          const text = formatReceipt(receipt);
          this.#put.run(host, id, Date.parse(stored_at), archive_bytes, text, round);
        }
        run(this.#database, "COMMIT");
      } catch (error) {
        if (this.#database.isTransaction) run(this.#database, "ROLLBACK");
        throw error;
      }
    });
  }

  /** Takes out what no look since `round` has found; how many those were. */
  removeBefore(round: number): number {
    return this.#ask(() =>
      Number(this.#database.prepare("DELETE FROM episodes WHERE round < ?").run(round).changes)
    );
  }

  names(): EpisodeName[] {
    return this.#ask(() =>
      this.#database.prepare("SELECT host, id FROM episodes").all().flatMap((row) => {
        const host = findHostId(String(row.host));
        const id = findEpisodeId(String(row.id));
        return host && id ? { host, id } : [];
      })
    );
  }

  /** The oldest first. */
  list({ host, sinceMs }: EpisodeFilter): Receipt[] {
    return this.#ask(() =>
      this.#database.prepare(
        `SELECT receipt FROM episodes WHERE (?1 IS NULL OR host = ?1) AND stored_ms >= ?2
         ORDER BY stored_ms, host, id`,
      ).all(host ?? null, sinceMs ?? 0).map(({ receipt }) => {
        const parsed = parseReceipt(String(receipt));
        if (parsed !== undefined) return parsed;
        throw new CatalogueError("damaged", this.path, `${this.path} has a row without a receipt`);
      })
    );
  }

  totals(): HostTotals[] {
    return this.#ask(() =>
      this.#database.prepare(
        `SELECT host, count(*) AS episodes, sum(archive_bytes) AS bytes, max(stored_ms) AS last
         FROM episodes GROUP BY host ORDER BY host`,
      ).all().flatMap(({ host, episodes, bytes, last }) => {
        const found = findHostId(String(host));
        if (found === undefined) return [];
        const numbers = {
          episodes: Number(episodes),
          bytes: Number(bytes),
          lastStoredMs: Number(last),
        };
        return [{ host: found, ...numbers }];
      })
    );
  }

  close(): void {
    this.#ask(() => {
      if (this.#database.isOpen) this.#database.close();
    });
  }
  [Symbol.dispose](): void {
    this.close();
  }

  #ask<T>(question: () => T): T {
    try {
      return question();
    } catch (error) {
      throw translated(this.path, error);
    }
  }
}

function open(
  path: string,
  options: { readonly readOnly: boolean },
  use: (database: DatabaseSync) => SqliteCatalogue,
): SqliteCatalogue {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, options);
    run(database, `PRAGMA busy_timeout = ${BUSY_MS}`);
    return use(database);
  } catch (error) {
    database?.close();
    throw translated(path, error);
  }
}

/** Not `exec`, whose errors do not carry SQLite's result code. */
function run(database: DatabaseSync, sql: string): void {
  database.prepare(sql).all();
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.user_version);
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare("SELECT 1 FROM sqlite_master").get() === undefined;
}

function requireVersion(path: string, database: DatabaseSync): void {
  const version = versionOf(database);
  if (version === SCHEMA_VERSION) return;
  const why = `${path} is no catalogue of version ${SCHEMA_VERSION}`;
  throw new CatalogueError("damaged", path, why);
}

/** What SQLite says, by its result code; what is no error of SQLite's passes through. */
function translated(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_SQLITE_ERROR") {
    return error;
  }
  // The low byte is the primary code of an extended one.
  const primary = "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : undefined;
  const isDamaged = primary === SQLITE_CORRUPT || primary === SQLITE_NOTADB;
  const message = `${path}: ${error.message}`;
  return new CatalogueError(isDamaged ? "damaged" : "unusable", path, message, { cause: error });
}
