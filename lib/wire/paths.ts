/** The receiver's resources: the only place that knows how their paths are spelled. */
import {
  type Digest,
  type EpisodeId,
  findDigest,
  findEpisodeId,
  findHostId,
  type HostId,
} from "../episode/mod.ts";

export const PING_PATH = "/v1/ping";
export const WINDOW_PATH = "/v1/window";
export const HEALTH_PATH = "/healthz";
export const READY_PATH = "/readyz";
export const METRICS_PATH = "/metrics";
export const PROBLEMS_PATH = "/problems/";

/** What the paths of all episodes and of all uploads begin with. */
export const EPISODES_PATH = "/v1/episodes/";
export const UPLOADS_PATH = "/v1/uploads/";

export function episodePath(host: HostId, id: EpisodeId): string {
  return `/v1/episodes/${host}/${id}`;
}

/** What an episode's path names; undefined when `path` is not one, as it came over the wire. */
export function parseEpisodePath(
  path: string,
): { readonly host: HostId; readonly id: EpisodeId } | undefined {
  const parts = path.split("/");
  if (parts.length !== 5 || parts[1] !== "v1" || parts[2] !== "episodes") return undefined;
  const host = findHostId(parts[3] ?? "");
  const id = findEpisodeId(parts[4] ?? "");
  return host && id ? { host, id } : undefined;
}

/** The resource of an upload: the archive digest makes it another one when the archive is another. */
export function uploadPath(host: HostId, id: EpisodeId, archive: Digest): string {
  return `/v1/uploads/${host}/${id}/${archive}`;
}

/** What an upload's path names; undefined when `path` is not one, as it came over the wire. */
export function parseUploadPath(
  path: string,
): { readonly host: HostId; readonly id: EpisodeId; readonly archive: Digest } | undefined {
  const parts = path.split("/");
  if (parts.length !== 6 || parts[1] !== "v1" || parts[2] !== "uploads") return undefined;
  const host = findHostId(parts[3] ?? "");
  const id = findEpisodeId(parts[4] ?? "");
  const archive = findDigest(parts[5] ?? "");
  return host && id && archive ? { host, id, archive } : undefined;
}
