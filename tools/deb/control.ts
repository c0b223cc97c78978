/** What a Debian package says of itself (deb-control(5), deb-changelog(5)). */
import type { Arch } from "../denort.ts";

/** The commit that a package is built of. */
export interface Source {
  /** As deno.json has it. */
  readonly version: string;
  readonly commit: string;
  /** When it was made, in seconds since the epoch: the package's date, so that it's the same on any day. */
  readonly epoch: number;
  /** Whether it is the commit of that version's tag, `v1.2.3`. */
  readonly tagged: boolean;
  /** Whether the tree differs from the commit. */
  readonly dirty: boolean;
}

const MAINTAINER = "cis490 maintainers <maintainers@localhost>";

export const DEBIAN_ARCHITECTURES: Readonly<Record<Arch, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
};

/**
 * Of a tagged commit, its version; of any other, one that is newer than the version it came after and than each commit
 * before it (deb-version(7)): `1.2.3+git20260131.235959.0a1b2c3`.
 */
export function debianVersion({ version, commit, epoch, tagged, dirty }: Source): string {
  if (tagged && !dirty) return version;
  const time = new Date(epoch * 1000).toISOString().replaceAll(/[-:]|\..*$/g, "").replace("T", ".");
  return `${version}+git${time}.${commit.slice(0, 7)}${dirty ? ".dirty" : ""}`;
}

/** `kib`: what it takes on the disk. */
export function renderControl(source: Source, arch: Arch, kib: number): string {
  return `Package: cis490
Version: ${debianVersion(source)}
Architecture: ${DEBIAN_ARCHITECTURES[arch]}
Maintainer: ${MAINTAINER}
Installed-Size: ${kib}
Depends: libc6 (>= 2.27), libgcc-s1, systemd (>= 252), init-system-helpers (>= 1.54)
Recommends: git
Suggests: caddy, easy-rsa, wireguard-tools
Section: net
Priority: optional
Description: ship recorded episodes from lab hosts to a receiver
 A malware-research lab runs experiments on unattended hosts; each run leaves a
 directory, an episode. cis490 moves every episode to a receiver exactly once,
 whole, and only if the lab code that recorded it is still accepted.
 .
 The package has both roles; which one a machine has is said by enabling
 cis490-shipper.service or cis490-receiver.service.
`;
}

export function renderChangelog(source: Source): string {
  const date = new Date(source.epoch * 1000).toUTCString().replace("GMT", "+0000");
  return `cis490 (${debianVersion(source)}) unstable; urgency=medium

  * Built of commit ${source.commit}.

 -- ${MAINTAINER}  ${date}
`;
}

/** Machine-readable (copyright-format 1.0), from the text of the tree's LICENSE. */
export function renderCopyright(license: string): string {
  const text = license.trim().split("\n").slice(4).map((line) => line === "" ? " ." : ` ${line}`);
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: cis490

Files: *
Copyright: 2026 the cis490 maintainers
License: Expat
${text.join("\n")}
Comment:
 usr/bin/cis490 also holds the Deno runtime (MIT) and the packages that
 /usr/share/doc/cis490/dependencies.md lists.
`;
}
