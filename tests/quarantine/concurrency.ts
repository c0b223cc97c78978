/**
 * An operator who gives episodes up and takes them back while a daemon ships them, and both are killed: each episode lies
 * in exactly one place at the end, whole, by the word of a checker that knows nothing of the program.
 */
import { BINARY, type Lab } from "../e2e/lab.ts";
import { seededRandom } from "../model/seeded_random.ts";
import { check, contentOf } from "../queue/checker.ts";

export interface RunResult {
  /** What is wrong, in words. */
  readonly faults: readonly string[];
  /** How many commands ended by themselves, and how many processes were killed. */
  readonly ended: number;
  readonly killed: number;
  /** How many episodes were moved by the operator's commands that ended. */
  readonly moved: number;
}

type Sum = { -readonly [K in keyof RunResult]: RunResult[K] } & { readonly faults: string[] };

/** Lives of the daemon, each ended by SIGKILL. */
const LIVES = 3;
const LONGEST_LIFE_MS = 900;
/** Side by side. */
const OPERATORS = 2;
/** A command that is killed is killed so long after it has begun its work, at most. */
const LONGEST_WORK_MS = 60;
const LONGEST_START_MS = 600;
const PASSES = 8;

/** The ids of run `run`, and the contents by name. They differ from run to run, since all send to one receiver. */
interface Scene {
  readonly dataDir: string;
  readonly config: string;
  readonly ids: readonly string[];
  readonly expected: ReadonlyMap<string, string>;
}

/** How many of each; enough of them that a kill comes in the middle of the work. */
const KINDS: readonly {
  readonly name: string;
  readonly count: number;
  readonly meta: string | undefined;
}[] = [
  { name: "good", count: 8, meta: '{"code_version": {"commit": "STAMP"}}' },
  { name: "old", count: 20, meta: `{"code_version": {"commit": "${"0".repeat(40)}"}}` },
  { name: "bare", count: 30, meta: "{}" },
  { name: "broken", count: 1, meta: "{" },
  { name: "recording", count: 1, meta: undefined },
];

async function layOut(lab: Lab, run: number): Promise<Scene> {
  const dataDir = `${lab.root}/runs/${run}`;
  const config = `${lab.root}/runs/${run}.toml`;
  const expected = new Map<string, string>();
  const record = async (name: string, id: string, meta: string | undefined) => {
    const path = `${dataDir}/episodes/${id}`;
    await Deno.mkdir(`${path}/sub`, { recursive: true });
    await Deno.writeTextFile(`${path}/sub/cpu.jsonl`, `${name}\n`);
    if (meta !== undefined) {
      await Deno.writeTextFile(`${path}/meta.json`, meta.replace("STAMP", lab.stamp));
    }
    expected.set(name, contentOf(path));
  };
  for (const { name, count, meta } of KINDS) {
    for (let at = 0; at < count; at++) {
      const id = `${name}-${at}-${run}`;
      await record(id, id, meta);
    }
  }
  const text = await Deno.readTextFile(lab.hostConfig);
  await Deno.writeTextFile(config, text.replace(/^data_dir = .*$/m, `data_dir = "${dataDir}"`));
  const ids = [...expected.keys()];
  const twin = `bare-0-${run}`;
  await lab.run(["quarantine", "add", twin, "--config", config]);
  await record(`the twin of ${twin}`, twin, "[]");
  return { dataDir, config, ids, expected };
}

/** Run `at` has the seed `seed + at`. Told of each when it has ended. */
export async function runMany(
  lab: Lab,
  options: { readonly count: number; readonly seed: number; readonly workers: number },
  told: (result: RunResult, at: number) => void,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: options.workers }, async () => {
    for (let at = next++; at < options.count; at = next++) {
      told(await runOnce(lab, at, options.seed + at), at);
    }
  }));
}

