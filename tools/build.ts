/**
 * Compiles the program.
 *
 *   ./denow task build          dist/cis490, for this machine
 *   ./denow task build:all      dist/cis490-x86_64 and dist/cis490-aarch64
 *
 * A binary gets its name by one rename when it is whole, and is left alone while nothing it is made of has changed.
 */

import { createHash } from "node:crypto";
import { compileConfig } from "./build_config.ts";
import { findUnused, type Graph } from "./build_excludes.ts";
import { ENGINE_FLAGS, PERMISSIONS, WORKERS } from "./build_permissions.ts";
import { digestInputs } from "./build_stamp.ts";
import { type Arch, DenortError, ensureDenort } from "./denort.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const DIST = `${ROOT}/dist`;

/**
 * Of the compiler's threads. Of the usual 2 MiB, the first look at a CommonJS package (prom-client) takes more; what it found
 * is cached, so only a build with an empty cache ends by it.
 */
const STACK_BYTES = 64 * 1024 * 1024;

/** What is embedded as dist/build_info.json and read by lib/build_info.ts. */
interface Embedded {
  readonly version: string;
  readonly commit: string;
  readonly target: string;
}

/** Nothing could be built; the message says why. */
class BuildError extends Error {}

function say(line: string): void {
  console.error(`build: ${line}`);
}

async function main(args: readonly string[]): Promise<void> {
  const native = Deno.build.arch;
  const jobs: readonly { readonly arch: Arch; readonly name: string }[] = args.includes("--all")
    ? [{ arch: "x86_64", name: "cis490-x86_64" }, { arch: "aarch64", name: "cis490-aarch64" }]
    : [{ arch: native, name: "cis490" }];
  await Deno.mkdir(DIST, { recursive: true });
  // dist/build_info.json has one place, so two builds at once take turns.
  using lock = await Deno.open(`${DIST}/.lock`, { create: true, write: true });
  await lock.lock(true);
  const version = await readVersion();
  const commit = await findCommit();
  for (const { arch, name } of jobs) {
    await build(arch, name, { version, commit, target: `${arch}-unknown-linux-gnu` });
  }
}

async function build(arch: Arch, name: string, embedded: Embedded): Promise<void> {
  const output = `${DIST}/${name}`;
  const stampFile = `${DIST}/.${name}.stamp`;
  const started = performance.now();
  const inputs = await digestInputs(ROOT, [JSON.stringify(embedded), Deno.version.deno]);
  if (await findText(stampFile) === await findStamp(inputs, output)) {
    say(`dist/${name} is current (${embedded.version}, ${embedded.commit})`);
    return;
  }

  const denort = await ensureDenort(arch, say);
  await Deno.writeTextFile(`${DIST}/build_info.json`, JSON.stringify(embedded));
  const work = await Deno.makeTempDir({ dir: DIST, prefix: ".new." });
  try {
    await Deno.writeTextFile(
      `${work}/deno.json`,
      compileConfig(await Deno.readTextFile(`${ROOT}/deno.json`)),
    );
    // A copy: Deno takes out of a lock what the configuration does not name. What stays is verified by it.
    await Deno.copyFile(`${ROOT}/deno.lock`, `${work}/deno.lock`);
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["compile", "--quiet", "--target", embedded.target, "--output", `${work}/cis490`],
        ...["--config", `${work}/deno.json`, "--lock", `${work}/deno.lock`, "--frozen=false"],
        // The types are checked by `task check`, with the packages that only types need.
        "--no-check",
        ...PERMISSIONS.map(({ flag }) => flag),
        ...ENGINE_FLAGS,
        ...["--include", "dist/build_info.json"],
        ...(await findWorkers()).flatMap((worker) => ["--include", worker]),
        ...(await findExcludes(work)).flatMap((path) => ["--exclude", path]),
        "main.ts",
      ],
      cwd: ROOT,
      env: { DENORT_BIN: denort, RUST_MIN_STACK: `${STACK_BYTES}` },
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    if (!success) throw new BuildError(`dist/${name} was not built; what is wrong stands above`);
    await Deno.rename(`${work}/cis490`, output);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  await Deno.writeTextFile(stampFile, await findStamp(inputs, output) ?? "");
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const size = ((await Deno.stat(output)).size / 1e6).toFixed(0);
  say(`dist/${name} built in ${seconds} s, ${size} MB (${embedded.version}, ${embedded.commit})`);
}

/** What the stamp file holds when the binary was made of these inputs, or undefined if there is no binary. */
async function findStamp(inputs: string, binary: string): Promise<string | undefined> {
  try {
    const digest = createHash("sha256").update(await Deno.readFile(binary)).digest("hex");
    return `${inputs} ${digest}\n`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function findText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

async function findWorkers(): Promise<string[]> {
  const found: string[] = [];
  for (const worker of WORKERS) {
    if (await findText(`${ROOT}/${worker}`) !== "") found.push(worker);
  }
  return found;
}

/** What of the npm packages the program never loads. */
async function findExcludes(work: string): Promise<string[]> {
  const config = ["--config", `${work}/deno.json`, "--lock", `${work}/deno.lock`, "--frozen=false"];
  // On a fresh machine the packages are not here yet.
  await deno("cache", "--quiet", ...config, "--no-check", "main.ts");
  const { npmCache }: { npmCache: string } = JSON.parse(await deno("info", "--json"));
  const graph: Graph = JSON.parse(await deno("info", "--json", ...config, "main.ts"));
  return findUnused(graph, npmCache);
}

async function deno(command: string, ...args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [command, ...args],
    cwd: ROOT,
    stderr: "inherit",
  }).output();
  if (!success) throw new BuildError(`deno ${command} failed; what is wrong stands above`);
  return new TextDecoder().decode(stdout);
}

async function readVersion(): Promise<string> {
  const config: { version?: unknown } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  if (typeof config.version !== "string") throw new BuildError("deno.json has no version");
  return config.version;
}

/**
 * The commit that is checked out, `-dirty` if a file of it was changed, `unknown` without git or a commit. Files that git
 * does not track, like a lab's own program, are in no binary unless a changed file names them.
 */
async function findCommit(): Promise<string> {
  const commit = await git("rev-parse", "--verify", "--quiet", "HEAD");
  if (commit === undefined) return "unknown";
  return await git("status", "--porcelain", "--untracked-files=no") === ""
    ? commit
    : `${commit}-dirty`;
}

/** What git says, or undefined if it can't. The directory may belong to another user, as in a container. */
async function git(...args: string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-c", `safe.directory=${ROOT}`, "-C", ROOT, ...args],
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

try {
  await main(Deno.args);
} catch (error) {
  if (!(error instanceof BuildError || error instanceof DenortError)) throw error;
  say(error.message);
  Deno.exit(1);
}
