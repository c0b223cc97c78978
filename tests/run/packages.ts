/**
 * The Debian packages that tests need: which there are, which are missing, and their installation.
 */

const LIST = new URL("../debian-packages.txt", import.meta.url);

/** One line of tests/debian-packages.txt. */
export interface Package {
  readonly name: string;
  /** Commands and files, by which its presence is seen. */
  readonly brings: readonly string[];
  /** systemd units that Debian would start when it installs the package. */
  readonly units: readonly string[];
}

/** @throws {Error} naming the line that can't be read */
export function parsePackages(text: string): Package[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    const [name, brought] = line.split(/\s+/);
    if (!name || !brought) throw new Error(`debian-packages.txt, line ${index + 1}: no column 2`);
    const parts = brought.split(",");
    const isUnit = (part: string) => part.endsWith(".service");
    return [{ name, brings: parts.filter((p) => !isUnit(p)), units: parts.filter(isUnit) }];
  });
}

/** All packages of the list. */
export function readPackages(): Package[] {
  return parsePackages(Deno.readTextFileSync(LIST));
}

/** Is this command (looked for on PATH) or file there? */
export function isThere(part: string): boolean {
  const candidates = part.startsWith("/")
    ? [part]
    // Debian keeps some in sbin, which an ordinary user's PATH lacks.
    : `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`.split(":").map((dir) => `${dir}/${part}`);
  return candidates.some((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** Those of which some part is not there. */
export function missing(packages: readonly Package[]): Package[] {
  return packages.filter(({ brings }) => !brings.every(isThere));
}

/** Can this process install packages? */
export function canInstall(): boolean {
  return Deno.uid() === 0 && isThere("apt-get") && isThere("/etc/debian_version");
}

/**
 * Installs packages by apt-get; says what it does on stderr.
 *
 * Debian starts a service as soon as it is installed, and a proxy on ports 80 and 443 is not what someone who runs tests
 * asked for. So the units are masked before (in /run only: a reboot forgets it), and after the installation unmasked and
 * disabled. That touches nothing but units that come with this very installation, unlike a policy-rc.d file, which
 * would rule over everything else that is installed meanwhile. Where systemd does not run, nothing is started anyway,
 * except by System V scripts, which RUNLEVEL=1 keeps still (invoke-rc.d(8)).
 *
 * @returns whether apt-get succeeded
 */
export async function install(packages: readonly Package[]): Promise<boolean> {
  const names = packages.map(({ name }) => name);
  const units = packages.flatMap((pkg) => pkg.units);
  const hasSystemd = units.length > 0 && isDirectory("/run/systemd/system");
  if (hasSystemd) await run("systemctl", ["mask", "--runtime", "--quiet", ...units]);
  try {
    const install = ["install", "--yes", "--no-install-recommends", "-qq", ...names];
    // Without lists, or with old ones, the first try fails; an update is then worth its time.
    return await apt(install) || (await apt(["update", "-qq"]) && await apt(install));
  } finally {
    if (hasSystemd) {
      await run("systemctl", ["unmask", "--runtime", "--quiet", ...units]);
      await run("systemctl", ["disable", "--quiet", ...units]);
    }
  }
}

function apt(args: string[]): Promise<boolean> {
  console.error(`$ apt-get ${args.join(" ")}`);
  return run("apt-get", args, { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1", PREVLEVEL: "1" });
}

async function run(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<boolean> {
  const options = { args, env, stdin: "null", stdout: "null", stderr: "inherit" } as const;
  return (await new Deno.Command(command, options).output()).success;
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
