/**
 * Telemetry like that of the lab: JSON lines of counters that creep, and packet captures of which the payload is mostly
 * encrypted. zstd -3 makes about 3.4 to 1 of the two together.
 */

/** Numbers from 0 up to 2^32 (xorshift32, Marsaglia 2003): a generator of gigabytes must be quick. */
export class Xorshift {
  #state: number;

  constructor(seed: number) {
    // 0 is the one state that it never leaves.
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1;
  }

  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }

  below(limit: number): number {
    return this.next() % limit;
  }
}

/** Fills a block; the next call goes on where it ended. */
export type Source = (block: Uint8Array<ArrayBuffer>) => void;

const encoder = new TextEncoder();
const CALLS = ["openat", "read", "write", "mmap", "futex", "connect", "sendto", "clone3"] as const;

/** Samples of one process at 100 Hz, one a line, like those of a tracer. */
export function jsonLines(random: Xorshift): Source {
  let us = 1_700_000_000_000_000 + random.below(1e9);
  let cpu = 0;
  let rss = 4096;
  let read = 0;
  const line = () => {
    us += 9_000 + random.below(2_000);
    cpu += random.below(9);
    rss += random.below(64) - 30;
    read += random.below(8) === 0 ? random.below(65_536) : 0;
    const call = CALLS[random.below(CALLS.length)];
    const address = (random.next() >>> 4).toString(16);
    return `{"t_us":${us},"pid":${2000 + random.below(4)},"cpu_ticks":${cpu},"rss_kb":${rss},` +
      `"read_bytes":${read},"syscall":"${call}","ret":${
        random.below(4096)
      },"addr":"0x7f${address}"}\n`;
  };
  return filled(() => encoder.encode(line()));
}

/** The file header of pcap with microseconds, link type Ethernet (draft-ietf-opsawg-pcap). */
const PCAP_HEADER = new Uint8Array(
  new Uint32Array([0xa1b2c3d4, 0x0004_0002, 0, 0, 262_144, 1]).buffer,
);
const SEGMENT_BYTES = 1448;
/** Ethernet, IPv4 and TCP with timestamps. */
const HEADERS_BYTES = 14 + 20 + 32;
/** Of sixteen packets: so many carry TLS records, as many plain text, the others nothing but an acknowledgement. */
const TLS_OF_16 = 5;
const TEXT_OF_16 = 6;

/** A capture of a host that talks TLS to some servers and plain HTTP to others. */
export function packets(random: Xorshift): Source {
  // The last number of a payload may go over its end.
  const record = new Uint8Array(16 + HEADERS_BYTES + SEGMENT_BYTES + 4);
  const view = new DataView(record.buffer);
  const text = encoder.encode(
    "GET /beacon?id=4711&os=linux&arch=x86_64 HTTP/1.1\r\nHost: update.example.net\r\nUser-Agent: " +
      "Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html,application/xhtml+xml\r\nCookie: session=",
  );
  let seconds = 1_700_000_000;
  let microseconds = 0;
  let sequence = random.next();
  let isFirst = true;
  return filled(() => {
    if (isFirst) {
      isFirst = false;
      return PCAP_HEADER;
    }
    microseconds += 50 + random.below(20_000);
    if (microseconds >= 1_000_000) {
      [seconds, microseconds] = [seconds + 1, microseconds - 1_000_000];
    }
    const kind = random.below(16);
    const payload = kind < TLS_OF_16 + TEXT_OF_16 ? SEGMENT_BYTES - random.below(256) : 0;
    const length = HEADERS_BYTES + payload;
    view.setUint32(0, seconds, true);
    view.setUint32(4, microseconds, true);
    view.setUint32(8, length, true);
    view.setUint32(12, length, true);
    view.setUint32(16 + 26, 0x0a4d0001);
    view.setUint32(16 + 30, 0xc0000200 + random.below(8));
    view.setUint32(16 + 38, sequence = (sequence + payload) >>> 0);
    view.setUint16(16 + 50, random.below(65_536));
    view.setUint32(16 + 58, microseconds);
    const end = 16 + length;
    for (let at = 16 + HEADERS_BYTES; at < end;) {
      if (kind < TLS_OF_16) {
        view.setUint32(at, random.next());
        at += 4;
      } else {
        record.set(text.subarray(0, end - at), at);
        at += Math.min(text.byteLength, end - at);
        for (let hex = 0; hex < 4 && at + 4 <= end; hex++, at += 4) {
          view.setUint32(at, 0x30303030 + (random.next() & 0x07070707));
        }
      }
    }
    return record.subarray(0, end);
  });
}

/** A source of pieces of any length, as one that fills blocks. */
function filled(next: () => Uint8Array): Source {
  let rest = new Uint8Array(0);
  return (block) => {
    for (let at = 0; at < block.byteLength;) {
      if (rest.byteLength === 0) rest = new Uint8Array(next());
      const part = rest.subarray(0, block.byteLength - at);
      block.set(part, at);
      at += part.byteLength;
      rest = rest.subarray(part.byteLength);
    }
  };
}
