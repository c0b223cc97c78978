/**
 * Every refusal of the receiver (RFC 9457): its name, status, title, what it means for the shipper, and the
 * command that mends it. The receiver refuses by name, the shipper acts by verdict; both read this table.
 */
import * as v from "valibot";

/**
 * `fatal`: this episode can never be accepted. `repack`: the archive was bad, not the episode. `held`: not
 * accepted now, perhaps later. `transient`: try again. `progress`: it is being verified, ask again. `announce`:
 * the two ends disagree about the upload, announce again. `paused`: about this host or receiver as a whole.
 */
export type Verdict =
  | "fatal"
  | "repack"
  | "held"
  | "transient"
  | "progress"
  | "announce"
  | "paused";

interface ProblemRow {
  readonly status: number;
  readonly title: string;
  readonly verdict: Verdict;
  /** What the page of this problem says: how it comes about and what to do. */
  readonly page: string;
  readonly remediation?: string;
  /** The type, where it is not `/problems/<name>`. */
  readonly type?: string;
}

/** Brings the lab code on a host, and its stamp, up to date. */
export const UPDATE_LAB_HOST = "cd /opt/cis490 && git pull && sudo ./install/install-lab-host.sh";

const DRAFT = "https://iana.org/assignments/http-problem-types#";

export const PROBLEMS = {
  "unstamped": {
    status: 400,
    title: "The episode names no commit of the lab code",
    verdict: "fatal",
    page:
      "meta.json has no code_version.commit of 40 lower-case hex digits, so nothing tells which code " +
      "recorded the episode. Update the lab code on the host; episodes it records from then on are stamped.",
    remediation: UPDATE_LAB_HOST,
  },
  "bad-id": {
    status: 400,
    title: "The host or episode name is not allowed",
    verdict: "fatal",
    page: "Names are 1 to 128 of A-Z a-z 0-9 . _ - and begin with a letter or a digit.",
  },
  "stamp-mismatch": {
    status: 400,
    title: "The announced commit is not the one in meta.json",
    verdict: "fatal",
    page: "Cis490-Code-Commit and the code_version.commit inside the archive differ.",
  },
  "bad-digest": {
    status: 400,
    title: "The bytes that arrived do not have the announced digest",
    verdict: "repack",
    page:
      "A digest field is missing or malformed, or the archive that arrived is not the one it names. The " +
      "shipper packs the episode afresh.",
  },
  "not-an-archive": {
    status: 400,
    title: "The body is not an archive of format 1",
    verdict: "repack",
    page:
      "The zstd frames or the tar stream are cut short, damaged, or followed by something else. The " +
      "shipper packs the episode afresh.",
  },
  "different-episode": {
    status: 409,
    title: "Another episode of this name is stored already",
    verdict: "fatal",
    page:
      "The stored episode has another digest, and nothing is ever overwritten. When it happens again and " +
      "again, ids are being reused: give the host a new host_id.",
    remediation: "sudoedit /etc/cis490/lab-host.toml   # set a new host_id",
  },
  "out-of-window": {
    status: 412,
    title: "The commit is not among those accepted now",
    verdict: "held",
    page:
      "The lab code that recorded the episode is older than the newest commits that the receiver accepts, " +
      "or on another branch. The episode stays on the host and is tried again when the window changes.",
    remediation: UPDATE_LAB_HOST,
  },
  "too-large": {
    status: 413,
    title: "The episode is larger than the receiver takes",
    verdict: "fatal",
    page:
      "The archive, what it unpacks to, or the number of its entries is above the receiver's limits.",
  },
  "unsafe-entry": {
    status: 422,
    title: "The archive has an entry that format 1 does not allow",
    verdict: "fatal",
    page:
      "Files, directories and links inside the episode are all that an archive may hold, each in its " +
      "place and in canonical form.",
  },
  "bad-meta": {
    status: 422,
    title: "meta.json is missing, not first, too large or not a JSON object",
    verdict: "fatal",
    page: "An episode begins with a meta.json of at most 1 MiB that holds a JSON object.",
  },
  "bad-request": {
    status: 400,
    title: "The request is malformed",
    verdict: "paused",
    page:
      "A header is missing or outside its grammar. A shipper of the receiver's version never sends this: " +
      "compare the versions of both ends.",
    remediation: "cis490 ping",
  },
  "mismatching-upload-offset": {
    status: 409,
    title: "The piece does not begin where the upload ends",
    verdict: "announce",
    page: "Upload-Offset in the answer says how many bytes are synced.",
    type: `${DRAFT}mismatching-upload-offset`,
  },
  "completed-upload": {
    status: 400,
    title: "The upload is complete already",
    verdict: "announce",
    page: "Announce the archive again to learn what became of it.",
    type: `${DRAFT}completed-upload`,
  },
  "inconsistent-upload-length": {
    status: 400,
    title: "The lengths given for the upload contradict each other",
    verdict: "announce",
    page: "Announce the archive again.",
    type: `${DRAFT}inconsistent-upload-length`,
  },
  "upload-unknown": {
    status: 404,
    title: "No such upload",
    verdict: "announce",
    page: "It was never announced, or its partial has expired. Announce the archive again.",
  },
  "window-unknown": {
    status: 503,
    title: "The receiver does not know yet which commits it accepts",
    verdict: "transient",
    page:
      "Neither Forgejo nor a local repository nor a last known window is at hand. The episode did nothing " +
      "wrong; the shipper tries again.",
    remediation: "cis490 doctor --role receiver   # on the receiver",
  },
  "commit-unknown": {
    status: 503,
    title: "The receiver cannot tell yet whether it accepts this commit",
    verdict: "transient",
    page: "The commit is unknown, and the source that would know it does not answer yet.",
  },
  "busy": {
    status: 503,
    title: "The receiver has too much to do",
    verdict: "transient",
    page: "Retry-After says when to come back.",
  },
  "incomplete-body": {
    status: 408,
    title: "The request's body did not come whole, or not in time",
    verdict: "transient",
    page:
      "The connection broke, or was silent or too slow for too long, before the body had its Content-Length. " +
      "Nothing of it was stored. The shipper tries again.",
  },
  "too-many-uploads": {
    status: 429,
    title: "This host has too many uploads under way",
    verdict: "transient",
    page: "Retry-After says when to come back.",
  },
  "verifying": {
    status: 503,
    title: "The archive is being verified",
    verdict: "progress",
    page: "All bytes are here. Ask again after Retry-After.",
  },
  "unauthorized": {
    status: 401,
    title: "The token is missing or unknown",
    verdict: "paused",
    page:
      "The bearer token in token_file is not one that the receiver knows. Make a new one on the receiver " +
      "and copy it to the host.",
    remediation: "sudo cis490 receive token add HOST   # on the receiver",
  },
  "wrong-host": {
    status: 403,
    title: "Certificate, token and path do not name the same host",
    verdict: "paused",
    page:
      "The client certificate's name, the token's host and the host in the path must be the same.",
  },
  "disk-reserve": {
    status: 507,
    title: "The receiver's disk is full up to its reserve",
    verdict: "paused",
    page:
      "Free space on the receiver is below limits.min_free_mb. Everything stays on the lab hosts until " +
      "there is room.",
    remediation: "df -h /var/lib/cis490/store   # on the receiver",
  },
  "not-found": {
    status: 404,
    title: "No such resource",
    verdict: "paused",
    page:
      "The path is none of this receiver's. Compare the versions of both ends, and receiver.url.",
  },
  "method-not-allowed": {
    status: 405,
    title: "The resource does not take this method",
    verdict: "paused",
    page: "Allow in the answer lists the methods that it takes.",
  },
  "internal": {
    status: 500,
    title: "The receiver failed",
    verdict: "transient",
    page: "An unexpected fault, logged on the receiver with its stack.",
    remediation: "journalctl -u cis490-receiver -n 50   # on the receiver",
  },
} as const satisfies Readonly<Record<string, ProblemRow>>;

