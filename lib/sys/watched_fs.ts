/** The file system as evidence of work: a disk that does not answer must not be hidden by what goes on beside it. */
import type { Evidence } from "./evidence.ts";
import type { PlainFs, ReadHandle, WriteHandle } from "./fs.ts";

export interface WatchedOptions {
  /**
   * A file that is open for reading is a task too, from its opening to its close: for a program whose readings never
   * wait for anybody.
   */
  readonly readings: boolean;
}

/**
 * `fs`, but every operation that is waited for is a task of `evidence`. One that fails in time has ended like any other;
 * one that is not waited for stops the whole program, which feeds no watchdog then.
 */
export function watchedFs<F extends PlainFs>(
  fs: F,
  evidence: Pick<Evidence, "begin">,
  options: WatchedOptions,
): F {
  const watch = async <T>(name: string, operation: () => Promise<T>): Promise<T> => {
    const task = evidence.begin(name);
    try {
      return await operation();
    } finally {
      task.end();
    }
  };
  const watchWriting = (path: string, file: WriteHandle): WriteHandle => ({
    write: (bytes) => watch(`write ${path}`, () => file.write(bytes)),
    seek: (offset) => watch(`seek ${path}`, () => file.seek(offset)),
    truncate: (sizeBytes) => watch(`truncate ${path}`, () => file.truncate(sizeBytes)),
    sync: () => watch(`sync ${path}`, () => file.sync()),
    close: () => file.close(),
  });
  const watchReading = (path: string, file: ReadHandle): ReadHandle => {
    const task = evidence.begin(`reading ${path}`);
    return {
      stat: () => file.stat(),
      readAt(into, offset) {
        const got = file.readAt(into, offset);
        task.progress();
        return got;
      },
      read(into) {
        const got = file.read(into);
        task.progress();
        return got;
      },
      close() {
        task.end();
        file.close();
      },
    };
  };
  return {
    ...fs,
    openRead: (path) => {
      const file = fs.openRead(path);
      return options.readings ? watchReading(path, file) : file;
    },
    create: async (path, mode) =>
      watchWriting(path, await watch(`create ${path}`, () => fs.create(path, mode))),
    openWrite: async (path) =>
      watchWriting(path, await watch(`open ${path}`, () => fs.openWrite(path))),
    rename: (from, to) => watch(`rename ${from}`, () => fs.rename(from, to)),
    link: (from, to) => watch(`link ${from}`, () => fs.link(from, to)),
    unlink: (path) => watch(`unlink ${path}`, () => fs.unlink(path)),
    mkdir: (path, mode) => watch(`mkdir ${path}`, () => fs.mkdir(path, mode)),
    rmdir: (path) => watch(`rmdir ${path}`, () => fs.rmdir(path)),
    syncDir: (path) => watch(`sync ${path}`, () => fs.syncDir(path)),
  };
}
