/** The receiver as one function from request to response: routes, and the fence behind which nothing is thrown. */
import { type Context, Hono } from "hono";
import type { HostId } from "../episode/mod.ts";
import { FsError } from "../sys/mod.ts";
import { HEADER, type ProblemName } from "../wire/mod.ts";
import { outcomeOf, refused } from "./answers.ts";
import { BodyCut, drain, hasBody } from "./body.ts";
import { identify } from "./identity.ts";
import { diskReserve, tooMany } from "./in_flight.ts";
import type { Parts } from "./parts.ts";
import { Refusal, retryAfter } from "./refusal.ts";
import { ROUTES } from "./routes/all.ts";
import type { Route } from "./routes/route.ts";

/** What one request has besides itself. */
export interface AppEnv {
  /** The peer's address; absent on a unix socket. */
  Bindings: { readonly peer?: string };
  Variables: { route?: string; host?: HostId; problem?: ProblemName };
}

type AppContext = Context<AppEnv>;

/** @param parts from createParts */
export function createApp(parts: Parts): Hono<AppEnv> {
  const app = new Hono<AppEnv>({ getPath: pathOf });
  app.use(async (context, next) => {
    await next();
    context.res.headers.set(HEADER.receiver, parts.version);
    const outcome = context.get("problem") ?? outcomeOf(context.res);
    parts.meter.answered(context.get("route") ?? "none", outcome);
  });
  for (const route of ROUTES) {
    app.all(route.path, (context) => {
      context.set("route", route.path);
      return dispatch(route, parts, context);
    });
  }
  app.notFound((context) => {
    const detail = `${shown(pathOf(context.req.raw))} is none of this receiver's paths`;
    return fence(new Refusal("not-found", detail), context, parts);
  });
  app.onError((error, context) => fence(error, context, parts));
  return app;
}

/** The path as it came: decoding it would make other names of it, with `/` and `..` in them. */
function pathOf(request: Request): string {
  const { url } = request;
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const end = url.slice(start).search(/[?#]/);
  return start < 0 ? "" : url.slice(start, end < 0 ? undefined : start + end);
}

async function dispatch(route: Route, parts: Parts, context: AppContext): Promise<Response> {
  const request = context.req.raw;
  const { method } = request;
  const own = Object.hasOwn(route.methods, method) ? route.methods[method] : undefined;
  const handler = own ?? (method === "HEAD" ? route.methods["GET"] : undefined);
  if (handler === undefined) {
    const allow = Object.keys(route.methods);
    if (allow.includes("GET")) allow.push("HEAD");
    throw new Refusal("method-not-allowed", `${shown(method)} is not taken here`, {
      headers: { allow: allow.join(", ") },
    });
  }
  // Undefined, whatever its type says, when fetch() was given none.
  const peer = context.env?.peer;
  let end: (() => void) | undefined;
  try {
    return await handler(parts, {
      request,
      path: pathOf(request),
      peer,
      identify() {
        const host = identify(parts.identity, request.headers);
        context.set("host", host);
        end = parts.requests.begin(host);
        if (end === undefined) throw tooMany(`${host} has too many requests under way`);
        return host;
      },
    });
  } finally {
    end?.();
  }
}

/** Every error ends here, as a problem; what is not one of ours is a bug, logged whole and told without detail. */
async function fence(error: Error, context: AppContext, parts: Parts): Promise<Response> {
  const request = context.req.raw;
  const refusal = toRefusal(error, request, parts);
  context.set("problem", refusal.problem);
  if (refusal.problem === "unauthorized") {
    await parts.strangers.meet(from(context), refusal.message);
  }
  const response = refused(refusal);
  const isClean = await drainFairly(context, parts);
  if (!isClean) response.headers.set("connection", "close");
  return response;
}

/** Whether nothing of the request is left unread. */
async function drainFairly(context: AppContext, { clock, drains }: Parts): Promise<boolean> {
  const request = context.req.raw;
  if (!hasBody(request)) return true;
  const end = drains.begin(context.get("host") ?? from(context));
  return end !== undefined && await drain(request, { clock }).finally(end);
}

function toRefusal(error: Error, request: Request, { log }: Parts): Refusal {
  const asked = { method: shown(request.method), path: shown(pathOf(request)) };
  if (error instanceof Refusal) {
    const { problem, message: detail } = error;
    // Strangers are told of once a minute, not once a request.
    if (problem !== "unauthorized") log("request-refused", { ...asked, problem, detail });
    return error;
  }
  if (error instanceof BodyCut) {
    log("request-cut", { ...asked, why: error.message });
    return new Refusal("incomplete-body", error.message, { headers: retryAfter(1) });
  }
  if (error instanceof FsError) {
    log("store-failed", { ...asked, why: error.message });
    if (error.code === "full") return diskReserve("the store's disk is full", error);
    return new Refusal("busy", "the store's disk can't be used just now", {
      headers: retryAfter(30),
      cause: error,
    });
  }
  log("request-failed", { ...asked, stack: error.stack ?? error.message });
  return new Refusal("internal", "an unexpected fault; the receiver's journal has it", {
    headers: retryAfter(30),
  });
}

/** Who asks, as far as it is known without a token: the certificate's name, else the address. */
function from({ req, env }: AppContext): string {
  const name = req.raw.headers.get(HEADER.clientName);
  return name === null ? env?.peer ?? "the unix socket" : shown(name);
}

/** What a client sent, in a message. */
function shown(text: string): string {
  return text.slice(0, 300);
}
