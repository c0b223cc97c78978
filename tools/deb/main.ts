/**
 * Builds the Debian packages, of the binaries that are built here if they are not current.
 *
 *   ./denow task deb            dist/cis490_VERSION_amd64.deb, or arm64 on such a machine
 *   ./denow task deb --all      both
 *   --fast                      packed loosely, for tests: three times the size
 */
import { type Arch, DenortError } from "../denort.ts";
import { DEBIAN_ARCHITECTURES, debianVersion, renderControl, type Source } from "./control.ts";
import { lay } from "./layout.ts";

const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const DIST = `${ROOT}/dist`;

/** No package could be built; the message says why. */
class DebError extends Error {}

async function main(args: readonly string[]): Promise<void> {
  const unknown = args.find((word) => word !== "--all" && word !== "--fast");
  if (unknown !== undefined) {
    throw new DebError(`unknown option ${unknown}; there are --all, --fast`);
  }
  const all = args.includes("--all");
  await run(Deno.execPath(), ["run", "-A", `${ROOT}/tools/build.ts`, ...all ? ["--all"] : []]);
  const jobs: readonly (readonly [Arch, string])[] = all
    ? [["x86_64", "cis490-x86_64"], ["aarch64", "cis490-aarch64"]]
    : [[Deno.build.arch, "cis490"]];
  const source = await readSource();
  for (const [arch, binary] of jobs) {
    const name = `cis490_${debianVersion(source)}_${DEBIAN_ARCHITECTURES[arch]}.deb`;
    const work = await Deno.makeTempDir({ dir: DIST, prefix: ".deb." });
    try {
      const kib = await lay(ROOT, `${DIST}/${binary}`, source, `${work}/tree`);
      await Deno.writeTextFile(
        `${work}/tree/DEBIAN/control`,
        renderControl(source, arch, kib),
      );
      const pack = args.includes("--fast") ? ["-Zgzip", "-z1"] : ["-Zxz", "-z6"];
      await run("dpkg-deb", [
        "--root-owner-group",
        ...pack,
        "--build",
        `${work}/tree`,
        `${work}/${name}`,
      ], {
        SOURCE_DATE_EPOCH: `${source.epoch}`,
      });
      await Deno.rename(`${work}/${name}`, `${DIST}/${name}`);
      console.log(`dist/${name}`);
    } finally {
      await Deno.remove(work, { recursive: true });
    }
  }
}

async function readSource(): Promise<Source> {
  const config: { version: string } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  const git = ["-c", `safe.directory=${ROOT}`, "-C", ROOT];
  const said = await run("git", [...git, "log", "-1", "--format=%H %ct"]);
  const [commit = "", epoch = ""] = said.trim().split(" ");
  const tags = await run("git", [...git, "tag", "--points-at", "HEAD"]);
  const changes = await run("git", [...git, "status", "--porcelain"]);
  return {
    version: config.version,
    commit,
    epoch: Number(epoch),
    tagged: tags.split("\n").includes(`v${config.version}`),
    dirty: changes !== "",
  };
}

/** What a command writes. Throws when it is missing or fails; what it says of that stands above then. */
async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(command, { args: [...args], env, stderr: "inherit" }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new DebError(`${command} is missing: apt-get install dpkg git`);
  }
  if (!output.success) throw new DebError(`${command} failed; what is wrong stands above`);
  return new TextDecoder().decode(output.stdout);
}

try {
  await main(Deno.args);
} catch (error) {
  if (!(error instanceof DebError || error instanceof DenortError)) throw error;
  console.error(`deb: ${error.message}`);
  Deno.exit(1);
}
