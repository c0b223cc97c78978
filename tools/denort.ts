/**
 * `denort`, the runtime that `deno compile` puts in front of a compiled program, for both architectures.
 *
 *   ./denow run -A tools/denort.ts [x86_64|aarch64]      prints where it is kept, and fetches it first if needed
 *
 * It is looked for, in this order:
 *   1. DENORT_BIN, as `deno compile` does; whoever sets it vouches for it (its architecture is checked);
 *   2. this project's cache directory (see ./denow), where only verified files get their final name;
 *   3. Deno's own release download, the normal way;
 *   4. the fallback for networks that reach a Python package index but not Deno's host: the PyPI package
 *      `bids-validator-deno` is a program compiled by `deno compile` with this very version, so the ELF part of it is
 *      denort (./elf_extent.ts). It is cut out; nothing of the validator is run or kept.
 *
 * Either download must have the sha256 pinned below.
 */

import { readElfExtent } from "./elf_extent.ts";

/** The architectures that cis490 is built for, named as in `uname -m`. */
export type Arch = "x86_64" | "aarch64";

const DENO_VERSION = "2.6.10";
const CARRIER = { package: "bids-validator-deno", version: "2.4.1" };

interface Pinned {
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Of the whole wheel, checked before it is unpacked. */
  readonly wheelSha256: string;
}

const PINNED: Readonly<Record<Arch, Pinned>> = {
  x86_64: {
    sizeBytes: 92_183_912,
    sha256: "1b136202dc147212ad0b129de0c10eb5f17060917c9754c7921cd68f764ad2e2",
    wheelSha256: "5087fcd13341f529b5404792a74e22f570e50f17e5ea4cabe9c91b1caf74cbf4",
  },
  aarch64: {
    sizeBytes: 86_015_072,
    sha256: "ee39b54b2f465eae3f1dd3d79495e1ef957fae69ff4f6ad118499986b714d494",
    wheelSha256: "f09c1e600cae71293ab5ae9ddc30aa56a871463837a020eb23b246fa2024c462",
  },
};

/** Something outside is missing or unusable; the message says what and what to do. */
export class DenortError extends Error {}

/**
 * The verified denort for an architecture, fetched into the cache when it is not there yet.
 *
 * @param say gets one sentence per thing worth knowing
 * @throws {DenortError} if it can't be had
 */
