/** A shipper with nothing to do: its passes must not cost more when thousands of episodes were shipped before. */
import { TestProcess } from "../../tests/transport/process.ts";
import { configureLabHost } from "./lab_host.ts";
import { cpuSecondsOf } from "../measure.ts";

const WARM_UP_MS = 4000;
const PASSES = 20;

/**
 * Milliseconds of CPU a pass of a daemon that looks every second, over a data directory with so many retired episodes, all
 * of them young. What it does once, at its start, is not counted.
 */
export async function measureIdlePass(directory: string, retired: number): Promise<number> {
  const root = `${directory}/idle-${retired}`;
  await Deno.mkdir(`${root}/data/shipped`, { recursive: true });
  await Deno.mkdir(`${root}/data/episodes`);
  const shippedAt = new Date().toISOString();
  for (let number = 0; number < retired; number++) {
    const place = `${root}/data/shipped/run-${number}`;
    Deno.mkdirSync(`${place}/episode`, { recursive: true });
    Deno.writeTextFileSync(`${place}/receipt.json`, JSON.stringify({ shipped_at: shippedAt }));
  }
  await Deno.writeTextFile(`${root}/token`, "A".repeat(43));
  const config = await configureLabHost(root, "scan_interval_s = 1");
  const args = ["ship", "--daemon", "--config", config];
  await using daemon = TestProcess.spawn(args);
  await daemon.until(/event=pass-finished/, 60_000);
  await pause(WARM_UP_MS);
  const before = cpuSecondsOf(daemon.child.pid);
  await pause(PASSES * 1000);
  return (cpuSecondsOf(daemon.child.pid) - before) * 1000 / PASSES;
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
