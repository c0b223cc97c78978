import assert from "node:assert/strict";
import { openDatagram } from "./libc_notify.ts";
import { createNotifier, findNotifyAddress, findWatchdogMs } from "./notify.ts";

/** A service manager's end of NOTIFY_SOCKET, by python3, since Deno cannot bind an abstract name. */
async function listen(address: string, messages: number): Promise<() => Promise<string[]>> {
  const program = `
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.settimeout(10)
s.bind(sys.argv[1].replace("@", "\\0", 1))
print("bound", flush=True)
for _ in range(int(sys.argv[2])):
    print(repr(s.recv(4096).decode()), flush=True)
print(time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
`;
  const child = new Deno.Command("python3", {
    args: ["-c", program, address, String(messages)],
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream());
  const reader = lines.getReader();
  let text = (await reader.read()).value ?? "";
  return async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += value;
    }
    await child.status;
    return text.trim().split("\n").slice(1);
  };
}

const cases = [
  { kind: "a path", address: `${await Deno.makeTempDir()}/notify` },
  { kind: "an abstract name", address: `@cis490-test-${Deno.pid}` },
];
for (const { kind, address } of cases) {
  Deno.test(`datagrams reach ${kind}`, async () => {
    const received = await listen(address, 3);
    const to = findNotifyAddress({ NOTIFY_SOCKET: address });
    assert.ok(to);
    const datagrams = openDatagram(to);
    const notifier = createNotifier(datagrams);
    notifier.ready();
    notifier.status("3 episodes waiting,\noldest 4 min");
    notifier.reloading();
    const [ready, status, reloading, nowUs] = await received();
    assert.equal(ready, "'READY=1'");
    assert.equal(status, "'STATUS=3 episodes waiting, oldest 4 min'");
    const toldUs = /^'RELOADING=1\\nMONOTONIC_USEC=(\d+)'$/.exec(reloading ?? "")?.[1];
    const agoUs = Number(nowUs) - Number(toldUs);
    assert.ok(agoUs >= 0 && agoUs < 10_000_000, `${reloading}, ${nowUs}`);
    datagrams.close();
  });
}

Deno.test("a socket that nobody listens to harms nothing", () => {
  const datagrams = openDatagram({ kind: "path", path: "/nowhere/at/all" });
  assert.throws(() => datagrams.send("READY=1"));
  createNotifier(datagrams).ready();
  datagrams.close();
});

Deno.test("without NOTIFY_SOCKET there is silence", () => {
  assert.equal(findNotifyAddress({}), undefined);
  assert.equal(findNotifyAddress({ NOTIFY_SOCKET: "vsock:2:1" }), undefined);
  createNotifier(undefined).ready();
});

Deno.test("the watchdog of another process is not ours", () => {
  assert.equal(findWatchdogMs({ WATCHDOG_USEC: "180000000", WATCHDOG_PID: "7" }, 7), 180_000);
  assert.equal(findWatchdogMs({ WATCHDOG_USEC: "180000000" }, 7), 180_000);
  assert.equal(findWatchdogMs({ WATCHDOG_USEC: "180000000", WATCHDOG_PID: "8" }, 7), undefined);
  assert.equal(findWatchdogMs({ WATCHDOG_USEC: "0" }, 7), undefined);
  assert.equal(findWatchdogMs({}, 7), undefined);
});