export type ProblemName = keyof typeof PROBLEMS;

export const PROBLEM_NAMES = Object.keys(PROBLEMS) as readonly ProblemName[];

export function problemRow(name: ProblemName): ProblemRow {
  return PROBLEMS[name];
}

/** The `type` member by which a problem is known. */
export function problemType(name: ProblemName): string {
  return problemRow(name).type ?? `/problems/${name}`;
}

export function findProblemName(type: string): ProblemName | undefined {
  return PROBLEM_NAMES.find((name) => problemType(name) === type);
}

/** A problem body. Members beyond RFC 9457's are this protocol's. */
export interface Problem {
  readonly type: string;
  readonly status: number;
  readonly title: string;
  readonly detail?: string | undefined;
  readonly remediation?: string | undefined;
  /** out-of-window: the stamp, the newest accepted commit, where the window is from and how old it is. */
  readonly stamp?: string | undefined;
  readonly newest?: string | undefined;
  readonly source?: string | undefined;
  readonly age_s?: number | undefined;
}

const schema = v.object({
  type: v.string(),
  status: v.number(),
  title: v.string(),
  detail: v.optional(v.string()),
  remediation: v.optional(v.string()),
  stamp: v.optional(v.string()),
  newest: v.optional(v.string()),
  source: v.optional(v.string()),
  age_s: v.optional(v.number()),
});

export type ProblemDetails = Omit<Problem, "type" | "status" | "title">;

/** The body for `name`, with the table's remediation unless `details` has one of its own. */
export function problemOf(name: ProblemName, details: ProblemDetails = {}): Problem {
  const row = problemRow(name);
  return {
    type: problemType(name),
    status: row.status,
    title: row.title,
    ...(row.remediation === undefined ? {} : { remediation: row.remediation }),
    ...details,
  };
}

/** A problem body as it came over the wire; undefined when it is not one of this protocol's types. */
export function parseProblem(
  value: unknown,
): { readonly name: ProblemName; readonly problem: Problem } | undefined {
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) return undefined;
  const name = findProblemName(parsed.output.type);
  return name === undefined ? undefined : { name, problem: parsed.output };
}
