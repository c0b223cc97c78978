/** What each level of zstd costs and spares on telemetry, in frames as the packer makes them: the table behind "auto". */
import { cpuSecondsOf } from "../measure.ts";
import { constants, zstdCompressSync, type ZstdOptions } from "node:zlib";

export interface Level {
  readonly level: number;
  /** Of tar, a second of CPU. */
  readonly mbPerS: number;
  readonly ratio: number;
}

const FRAME_BYTES = 1024 * 1024;

/** Compresses the files once at each level. */
export function measureLevels(files: readonly string[], levels: readonly number[]): Level[] {
  const frames = files.flatMap((path) => {
    const bytes = Deno.readFileSync(path);
    const count = Math.ceil(bytes.byteLength / FRAME_BYTES);
    return Array.from(
      { length: count },
      (_, at) => bytes.subarray(at * FRAME_BYTES, (at + 1) * FRAME_BYTES),
    );
  });
  return levels.map((level) => {
    let read = 0;
    let written = 0;
    const before = cpuSecondsOf(Deno.pid);
    for (const frame of frames) {
      const options: ZstdOptions & { readonly pledgedSrcSize: number } = {
        pledgedSrcSize: frame.byteLength,
        params: { [constants.ZSTD_c_compressionLevel]: level },
      };
      read += frame.byteLength;
      written += zstdCompressSync(frame, options).byteLength;
    }
    const mbPerS = read / 1e6 / (cpuSecondsOf(Deno.pid) - before);
    return { level, mbPerS, ratio: read / written };
  });
}
