/** Telemetry of one process from proc(5), as JSON lines. */

const FILES = ["stat", "io", "status"] as const;

/**
 * Writes `<directory>/<file>.jsonl` for each file of {@link FILES}, `perSecond` times a second, until `ended`
 * settles. Returns the number of samples.
 */
export async function sampleProcess(
  pid: number,
  directory: string,
  perSecond: number,
  ended: Promise<unknown>,
): Promise<number> {
  let running = true;
  const stop = ended.then(() => running = false);
  const lines: Record<(typeof FILES)[number], string[]> = { stat: [], io: [], status: [] };
  let samples = 0;
  while (running) {
    const t = performance.timeOrigin + performance.now();
    for (const file of FILES) {
      const text = readOrUndefined(`/proc/${pid}/${file}`);
      if (text !== undefined) lines[file].push(JSON.stringify({ t, text }));
    }
    samples++;
    const pause = new Promise((done) => setTimeout(done, 1000 / perSecond));
    await Promise.race([pause, stop]);
  }
  for (const file of FILES) {
    await Deno.writeTextFile(
      `${directory}/${file}.jsonl`,
      lines[file].map((line) => `${line}\n`).join(""),
    );
  }
  return samples;
}

function readOrUndefined(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // The process ended between two looks, or this file is not ours to read.
    return undefined;
  }
}
