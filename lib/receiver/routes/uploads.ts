/** `/v1/uploads/{host}/{id}/{archive digest}`: an announced archive arrives there, piece by piece. */
import { parseUploadPath, UPLOADS_PATH } from "../../wire/mod.ts";
import { parsePieceClaim } from "../claim.ts";
import { checkPathHost } from "../identity.ts";
import { receivePiece, showUpload } from "../pieces.ts";
import { Refusal } from "../refusal.ts";
import type { UploadKey } from "../store.ts";
import type { Asked, Route } from "./route.ts";

export const uploads: Route = {
  path: `${UPLOADS_PATH}*`,
  methods: {
    PATCH: async (parts, asked) => {
      const key = readKey(asked);
      const claim = parsePieceClaim(asked.request.headers, parts.limits.maxPieceBytes);
      return await receivePiece(parts, key, claim, asked.request);
    },
    HEAD: async (parts, asked) => await showUpload(parts, readKey(asked)),
  },
};

function readKey({ path, identify }: Asked): UploadKey {
  const host = identify();
  const named = parseUploadPath(path);
  if (named === undefined) throw new Refusal("upload-unknown", "the path names no upload");
  checkPathHost(host, named.host);
  return { host, id: named.id, archiveDigest: named.archive };
}
