import assert from "node:assert/strict";
import fc from "fast-check";
import { describeKeys } from "./describe.ts";
import { ConfigError, type ConfigFault, formatFault } from "./faults.ts";
import {
  chooseConfigFile,
  loadLabHostConfig,
  type Parsed,
  parseLabHostConfig,
  parseReceiverConfig,
} from "./load.ts";

const SMALLEST = `host_id = "lab-host-01"\n[receiver]\nurl = "https://pi:8443"\n`;

function config<Config>(parsed: Parsed<Config>): Config {
  assert(parsed.kind === "config", JSON.stringify(parsed));
  return parsed.config;
}

function lines<Config>(parsed: Parsed<Config>): string[] {
  assert(parsed.kind === "faults", "the configuration was taken");
  return parsed.faults.map((fault: ConfigFault) => formatFault("f.toml", fault));
}

Deno.test("a lab host needs its name and its receiver; all else has a default, in the program's units", async () => {
  assert.deepEqual(config(await parseLabHostConfig(SMALLEST)), {
    hostId: "lab-host-01",
    dataDir: "/var/lib/cis490",
    receiver: {
      url: "https://pi:8443",
      tokenFile: "/etc/cis490/token",
      certificates: {
        caBundle: "/etc/cis490/pki/ca.crt",
        clientCert: "/etc/cis490/pki/client.crt",
        clientKey: "/etc/cis490/pki/client.key",
      },
    },
    queue: {
      scanIntervalMs: 5000,
      settleMs: 10_000,
      minFreeBytes: 2 ** 30,
      outboxAhead: 4,
      quarantineKeepMs: 30 * 86_400_000,
      quarantineCleanupIntervalMs: 3_600_000,
      shippedKeepMs: 7 * 86_400_000,
    },
    transport: { uploads: 2, rateLimitBytesPerSecond: undefined, compressionLevel: 3 },
  });
});

Deno.test("an empty receiver.toml is a whole configuration", async () => {
  assert.deepEqual(config(await parseReceiverConfig("")), {
    listen: { transport: "unix", path: "/run/cis490/receive.sock" },
    storeDir: "/var/lib/cis490/store",
    tokensFile: "/etc/cis490/tokens.toml",
    proxyIdentity: true,
    proxySecretFile: undefined,
    window: {
      forgejo: undefined,
      branch: "main",
      windowCommits: 50,
      refreshMs: 60_000,
      maxStaleMs: 72 * 3_600_000,
      localRepo: { path: "/opt/cis490/.git", ifPresent: true },
      acceptExtra: [],
    },
    limits: {
      maxArchiveBytes: 65_536 * 2 ** 20,
      maxUnpackedBytes: 262_144 * 2 ** 20,
      maxPartialsBytes: 262_144 * 2 ** 20,
      minFreeBytes: 2 ** 30,
      partialKeepMs: 168 * 3_600_000,
    },
  });
});

Deno.test("zero days and zero Mbit/s mean no limit", async () => {
  const { queue, transport } = config(
    await parseLabHostConfig(
      SMALLEST +
        "[queue]\nshipped_keep_days = 0\nquarantine_keep_days = 0\n[transport]\nrate_limit_mbit = 0\n",
    ),
  );
  assert.equal(queue.shippedKeepMs, undefined);
  assert.equal(queue.quarantineKeepMs, undefined);
  assert.equal(transport.rateLimitBytesPerSecond, undefined);
});

Deno.test("everything that is wrong is said at once, each with line, key, what was expected and found", async () => {
  const parsed = await parseLabHostConfig(`host_id = "-x"
data_dir = "relative"
settle_s = 10
[receiver]
url = "pi:8443"
[queue]
scan_interval_s = "5"
setle_s = 10
outbox_ahead = 2.5
[transport]
compression_level = 99
uploads = 0
[quueue]
`);
  assert.deepEqual(lines(parsed), [
    'f.toml:1: host_id: expected 1 to 128 of A-Z a-z 0-9 . _ - and the first of them a letter or a digit, found "-x"',
    'f.toml:2: data_dir: expected an absolute path, found "relative"',
    "f.toml:3: settle_s: unknown key; it belongs in [queue]",
    'f.toml:5: receiver.url: expected a URL like https://pi:8443, without path, user or password, found "pi:8443"',
    'f.toml:7: queue.scan_interval_s: expected a number of seconds from 0.1 to 3600, found "5"',
    "f.toml:8: queue.setle_s: unknown key; did you mean settle_s?",
    "f.toml:9: queue.outbox_ahead: expected a whole number from 1 to 64, found 2.5",
    'f.toml:11: transport.compression_level: expected a whole number from 1 to 19, or "auto", found 99',
    "f.toml:12: transport.uploads: expected a whole number from 1 to 16, found 0",
    "f.toml:13: quueue: unknown key; did you mean queue?",
  ]);
});