export async function ensureDenort(arch: Arch, say: (line: string) => void): Promise<string> {
  const given = Deno.env.get("DENORT_BIN");
  if (given !== undefined && given !== "") {
    if (readElfExtent(await Deno.readFile(given)).machine === arch) return given;
    say(`DENORT_BIN=${given} is not for ${arch}: not used`);
  }
  const home = `${cacheDir()}/denort-${DENO_VERSION}/${arch}`;
  const path = `${home}/denort`;
  try {
    if ((await Deno.stat(path)).size === PINNED[arch].sizeBytes) return path;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }

  await Deno.mkdir(home, { recursive: true });
  const work = await Deno.makeTempDir({ dir: home, prefix: "new." });
  try {
    const fresh = await fromDeno(arch, work, say) ?? await fromCarrier(arch, work, say);
    // Written, synced and renamed: another build beside this one sees all of it or nothing.
    const file = await Deno.open(`${work}/denort`, { write: true, create: true, mode: 0o755 });
    try {
      await new Blob([fresh]).stream().pipeTo(file.writable, { preventClose: true });
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(`${work}/denort`, path);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  return path;
}

/** The same directory as ./denow's. */
function cacheDir(): string {
  const own = Deno.env.get("CIS490_CACHE");
  if (own) return own.startsWith("/") ? own : `${Deno.cwd()}/${own}`;
  const xdg = Deno.env.get("XDG_CACHE_HOME");
  if (xdg) return `${xdg}/cis490`;
  const home = Deno.env.get("HOME");
  if (home) return `${home}/.cache/cis490`;
  throw new DenortError("HOME is not set: set CIS490_CACHE to a directory that may be written");
}

/** denort from Deno's release download, or undefined if that host can't be reached within 5 s. */
async function fromDeno(
  arch: Arch,
  work: string,
  say: (line: string) => void,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const url = `https://dl.deno.land/release/v${DENO_VERSION}/denort-${arch}-unknown-linux-gnu.zip`;
  const abort = new AbortController();
  const connecting = setTimeout(() => abort.abort(), 5000);
  let zip: Uint8Array;
  try {
    const answer = await fetch(url, { signal: abort.signal });
    clearTimeout(connecting);
    if (!answer.ok) {
      await answer.body?.cancel();
      return undefined;
    }
    zip = await answer.bytes();
  } catch {
    // Unreachable, or cut off in the middle: the fallback is there for just that.
    return undefined;
  } finally {
    clearTimeout(connecting);
  }
  say(`fetched ${url}`);
  await Deno.writeFile(`${work}/denort.zip`, zip);
  await unzip(`${work}/denort.zip`, `${work}/release`);
  const denort = await Deno.readFile(`${work}/release/denort`);
  if (await sha256(denort) === PINNED[arch].sha256) return denort;
  say(`${url} holds a denort that has not the pinned sha256: not used`);
  return undefined;
}

/** denort cut out of the PyPI package that was compiled with it. */
async function fromCarrier(
  arch: Arch,
  work: string,
  say: (line: string) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const requirement = `${CARRIER.package}==${CARRIER.version}`;
  say(
    `Deno's own download of denort can't be used: taking it from the PyPI package ${requirement}`,
  );
  const platforms = ["manylinux_2_27", "manylinux_2_28"].flatMap((p) => [
    "--platform",
    `${p}_${arch}`,
  ]);
  await run("python3", [
    ...["-m", "pip", "download", "--quiet", "--retries", "1", "--disable-pip-version-check"],
    ...["--no-cache-dir", "--no-deps", "--only-binary=:all:", ...platforms],
    ...["--dest", `${work}/wheels`, requirement],
  ], "is pip there (apt-get install python3-pip), and does it reach its package index?");
  const wheels = (await Array.fromAsync(Deno.readDir(`${work}/wheels`))).map(({ name }) => name);
  const wheel = `${work}/wheels/${wheels[0]}`;
  if (await sha256(await Deno.readFile(wheel)) !== PINNED[arch].wheelSha256) {
    throw new DenortError(`${wheels[0]} has not the pinned sha256: set DENORT_BIN to a denort`);
  }
  await unzip(wheel, `${work}/wheel`);
  const scripts = `${work}/wheel/bids_validator_deno-${CARRIER.version}.data/scripts`;
  const program = await Deno.readFile(`${scripts}/bids-validator-deno`);
  const denort = program.subarray(0, readElfExtent(program).sizeBytes);
  if (await sha256(denort) !== PINNED[arch].sha256) {
    throw new DenortError(`the ELF part of ${requirement} has not the pinned sha256`);
  }
  return denort;
}

/** Unpacks a zip file; a wheel is one. */
async function unzip(zip: string, directory: string): Promise<void> {
  await run(
    "python3",
    ["-m", "zipfile", "-e", zip, directory],
    "python3 unpacks it: apt-get install python3",
  );
}

async function run(command: string, args: string[], hint: string): Promise<void> {
  let status: Deno.CommandStatus;
  try {
    status = await new Deno.Command(command, { args, stdin: "null" }).spawn().status;
  } catch (cause) {
    throw new DenortError(`${command} could not be started; ${hint}`, { cause });
  }
  if (!status.success) {
    throw new DenortError(`${command} ${args.slice(0, 3).join(" ")} failed; ${hint}`);
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

if (import.meta.main) {
  const wanted = Deno.args[0] ?? Deno.build.arch;
  if (wanted !== "x86_64" && wanted !== "aarch64") {
    console.error(`denort: no denort is pinned for ${wanted}: give x86_64 or aarch64`);
    Deno.exit(2);
  }
  try {
    console.log(await ensureDenort(wanted, (line) => console.error(`denort: ${line}`)));
  } catch (error) {
    if (!(error instanceof DenortError)) throw error;
    console.error(`denort: ${error.message}`);
    Deno.exit(1);
  }
}
