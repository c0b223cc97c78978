/** `/v1/episodes/{host}/{id}`: an episode is put there, once, and asked for. */
import { EPISODES_PATH, formatDigestField, HEADER, parseEpisodePath } from "../../wire/mod.ts";
import { admit, Attempt, badId } from "../admission.ts";
import { checkPathHost } from "../identity.ts";
import type { Parts } from "../parts.ts";
import { announce } from "../pieces.ts";
import { Refusal } from "../refusal.ts";
import { receiveWhole } from "../whole.ts";
import type { Asked, Route } from "./route.ts";

export const episodes: Route = {
  path: `${EPISODES_PATH}*`,
  methods: { PUT: putEpisode, HEAD: headEpisode },
};

async function putEpisode(parts: Parts, asked: Asked): Promise<Response> {
  const attempt = new Attempt(asked);
  const answer = await admit(attempt, parts);
  if (answer !== undefined) return answer;
  const { claim, place } = attempt;
  return claim.kind === "whole"
    ? await receiveWhole(parts, claim, asked.request, place)
    : await announce(parts, claim);
}

async function headEpisode(parts: Parts, { path, identify }: Asked): Promise<Response> {
  const host = identify();
  const named = parseEpisodePath(path);
  if (named === undefined) throw badId();
  checkPathHost(host, named.host);
  const receipt = await parts.store.find(named.host, named.id);
  if (receipt === undefined) throw new Refusal("not-found", `${named.id} is not stored`);
  return new Response(null, {
    status: 200,
    headers: {
      "content-length": String(receipt.archive_bytes),
      "cache-control": "no-store",
      [HEADER.reprDigest]: formatDigestField(receipt.archive_digest),
      [HEADER.episodeDigest]: formatDigestField(receipt.episode_digest),
    },
  });
}
