/** A backlog that names no commit of the lab code, drained by the compiled program. */
import { BINARY } from "../../tests/e2e/lab.ts";
import { configureLabHost } from "./lab_host.ts";
import { measure, syncFileSystem, type Used } from "../measure.ts";

/** After this no episode counts as one that is still recorded. */
const SETTLE_MS = 1000;

/** Drains so many episodes, each of two small files. */
export async function measureDrain(directory: string, episodes: number): Promise<Used> {
  const root = `${directory}/drain`;
  for (let number = 0; number < episodes; number++) {
    const episode = `${root}/data/episodes/run-${number}`;
    Deno.mkdirSync(episode, { recursive: true });
    Deno.writeTextFileSync(`${episode}/meta.json`, `{"number":${number}}\n`);
    Deno.writeTextFileSync(`${episode}/samples.jsonl`, `{"at":${number}}\n`);
  }
  const config = await configureLabHost(root, `settle_s = ${SETTLE_MS / 1000}`);
  await syncFileSystem(root);
  await new Promise((done) => setTimeout(done, 2 * SETTLE_MS));
  const log = `${root}/log`;
  const args = [BINARY, "quarantine-unstamped", "--config", config];
  const used = await measure({ args }, root, log);
  const said = await Deno.readTextFile(log);
  if (!said.includes(`quarantined ${episodes},`)) throw new Error(`not all were drained: ${said}`);
  return used;
}
