/**
 * Datagrams to a unix socket without the C library: for a program that has given it up. Needs a name of its own in the
 * file system, and reaches only sockets that have one.
 */
import type { Datagrams } from "./libc_notify.ts";
import type { NotifyAddress } from "./notify.ts";

/**
 * Binds `ownPath`, replacing a socket that an earlier process left there, and sends to `address` from it. Throws when the
 * address is abstract, or when there is no such directory.
 */
export function openPathDatagram(address: NotifyAddress, ownPath: string | undefined): Datagrams {
  if (address.kind === "abstract") {
    throw new Error(
      `NOTIFY_SOCKET=@${address.name} is an abstract name, and this program can only reach a path`,
    );
  }
  if (ownPath === undefined) {
    throw new Error("RUNTIME_DIRECTORY is not set, so there is no place for a socket to send from");
  }
  try {
    Deno.removeSync(ownPath);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const socket = Deno.listenDatagram({ transport: "unixpacket", path: ownPath });
  const to: Deno.UnixAddr = { transport: "unixpacket", path: address.path };
  return {
    send(message) {
      // Nobody waits for it: a full socket of systemd's is no reason to harm an episode.
      socket.send(new TextEncoder().encode(message), to).catch(() => {});
    },
    close() {
      socket.close();
      try {
        Deno.removeSync(ownPath);
      } catch {
        // systemd removes the directory.
      }
    },
  };
}

/** No earlier than now in CLOCK_MONOTONIC, in microseconds: uptime is told in whole seconds, rounded down. */
export function monotonicUsAtLeast(): bigint {
  return BigInt(Deno.osUptime() + 1) * 1_000_000n;
}
