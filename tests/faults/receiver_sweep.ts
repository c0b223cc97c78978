/**
 * Stops, or fails, the receiver at one system call after another of a PUT and of an upload in pieces; then starts it again, has
 * the client go on, and looks at store and answers.
 */
import { checkAnswers, checkEnd, checkStore } from "./receiver_check.ts";
import type { ReceiverRun, Site } from "./receiver_run.ts";
import { attach } from "./strace.ts";
import { type Point, pointsOf, SYSTEM_CALLS, type Tried } from "./sweep.ts";

/** The runtime aborts when a directory can't be closed, which no disk makes happen. */
const CLOSEDIR = /unexpected error during closedir/;

/** The system calls of both uploads, from the running receiver's first to its last answer. */
export async function findReceiverPoints(
  site: Site,
  injections: readonly string[],
): Promise<Point[]> {
  const run = await site.run(0);
  await run.start();
  const traced = await attach(run.pid, { systemCalls: SYSTEM_CALLS }, site.root);
  const { told } = await run.sendOnce();
  await run.end();
  const { counts } = await traced(run.log);
  const last = told.at(-1);
  if (last?.answer.status !== 201 || !last.stored) {
    throw new Error(`not stored without a fault: ${last?.step} ${last?.answer.text}: ${run.log}`);
  }
  return pointsOf(counts, injections);
}

export async function tryReceiverPoint(site: Site, number: number, point: Point): Promise<Tried> {
  const run = await site.run(number);
  try {
    const { hit, faults } = await disturb(site, run, point);
    if (faults.length > 0) {
      const log = run.log.trim().replaceAll("\n", " | ");
      return { hit, faults: [`${faults.join("; ")} (${run.directory}; ${log})`] };
    }
    await Deno.remove(run.directory, { recursive: true });
    return { hit, faults };
  } finally {
    await run.end();
  }
}

async function disturb(site: Site, run: ReceiverRun, point: Point): Promise<Tried> {
  await run.start();
  const what = { systemCalls: [point.systemCall], fault: point };
  const traced = await attach(run.pid, what, site.root);
  const { told, end } = await run.sendOnce();
  const hasEnded = await run.endsWithin(end === "broken" ? 5000 : 50);
  await run.end();
  const { injected, lostWakeUp } = await traced(run.log);
  const isKill = point.inject === "signal=KILL";
  const faults: string[] = [];
  // Where the runtime itself gives up, a unit's Restart= and watchdog help; what is stored must be right then, too.
  const isRuntimes = lostWakeUp || CLOSEDIR.test(run.log);
  if (!isKill && hasEnded && !isRuntimes) faults.push("it ended by itself");
  if (!isKill && end === "silent" && !isRuntimes) faults.push("it did not answer");
  const wrong = told.filter(({ answer: { status } }) =>
    status >= 500 && ![503, 507].includes(status)
  );
  faults.push(...wrong.map(({ step, answer }) => `${step}: ${answer.status} ${answer.text}`));

  faults.push(...checkStore(site, run, told));
  await run.start();
  faults.push(...await checkAnswers(site, run, told));
  faults.push(...await run.sendAgain());
  await run.end("SIGTERM");
  faults.push(...checkEnd(site, run));
  return { hit: isKill ? hasEnded : injected, faults };
}
