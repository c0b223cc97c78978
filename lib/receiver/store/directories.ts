/** The directories of hosts, made when they are first needed. */
import { ensureDirDurably, isFsError, type PlainFs } from "../../sys/mod.ts";

export class Directories {
  /** Made and synced by this process, or about to be: one fsync(2) for all who need it. */
  readonly #ensured = new Map<string, Promise<void>>();

  constructor(private readonly fs: Pick<PlainFs, "mkdir" | "chown" | "syncDir">) {}

  /** Runs `work`, which gives a name in the directory `path`; the directory is durable by then. */
  async within<T>(path: string, work: () => Promise<T>): Promise<T> {
    await this.#ensure(path);
    try {
      return await work();
    } catch (error) {
      if (!isFsError(error, "gone")) throw error;
      // Somebody tidied up an empty directory: once more.
      this.#ensured.delete(path);
      await this.#ensure(path);
      return await work();
    }
  }

  async #ensure(path: string): Promise<void> {
    let ensured = this.#ensured.get(path);
    if (ensured === undefined) {
      ensured = ensureDirDurably(this.fs, path);
      this.#ensured.set(path, ensured);
    }
    try {
      await ensured;
    } catch (error) {
      this.#ensured.delete(path);
      throw error;
    }
  }
}
