/** Which file of this tree goes where in the package. */
import { gzipSync } from "node:zlib";
import { COMMANDS } from "../../cmd/commands.ts";
import { renderCompletions } from "../../cmd/completion.ts";
import { renderPages } from "../docs/man.ts";
import { renderChangelog, renderCopyright, type Source } from "./control.ts";

const DOC = "usr/share/doc/cis490";

/** Every file that is copied: where it lies in the tree, and the directory it goes to. A name that ends in `/` is all in it. */
const COPIED: readonly (readonly [from: string, to: string])[] = [
  ["systemd/cis490-shipper.service", "lib/systemd/system"],
  ["systemd/cis490-receiver.service", "lib/systemd/system"],
  ["systemd/cis490-ship.service", "lib/systemd/system"],
  ["systemd/cis490-ship.timer", "lib/systemd/system"],
  ["systemd/restart-delay", "usr/lib/cis490"],
  ["install/pki.sh", "usr/lib/cis490"],
  ["systemd/sysusers.d/cis490.conf", "usr/lib/sysusers.d"],
  ["systemd/tmpfiles.d/cis490.conf", "usr/lib/tmpfiles.d"],
  ["install/lab-host.toml.example", "etc/cis490"],
  ["install/receiver.toml.example", "etc/cis490"],
  ["install/Caddyfile", `${DOC}/examples`],
  ["install/wireguard/", `${DOC}/examples/wireguard`],
  ["docs/", DOC],
];
const EXECUTABLE = new Set([
  "usr/bin/cis490",
  "usr/lib/cis490/restart-delay",
  "usr/lib/cis490/pki.sh",
]);
/** Where a shell looks for the completion of a command. */
const COMPLETIONS: Readonly<Record<string, string>> = {
  bash: "usr/share/bash-completion/completions/cis490",
  zsh: "usr/share/zsh/vendor-completions/_cis490",
  fish: "usr/share/fish/vendor_completions.d/cis490.fish",
};
const SCRIPTS = ["preinst", "postinst", "prerm", "postrm"];

/**
 * Lays the package out below `tree`, which must not exist; DEBIAN/control alone is left to the caller. Returns its size in
 * KiB, as du(1) counts.
 */
export async function lay(
  root: string,
  binary: string,
  source: Source,
  tree: string,
): Promise<number> {
  const write = async (path: string, data: string | Uint8Array<ArrayBuffer>) => {
    await makeDirectory(tree, path.slice(0, path.lastIndexOf("/")));
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    await Deno.writeFile(`${tree}/${path}`, bytes);
    const executable = EXECUTABLE.has(path) || SCRIPTS.some((name) => path === `DEBIAN/${name}`);
    await Deno.chmod(`${tree}/${path}`, executable ? 0o755 : 0o644);
  };
  await write("usr/bin/cis490", await Deno.readFile(binary));
  for (const [from, to] of COPIED) {
    for (const path of await listFiles(root, from)) {
      const bytes = await Deno.readFile(`${root}/${path}`);
      await write(`${to}/${path.slice(path.lastIndexOf("/") + 1)}`, adapt(path, bytes));
    }
  }
  for (const [shell, script] of renderCompletions(COMMANDS)) {
    const path = COMPLETIONS[shell];
    if (path !== undefined) await write(path, script);
  }
  const date = new Date(source.epoch * 1000).toISOString().slice(0, 10);
  for (const [name, page] of renderPages(COMMANDS, source.version, date)) {
    await write(`usr/share/man/man1/${name}.gz`, gzip(page));
  }
  await write(`${DOC}/changelog.gz`, gzip(renderChangelog(source)));
  await write(`${DOC}/copyright`, renderCopyright(await Deno.readTextFile(`${root}/LICENSE`)));
  const overrides = await Deno.readTextFile(`${root}/tools/deb/lintian-overrides`);
  await write("usr/share/lintian/overrides/cis490", overrides);
  const kib = await countKib(tree);
  for (const script of SCRIPTS) {
    await write(`DEBIAN/${script}`, await Deno.readFile(`${root}/tools/deb/scripts/${script}`));
  }
  const conffiles = COPIED.filter(([, to]) => to.startsWith("etc/"))
    .map(([from, to]) => `/${to}/${from.slice(from.lastIndexOf("/") + 1)}\n`);
  await write("DEBIAN/conffiles", conffiles.join(""));
  return kib;
}

/** The units name their documentation where the installers have it. */
function adapt(path: string, bytes: Uint8Array<ArrayBuffer>): string | Uint8Array<ArrayBuffer> {
  if (!/\.(service|timer)$/.test(path)) return bytes;
  return new TextDecoder().decode(bytes).replaceAll("file:///opt/cis490/docs/", `file:///${DOC}/`);
}

async function listFiles(root: string, path: string): Promise<string[]> {
  if (!path.endsWith("/")) return [path];
  const files: string[] = [];
  for await (const entry of Deno.readDir(`${root}/${path}`)) {
    if (entry.isFile) files.push(`${path}${entry.name}`);
  }
  return files.sort();
}

/** Whatever the umask of who builds: directories are for everyone to pass. */
async function makeDirectory(tree: string, path: string): Promise<void> {
  const names = path.split("/");
  for (let i = 0; i <= names.length; i++) {
    const directory = [tree, ...names.slice(0, i)].join("/");
    await Deno.mkdir(directory, { recursive: true });
    await Deno.chmod(directory, 0o755);
  }
}

/** Without a time in the header, so that the same tree makes the same package. */
function gzip(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(text, { level: 9 }));
}

async function countKib(directory: string): Promise<number> {
  let kib = 4;
  for await (const entry of Deno.readDir(directory)) {
    const path = `${directory}/${entry.name}`;
    kib += entry.isDirectory
      ? await countKib(path)
      : Math.ceil((await Deno.stat(path)).size / 4096) * 4;
  }
  return kib;
}
