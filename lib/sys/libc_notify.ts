/** Datagrams to a unix socket through the C library: path and abstract names alike. Needs the FFI permission. */
import type { NotifyAddress, SendDatagram } from "./notify.ts";

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

export interface Datagrams {
  readonly send: SendDatagram;
  close(): void;
}

/** Opens a socket for datagrams to `address`. Throws when the address is too long or no socket is to be had. */
export function openDatagram(address: NotifyAddress): Datagrams {
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
    close() {
      symbols.close(fd);
      library.close();
    },
  };
}

/** CLOCK_MONOTONIC in microseconds, clock_gettime(2). */
export function monotonicUs(): bigint {
  const library = Deno.dlopen("libc.so.6", SYMBOLS);
  const time = new Uint8Array(16);
  library.symbols.clock_gettime(CLOCK_MONOTONIC, time);
  library.close();
  const view = new DataView(time.buffer);
  return view.getBigInt64(0, true) * 1_000_000n + view.getBigInt64(8, true) / 1000n;
}
