/** Requests that are nearly ones: a good one, with something wrong in its path, its headers, its framing or its body. */
import { announceHeaders, pieceHeaders, putHeaders, type Sample } from "../api/sample.ts";
import { archive } from "./archives.ts";
import { type Dice, join } from "./dice.ts";

/** What the requests are made for. */
export interface Target {
  readonly stamp: string;
  readonly hosts: readonly { readonly host: string; readonly token: string }[];
}

interface Draft {
  method: string;
  path: string;
  headers: [string, string][];
  body: Uint8Array;
}

const SEGMENTS = [
  ...[
    "..",
    ".",
    "",
    "%2e%2e",
    "%2f",
    "%00",
    "a%2fb",
    "lab-2",
    "a~1.incoming",
    "a.json",
    "x".repeat(200),
  ],
  ...["a".repeat(9000), "é", "a;b", "a b", "\\..\\", "*", "?x=/../", "#", "%", "%zz", "a\tb"],
];
const METHODS = [
  "PUT",
  "PATCH",
  "HEAD",
  "GET",
  "POST",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
  "put",
  "P\0T",
];
const VALUES = [
  ...[
    "",
    " ",
    "0",
    "-1",
    "+1",
    "1, 2",
    "0x10",
    "1e3",
    "99999999999999999999",
    "?0",
    "?1",
    "?2",
    "*/*",
  ],
  ...[
    "sha-256=:=:",
    "sha-256=::",
    "sha-512=:AAAA:",
    "gzip",
    "chunked",
    "100-continue",
    "\x7f",
    "é",
    "a\tb",
  ],
  "x".repeat(10_000),
];
const FIELDS = [
  ...[
    "content-length",
    "transfer-encoding",
    "content-type",
    "content-encoding",
    "expect",
    "connection",
  ],
  ...[
    "upload-complete",
    "upload-offset",
    "upload-length",
    "repr-digest",
    "content-digest",
    "host",
    "range",
  ],
  ...[
    "cis490-episode-digest",
    "cis490-code-commit",
    "cis490-client-name",
    "if-none-match",
    "upgrade",
    "te",
  ],
  ...["x-forwarded-for", "__proto__", "constructor", "cookie"],
];

/** The bytes of one case, and of some a second request behind it. */
export function request(dice: Dice, target: Target): Uint8Array {
  const draft = good(dice, target);
  for (let times = dice.int(3); times > 0; times--) spoil(dice, draft);
  const bytes = frame(dice, draft);
  if (dice.chance(0.05)) return dice.mangle(bytes);
  return dice.chance(0.05) ? join(bytes, frame(dice, good(dice, target))) : bytes;
}

function good(dice: Dice, { stamp, hosts }: Target): Draft {
  const what = archive(dice, stamp);
  const { host, token } = dice.pick(hosts);
  // Few ids, so that cases meet what earlier ones left; and fewer than a host may announce at once.
  const id = `run-${dice.int(40)}`;
  const none = new Uint8Array();
  const draft = (method: string, path: string, body: Uint8Array, headers: object = {}): Draft => ({
    method,
    path,
    headers: [
      ["host", "receiver"],
      ["connection", "close"],
      ["authorization", `Bearer ${token}`],
      ...Object.entries(headers),
    ],
    body,
  });
  const episode = `/v1/episodes/${host}/${id}`;
  const upload = `/v1/uploads/${host}/${id}/${what.archiveDigest}`;
  return dice.pick([
    () => draft("PUT", episode, what.bytes, putHeaders(what, stamp)),
    () => draft("PUT", episode, what.bytes, putHeaders(what, stamp)),
    () => draft("PUT", episode, none, announceHeaders(what, stamp)),
    () => piece(dice, draft, upload, what),
    () => draft("HEAD", dice.pick([episode, upload]), none),
    () => draft("POST", "/v1/ping", none),
    () => draft("GET", dice.pick(["/v1/window", "/readyz", "/metrics", "/problems/busy"]), none),
  ])();
}

function piece(
  dice: Dice,
  draft: (method: string, path: string, body: Uint8Array, headers: object) => Draft,
  path: string,
  { bytes }: Sample,
): Draft {
  const from = dice.chance(0.5) ? 0 : dice.int(bytes.byteLength + 10);
  const to = dice.chance(0.5) ? bytes.byteLength : dice.int(bytes.byteLength + 10);
  const body = bytes.subarray(from, to);
  return draft("PATCH", path, body, pieceHeaders(body, from, dice.chance(0.5)));
}

function spoil(dice: Dice, draft: Draft): void {
  const { headers } = draft;
  const at = dice.int(headers.length);
  dice.pick([
    () => draft.method = dice.pick(METHODS),
    () => {
      const parts = draft.path.split("/");
      parts[dice.int(parts.length)] = dice.pick(SEGMENTS);
      draft.path = parts.join("/");
    },
    () => draft.path += `/${dice.pick(SEGMENTS)}`,
    () => draft.path = dice.pick(["*", "", "http://elsewhere", "//", "/", draft.path + "?a=b"]),
    () => headers.splice(at, 1),
    () => headers.push(headers[at] ?? ["x", "y"]),
    () => headers[at] = [headers[at]?.[0] ?? "x", dice.pick(VALUES)],
    () => headers.push([dice.pick(FIELDS), dice.pick(VALUES)]),
    () =>
      headers.push(...Array.from({ length: dice.int(150) }, (): [string, string] => ["a", "b"])),
    () => headers.push([dice.pick(["a b", "", "a:b", "é", "a\0"]), "x"]),
    () => draft.body = dice.mangle(draft.body),
  ])();
}

function frame(dice: Dice, { method, path, headers, body }: Draft): Uint8Array {
  const version = dice.chance(0.97)
    ? "HTTP/1.1"
    : dice.pick(["HTTP/1.0", "HTTP/2.0", "HTTP/9", ""]);
  const eol = dice.chance(0.97) ? "\r\n" : dice.pick(["\n", "\r", "\r\n\r\n", "\r\n "]);
  const isChunked = dice.chance(0.1);
  const lengths = dice.chance(0.95)
    ? [["content-length", `${body.byteLength}`]]
    : dice.pick([[], [["content-length", `${body.byteLength + dice.int(100)}`]], [
      ["content-length", `${dice.int(body.byteLength + 1)}`],
    ], [["content-length", "5"], ["content-length", "6"]]]);
  const framing = isChunked
    ? [["transfer-encoding", "chunked"], ...lengths.slice(dice.int(2))]
    : lengths;
  const lines = [...headers, ...framing].map(([name, value]) => `${name}: ${value}`);
  const head = [`${method} ${path} ${version}`.trimEnd(), ...lines].join(eol) + eol + eol;
  const encoded = new TextEncoder().encode(head);
  return join(encoded, isChunked ? chunked(dice, body) : body);
}

function chunked(dice: Dice, body: Uint8Array): Uint8Array {
  const encode = (text: string) => new TextEncoder().encode(text);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.byteLength;) {
    const part = body.subarray(at, at + 1 + dice.int(1000));
    at += part.byteLength;
    const size = dice.chance(0.98) ? part.byteLength.toString(16) : dice.pick([
      "-1",
      "zz",
      "",
      "ffffffffffffffff",
      "0x5",
      `${part.byteLength.toString(16)};${"e".repeat(9000)}`,
    ]);
    parts.push(encode(`${size}\r\n`), part, encode("\r\n"));
  }
  return join(
    ...parts,
    encode(dice.pick(["0\r\n\r\n", "0\r\n\r\n", "0\r\na: b\r\n\r\n", "0\r\n", ""])),
  );
}