Deno.test("a missing key is named with what belongs there", async () => {
  assert.deepEqual(lines(await parseLabHostConfig("[receiver]\n")), [
    "f.toml: host_id: missing; expected 1 to 128 of A-Z a-z 0-9 . _ - and the first of them a letter or a digit",
    "f.toml: receiver.url: missing; expected a URL like https://pi:8443, without path, user or password",
  ]);
});

Deno.test("a value where a table belongs is one fault, and dotted and inline keys have lines too", async () => {
  assert.deepEqual(
    lines(
      await parseReceiverConfig(
        `window = 5\nlimits.min_free_mb = "x"\n`,
      ),
    ),
    [
      "f.toml:1: window: expected a table, found 5",
      'f.toml:2: limits.min_free_mb: expected a number of MiB from 0 to 1073741824, found "x"',
    ],
  );
  assert.deepEqual(lines(await parseReceiverConfig(`\nwindow = { branch = "-x" }\n`)), [
    'f.toml:2: window.branch: expected the name of a branch (git-check-ref-format(1)), found "-x"',
  ]);
});

Deno.test("a syntax error is told by line and column, without quoting the file", async () => {
  const parsed = await parseLabHostConfig(`host_id = "a"\ntoken = s3cret-value\n`);
  assert.deepEqual(lines(parsed), ["f.toml:2: column 9: not TOML: invalid value"]);
});

Deno.test("what may be a secret is not repeated", async () => {
  const parsed = await parseLabHostConfig(`host_id = "a"
[receiver]
url = "https://user:s3cret@pi:8443"
token_file = "s3cret"
token = "s3cret"
`);
  const text = lines(parsed).join("\n");
  assert.equal(text.split("\n").length, 3);
  assert(!text.includes("s3cret"), text);
});

for (
  const url of [
    "http://127.0.0.1:8490",
    "http://127.3.2.1:1",
    "http://localhost:8490",
    "http://[::1]:8490",
  ]
) {
  Deno.test(`${url} is on loopback and needs no certificates`, async () => {
    const { receiver } = config(
      await parseLabHostConfig(`host_id = "a"\n[receiver]\nurl = "${url}"\n`),
    );
    assert.equal(receiver.url, url);
    assert.equal(receiver.certificates, undefined);
  });
}

for (const url of ["http://pi:8443", "http://127.0.0.1.example.org", "http://10.0.0.1:8080"]) {
  Deno.test(`${url} is refused unless insecure = true`, async () => {
    const document = `host_id = "a"\n[receiver]\nurl = "${url}"\n`;
    assert.deepEqual(lines(await parseLabHostConfig(document)), [
      `f.toml:3: receiver.url: expected https:// (http:// is for a receiver on loopback; insecure = true allows it elsewhere), found "${url}"`,
    ]);
    config(await parseLabHostConfig(document + "insecure = true\n"));
  });
}

Deno.test("a receiver on TCP trusts a proxy only with a shared secret", async () => {
  const document = `listen = "127.0.0.1:8490"\n`;
  assert.deepEqual(lines(await parseReceiverConfig(document)), [
    "f.toml: proxy_secret_file: missing; expected a file, since listen is TCP and proxy_identity is true: anybody could claim to be the proxy",
  ]);
  config(await parseReceiverConfig(document + "proxy_identity = false\n"));
  config(await parseReceiverConfig(document + `proxy_secret_file = "credential:proxy"\n`));
});

Deno.test("forgejo_url needs a repository, also when another table is wrong", async () => {
  assert.deepEqual(
    lines(
      await parseReceiverConfig(
        `store_dir = "x"\n[window]\nforgejo_url = "http://127.0.0.1:3000"\n`,
      ),
    ),
    [
      'f.toml:1: store_dir: expected an absolute path, found "x"',
      "f.toml: window.repository: missing; expected owner/name, since forgejo_url is set",
    ],
  );
});

