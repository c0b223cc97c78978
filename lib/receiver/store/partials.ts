/** Uploads in pieces, as files: `<id>~<digest>.partial` holds the bytes, `<id>~<digest>.json` says what they are. */
import type { EpisodeId, HostId } from "../../episode/mod.ts";
import {
  findFile,
  isFsError,
  type PlainFs,
  unlinkIfThere,
  writeFileDurably,
} from "../../sys/mod.ts";
import type { Announcement, PartialUpload, Piece, Reading, UploadKey } from "../store.ts";
import type { Directories } from "./directories.ts";
import { GrowingFile } from "./growing_file.ts";
import { type Layout, parseHostName, parseStateName } from "./layout.ts";
import { formatState, parseState, type UploadState } from "./state.ts";

const STATE_LIMIT_BYTES = 64 * 1024;

export class Partials {
  /** Paths of partials with a piece under way: not to be swept. */
  readonly #open = new Set<string>();

  constructor(
    private readonly fs: PlainFs,
    private readonly layout: Layout,
    private readonly directories: Directories,
  ) {}

  async announce(announcement: Announcement): Promise<PartialUpload> {
    const found = this.find(announcement);
    if (found !== undefined) return found;
    const path = this.layout.partial(announcement);
    return await this.directories.within(this.layout.uploadsOf(announcement.host), async () => {
      await unlinkIfThere(this.fs, path);
      (await this.fs.create(path)).close();
      // The state is replaced durably in the same directory: the partial's own name becomes durable with it.
      return await this.#write({ ...announcement, offsetBytes: 0 });
    });
  }

  /** Undefined also for a state without its bytes, or with fewer than it counts: the disk has lost some. */
  find(key: UploadKey): PartialUpload | undefined {
    const path = this.layout.state(key);
    const bytes = findFile(this.fs, path, STATE_LIMIT_BYTES);
    const state = bytes && parseState(key, bytes);
    if (state === undefined) return undefined;
    try {
      const { sizeBytes } = this.fs.lstat(this.layout.partial(key));
      return sizeBytes < state.offsetBytes ? undefined : this.#dated(state);
    } catch (error) {
      if (isFsError(error, "gone")) return undefined;
      throw error;
    }
  }

  async append(key: UploadKey): Promise<Piece> {
    const state = this.find(key);
    const path = this.layout.partial(key);
    const handle = await this.fs.openWrite(path);
    const file = new GrowingFile(handle);
    const offsetBytes = state?.offsetBytes ?? 0;
    try {
      await handle.truncate(offsetBytes);
      await handle.seek(offsetBytes);
    } catch (error) {
      file.close();
      throw error;
    }
    this.#open.add(path);
    let written = 0;
    let isEnded = false;
    const end = () => {
      isEnded = true;
      file.close();
      this.#open.delete(path);
    };
    return {
      write: async (bytes) => {
        written += bytes.byteLength;
        await file.write(bytes);
      },
      commit: async () => {
        if (state === undefined) throw new RangeError(`${path} has no state to commit to`);
        // The bytes first: a cut between the two leaves the old offset, and a tail that the next piece drops.
        await file.sync();
        // From here on the state may count them, whatever fails: they must stay.
        end();
        return await this.#write({ ...state, offsetBytes: offsetBytes + written });
      },
      abandon: async () => {
        if (isEnded) return;
        try {
          // Nobody looks behind the offset; but a full disk should get its space back.
          await handle.truncate(offsetBytes);
        } catch (error) {
          if (!isFsError(error)) throw error;
        } finally {
          end();
        }
      },
    };
  }

  openReading(key: UploadKey, fromBytes: number): Reading {
    const file = this.fs.openRead(this.layout.partial(key));
    let offsetBytes = fromBytes;
    return {
      read(into) {
        const count = file.readAt(into, offsetBytes);
        offsetBytes += count;
        return count;
      },
      close: () => file.close(),
    };
  }

  /** Those of all hosts, or of one episode: no other's states are read. */
  list(only?: { readonly host: HostId; readonly id: EpisodeId }): PartialUpload[] {
    return this.#hosts().filter((host) => only === undefined || host === only.host).flatMap((
      host,
    ) =>
      this.fs.list(this.layout.uploadsOf(host)).flatMap(({ name }) => {
        const key = parseStateName(host, name ?? "");
        if (key === undefined || (only !== undefined && key.id !== only.id)) return [];
        return this.find(key) ?? [];
      })
    );
  }

  isOpen(key: UploadKey): boolean {
    return this.#open.has(this.layout.partial(key));
  }

  async drop(key: UploadKey): Promise<void> {
    // The state first: bytes without one are nothing, while a state without bytes would promise some.
    await unlinkIfThere(this.fs, this.layout.state(key));
    await unlinkIfThere(this.fs, this.layout.partial(key));
  }

  #hosts(): HostId[] {
    return this.fs.list(this.layout.uploads).flatMap(({ name }) => parseHostName(name) ?? []);
  }

  async #write(state: UploadState): Promise<PartialUpload> {
    await writeFileDurably(this.fs, this.layout.state(state), formatState(state));
    return this.#dated(state);
  }

  /** The state's own file is written with each piece, so its time is that of the last one. */
  #dated(state: UploadState): PartialUpload {
    const { mtimeNs } = this.fs.lstat(this.layout.state(state));
    return { ...state, touchedMs: Number(mtimeNs / 1_000_000n) };
  }
}
