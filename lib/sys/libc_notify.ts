/**
 * Datagrams to a unix socket through the C library: path and abstract names alike. Opening one needs the FFI permission;
 * what is open stays so when that is given up.
 */
import type { NotifyAddress, ServiceManager } from "./notify.ts";

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  sendto: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"],
    result: "i64",
  },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const MSG_DONTWAIT = 0x40;
const CLOCK_MONOTONIC = 1;
/** sun_path of struct sockaddr_un, unix(7). */
const PATH_LIMIT_BYTES = 108;

/** Opens a socket for datagrams to `address`. Throws when the address is too long or no socket is to be had. */
export function openDatagram(address: NotifyAddress): ServiceManager {
  const name = new TextEncoder().encode(
    address.kind === "path" ? `${address.path}\0` : `\0${address.name}`,
  );
  if (name.byteLength > PATH_LIMIT_BYTES) {
    throw new RangeError(`the address in NOTIFY_SOCKET is longer than ${PATH_LIMIT_BYTES} bytes`);
  }
  const sockaddr = new Uint8Array(2 + name.byteLength);
  new DataView(sockaddr.buffer).setUint16(0, AF_UNIX, true);
  sockaddr.set(name, 2);
  const library = Deno.dlopen("libc.so.6", SYMBOLS);
  const { symbols } = library;
  const fd = symbols.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error("socket(AF_UNIX, SOCK_DGRAM) failed");
  return {
    send(message) {
      const bytes = new TextEncoder().encode(message);
      const sent = symbols.sendto(
        fd,
        bytes,
        BigInt(bytes.byteLength),
        MSG_NOSIGNAL | MSG_DONTWAIT,
        sockaddr,
        sockaddr.byteLength,
      );
      if (Number(sent) !== bytes.byteLength) throw new Error("sendto NOTIFY_SOCKET failed");
    },
    monotonicUs() {
      const time = new DataView(new ArrayBuffer(16));
      symbols.clock_gettime(CLOCK_MONOTONIC, new Uint8Array(time.buffer));
      return time.getBigInt64(0, true) * 1_000_000n + time.getBigInt64(8, true) / 1000n;
    },
    close() {
      symbols.close(fd);
      library.close();
    },
  };
}
