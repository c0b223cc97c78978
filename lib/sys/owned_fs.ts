/** What root makes in a service's directory must be the service's, or the service could not move it later. */
import type { Owner } from "./durable.ts";
import type { Fs } from "./fs.ts";

/** `fs`, but every new file and directory is given to `owner` before anything is written into it. */
export function ownedFs(fs: Fs, owner: Owner): Fs {
  return {
    ...fs,
    async create(path, mode) {
      const file = await fs.create(path, mode);
      try {
        await fs.chown(path, owner.uid, owner.gid);
      } catch (error) {
        file.close();
        await fs.unlink(path);
        throw error;
      }
      return file;
    },
    async mkdir(path, mode) {
      await fs.mkdir(path, mode);
      await fs.chown(path, owner.uid, owner.gid);
    },
  };
}