Deno.test("local_repo_path: unset is the usual one if it is there, empty is none, set is asked for", async () => {
  const repo = async (text: string) => config(await parseReceiverConfig(text)).window.localRepo;
  assert.deepEqual(await repo(""), { path: "/opt/cis490/.git", ifPresent: true });
  assert.equal(await repo(`[window]\nlocal_repo_path = ""\n`), undefined);
  assert.deepEqual(await repo(`[window]\nlocal_repo_path = "/r"\n`), {
    path: "/r",
    ifPresent: false,
  });
});

Deno.test("accept_extra takes commits, and names the item that is none, with the line of the key", async () => {
  const stamp = "0123456789".repeat(4);
  const accept = (list: string) => parseReceiverConfig(`[window]\naccept_extra = ${list}\n`);
  assert.deepEqual(config(await accept(`["${stamp}"]`)).window.acceptExtra, [stamp]);
  assert.deepEqual(lines(await accept(`["${stamp}", "v1.2"]`)), [
    'f.toml:2: window.accept_extra.1: expected a commit, 40 lower-case hex digits in quotes, found "v1.2"',
  ]);
  assert.deepEqual(lines(await accept(`"${stamp}"`)), [
    `f.toml:2: window.accept_extra: expected a list of commits, found "${stamp}"`,
  ]);
});

for (
  const [listen, expected] of [
    ["unix:/run/a.sock", { transport: "unix", path: "/run/a.sock" }],
    ["127.0.0.1:8490", { transport: "tcp", hostname: "127.0.0.1", port: 8490 }],
    ["[::1]:0", { transport: "tcp", hostname: "::1", port: 0 }],
    ["pi:65536", undefined],
    ["unix:relative", undefined],
    [`unix:/${"x".repeat(107)}`, undefined],
    ["8490", undefined],
  ] as const
) {
  Deno.test(`listen = "${listen.slice(0, 20)}" is ${expected?.transport ?? "refused"}`, async () => {
    const parsed = await parseReceiverConfig(`listen = "${listen}"\nproxy_identity = false\n`);
    if (expected === undefined) assert.equal(lines(parsed).length, 1);
    else assert.deepEqual(config(parsed).listen, expected);
  });
}

Deno.test("every default in the documentation is taken when it is written into the file", async () => {
  const rows = describeKeys("lab-host").filter((row) => row.default !== undefined);
  const tables = Map.groupBy(rows, (row) => row.table);
  const written = [...tables].map(([table, keys]) =>
    (table === "" ? `host_id = "lab-host-01"\n` : `[${table}]\n`) +
    (table === "receiver" ? `url = "https://pi:8443"\n` : "") +
    keys.map((row) => `${row.name} = ${row.default}\n`).join("")
  ).join("");
  assert.deepEqual(
    config(await parseLabHostConfig(written)),
    config(await parseLabHostConfig(SMALLEST)),
  );
});

Deno.test("no document makes the parser throw", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.constantFrom(
            "host_id",
            "[queue]",
            "[receiver]",
            "url",
            "=",
            '"x"',
            "5",
            "\n",
            "{",
            "}",
          ),
          fc.constantFrom("[[queue]]", "a.b", "__proto__", "constructor", "1979-05-27", "nan", "#"),
          fc.string({ maxLength: 4 }),
        ),
        { maxLength: 14 },
      ),
      async (parts) => {
        const parsed = await parseLabHostConfig(parts.join(" "));
        assert(parsed.kind === "config" || parsed.faults.length > 0);
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("a file that is not there is one fault that names the two ways to another", async () => {
  await assert.rejects(loadLabHostConfig("/nowhere/lab-host.toml"), (error: unknown) => {
    assert(error instanceof ConfigError);
    assert.equal(
      error.message,
      "/nowhere/lab-host.toml: no such file; name another with --config or CIS490_CONFIG",
    );
    return true;
  });
});

Deno.test("--config comes before CIS490_CONFIG, which comes before the usual place", () => {
  const choose = (flag: string | undefined, environment: string | undefined) =>
    chooseConfigFile("receiver", { flag, environment });
  assert.equal(choose("/a", "/b"), "/a");
  assert.equal(choose(undefined, "/b"), "/b");
  assert.equal(choose(undefined, ""), "/etc/cis490/receiver.toml");
  assert.equal(choose(undefined, undefined), "/etc/cis490/receiver.toml");
});