/** One run. The choices come from `seed`, what they meet from the machine. */
export async function runOnce(lab: Lab, run: number, seed: number): Promise<RunResult> {
  const random = seededRandom(seed);
  const scene = await layOut(lab, run);
  const sum: Sum = { faults: [], ended: 0, killed: 0, moved: 0 };
  const over = new AbortController();
  const operators = Array.from({ length: OPERATORS }, async () => {
    while (!over.signal.aborted) await operate(scene, random, sum);
  });
  for (let life = 0; life < LIVES; life++) {
    const daemon = start(["ship", "--daemon", "--config", scene.config]);
    const ended = daemon.output();
    await wait(random() * LONGEST_LIFE_MS);
    daemon.kill("SIGKILL");
    const { stderr } = await ended;
    if (/bug in cis490|event=episode-failed/.test(textOf(stderr))) sum.faults.push(textOf(stderr));
    sum.killed++;
  }
  over.abort();
  await Promise.all(operators);
  // What nobody has touched since is for the next start to mend.
  for (const words of [["add", ...scene.ids], ["retry", "--all"]]) {
    await command(scene, random, sum, ["quarantine", ...words], true);
  }
  await repair(lab, scene, sum.faults);
  sum.faults.push(...check(scene.dataDir, scene.expected).faults, ...findUnstored(lab, scene));
  return sum;
}

/** One command of the operator's, perhaps killed. */
async function operate(
  scene: Scene,
  random: () => number,
  sum: Sum,
): Promise<void> {
  const some = () => scene.ids.filter(() => random() < 0.3);
  const choices = [
    ["quarantine-unstamped"],
    ["quarantine-unstamped", "--min-age", "0s"],
    ["quarantine", "add", ...some(), "none"],
    ["quarantine", "add", "--held", "--older-than", "0s"],
    ["quarantine", "retry", "--all"],
    ["quarantine", "retry", "--code", "unstamped"],
    ["quarantine", "retry", ...some(), "none"],
  ];
  const words = choices[Math.floor(random() * choices.length)] ?? [];
  await command(scene, random, sum, words, random() < 0.4);
}

async function command(
  { dataDir, config }: Scene,
  random: () => number,
  sum: Sum,
  words: readonly string[],
  isKilled: boolean,
): Promise<void> {
  const child = start([...words, "--config", config, "--json"]);
  const output = child.output();
  if (isKilled) {
    await untilBegun(dataDir);
    await wait(random() * LONGEST_WORK_MS);
    kill(child);
  }
  const { code, signal, stdout, stderr } = await output;
  if (signal === "SIGKILL") sum.killed++;
  else {
    sum.ended++;
    sum.moved += [...textOf(stdout).matchAll(/"(?:quarantined_as|name)": /g)].length;
    if (code > 1 || /bug in cis490/.test(textOf(stderr))) {
      sum.faults.push(`${words.join(" ")}: exit ${code}: ${textOf(stderr)}`);
    }
  }
}

/** Until somebody takes or gives back the lock of an episode: a command takes a while to start. */
async function untilBegun(dataDir: string): Promise<void> {
  const mtimeMs = () => Deno.lstatSync(`${dataDir}/.locks`).mtime?.getTime();
  const before = mtimeMs();
  for (let left = LONGEST_START_MS; left > 0 && mtimeMs() === before; left -= 2) await wait(2);
}

/** What a person would find after the next start: passes until nothing is left to be done. */
async function repair(lab: Lab, { config }: Scene, faults: string[]): Promise<void> {
  let last = "";
  for (let pass = 0; pass < PASSES; pass++) {
    const { code, stdout, stderr } = await lab.run(["ship", "--once", "--config", config]);
    if (code === 0) return;
    last = `exit ${code}: ${stdout}${stderr}`;
    await wait(300);
  }
  faults.push(`nothing comes to an end: ${last}`);
}

/** What is retired without being at the receiver. */
function findUnstored(lab: Lab, { dataDir }: Scene): string[] {
  return [...Deno.readDirSync(`${dataDir}/shipped`)].flatMap(({ name }) => {
    try {
      Deno.lstatSync(`${lab.stored}/${name}.tar.zst`);
      return [];
    } catch {
      return [`${name} is retired, and the receiver does not have it`];
    }
  });
}

function start(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(BINARY, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It was quicker.
    if (!(error instanceof TypeError)) throw error;
  }
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
